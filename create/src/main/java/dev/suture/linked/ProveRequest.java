package dev.suture.linked;

import dev.suture.build.AskCompiler;
import dev.suture.build.ObjectPair;
import dev.suture.build.make.Links;
import dev.suture.elf.ElfFile;
import dev.suture.image.Image;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is to be proved.
 *
 * @param image the file that runs
 * @param links the program without and with the patches
 * @param pairs the objects that differ between these
 * @param payload what is to be loaded
 * @param claims why functions that differ may stay as they run, as somebody says whom nobody has to believe; by object and
 *     name with a colon between
 * @param compiler of the objects, for what can be proved by asking it
 * @param acceptsRestart whether the author will start the program anew, for what has run by then
 * @param asLinked objects just as the build compiles them, by name, whose code is to be looked for in the file that runs;
 *     those that are not given are compared by the sizes of what is in them
 * @param below what the payload is stacked on
 */
public record ProveRequest(
        Image image,
        Links.Made links,
        List<ObjectPair> pairs,
        ElfFile payload,
        Map<String, String> claims,
        AskCompiler compiler,
        boolean acceptsRestart,
        Map<String, Path> asLinked,
        OnTopOf below) {
    /**
     * What a payload is stacked on.
     *
     * @param payloads those that are at hand
     * @param names that any of the stack is said to bring
     * @param left functions that run as they were, though the source with the earlier patches has others, each with what is
     *     said for that; by the names that the target has for them
     * @param earlier objects that the earlier patches reach and the new ones do not, the same ones twice
     */
    public record OnTopOf(
            List<ElfFile> payloads, Set<String> names, Map<String, String> left, List<ObjectPair> earlier) {
        public static final OnTopOf NOTHING = new OnTopOf(List.of(), Set.of(), Map.of(), List.of());

        public OnTopOf {
            payloads = List.copyOf(payloads);
            names = Set.copyOf(names);
            left = Map.copyOf(left);
            earlier = List.copyOf(earlier);
        }
    }

    public ProveRequest {
        pairs = List.copyOf(pairs);
        claims = Map.copyOf(claims);
        asLinked = Map.copyOf(asLinked);
    }
}
