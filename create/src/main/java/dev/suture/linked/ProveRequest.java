package dev.suture.linked;

import dev.suture.build.ObjectPair;
import dev.suture.build.make.Links;
import dev.suture.elf.ElfFile;
import dev.suture.image.Image;
import java.util.List;
import java.util.Set;

/**
 * What is to be proved.
 *
 * @param image the file that runs
 * @param links the program without and with the patches
 * @param pairs the objects that differ between these
 * @param payload what is to be loaded
 * @param leftOut functions that may differ because somebody else answers for them: their source is unchanged, or they ran
 *     when the program started and do not any more; by object and name with a colon between
 * @param acceptsRestart whether the author will start the program anew, for what has run by then
 */
public record ProveRequest(
        Image image,
        Links.Made links,
        List<ObjectPair> pairs,
        ElfFile payload,
        Set<String> leftOut,
        boolean acceptsRestart) {
    public ProveRequest {
        pairs = List.copyOf(pairs);
        leftOut = Set.copyOf(leftOut);
    }
}
