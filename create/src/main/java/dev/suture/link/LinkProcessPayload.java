package dev.suture.link;

import dev.suture.diff.Selection;
import dev.suture.diff.TargetTraits;
import dev.suture.image.Image;
import dev.suture.payload.Stack;
import java.util.List;
import java.util.Set;

/**
 * Links one payload for a process.
 *
 * <p>It has the sections of a payload for Xen, except that {@code .livepatch.target} names the file that is changed, by
 * its build id. Besides: what the program imports is undefined under its plain name; thread-local variables of the
 * program are undefined symbols of type {@code STT_TLS}; {@code .eh_frame}, with a final zero length as {@code
 * __register_frame} wants it, and {@code .gcc_except_table} unwind what is in the payload.
 */
public final class LinkProcessPayload {
    private LinkProcessPayload() {}

    /**
     * What a payload is to be made of.
     *
     * @param selection what goes in
     * @param image the program or library that is changed
     * @param traits what is special about it
     * @param name the payload's name, which marks its own symbols
     * @param depends the build id, in hexadecimal digits, of what must be below it on the stack
     * @param metadata {@code key=value} for {@code .modinfo}
     * @param stackSymbols names that payloads below it bring
     * @param below what the payloads below it have made of the source, if the selection starts from there
     * @param patches what this payload does to the source
     * @param boundDirectly names of the file's own that its linker bound, so that the dynamic linker is not asked
     */
    public record Request(
            Selection selection,
            Image image,
            TargetTraits traits,
            String name,
            String depends,
            List<String> metadata,
            Set<String> stackSymbols,
            Stack below,
            List<Stack.Patch> patches,
            Set<String> boundDirectly) {
        public Request {
            metadata = List.copyOf(metadata);
            stackSymbols = Set.copyOf(stackSymbols);
            patches = List.copyOf(patches);
            boundDirectly = Set.copyOf(boundDirectly);
        }
    }

    /** {@return the payload, or why there is none} */
    public static LinkResult link(Request request) {
        return new LinkPayload(
                        request.selection(),
                        request.image(),
                        NameSymbols.inProcess(request.image(), request.stackSymbols(), request.below()),
                        PayloadFormat.process(request.traits()),
                        request.name(),
                        request.depends(),
                        request.metadata(),
                        request.patches(),
                        request.boundDirectly())
                .link();
    }
}
