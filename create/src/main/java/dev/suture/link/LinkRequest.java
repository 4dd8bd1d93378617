package dev.suture.link;

import dev.suture.diff.Selection;
import dev.suture.image.Image;
import dev.suture.payload.Stack;
import dev.suture.payload.XenRelease;
import java.util.List;
import java.util.Set;

/**
 * What a payload is to be made of.
 *
 * @param selection what goes in; if it has refusals, only further refusals are of interest
 * @param image the hypervisor it is for
 * @param release that hypervisor's release
 * @param name the payload's name, which marks its own symbols
 * @param depends the build id, in hexadecimal digits, of what must be below it on the stack
 * @param metadata {@code key=value} for {@code .modinfo}
 * @param stackSymbols names that payloads below it bring
 * @param below what the payloads below it have made of the source, if the selection starts from there
 * @param patches what this payload does to the source
 */
public record LinkRequest(
        Selection selection,
        Image image,
        XenRelease release,
        String name,
        String depends,
        List<String> metadata,
        Set<String> stackSymbols,
        Stack below,
        List<Stack.Patch> patches) {
    public LinkRequest {
        metadata = List.copyOf(metadata);
        stackSymbols = Set.copyOf(stackSymbols);
        patches = List.copyOf(patches);
    }

    /** A payload of unknown patches whose selection starts from the source that the hypervisor was built from. */
    public LinkRequest(
            Selection selection,
            Image image,
            XenRelease release,
            String name,
            String depends,
            List<String> metadata,
            Set<String> stackSymbols) {
        this(selection, image, release, name, depends, metadata, stackSymbols, Stack.EMPTY, List.of());
    }
}
