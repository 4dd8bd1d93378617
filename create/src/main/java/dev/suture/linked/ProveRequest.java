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
 * @param unchangedInSource functions that stay as they run because their source does, by object and name with a colon
 *     between
 * @param acceptedEffects functions that may stay as they run because the author accepts that they change with the next
 *     start only
 */
public record ProveRequest(
        Image image,
        Links.Made links,
        List<ObjectPair> pairs,
        ElfFile payload,
        Set<String> unchangedInSource,
        Set<String> acceptedEffects) {
    public ProveRequest {
        pairs = List.copyOf(pairs);
        unchangedInSource = Set.copyOf(unchangedInSource);
        acceptedEffects = Set.copyOf(acceptedEffects);
    }
}
