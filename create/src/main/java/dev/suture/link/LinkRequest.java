package dev.suture.link;

import dev.suture.diff.Selection;
import dev.suture.image.Image;
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
 */
public record LinkRequest(
        Selection selection,
        Image image,
        XenRelease release,
        String name,
        String depends,
        List<String> metadata,
        Set<String> stackSymbols) {
    public LinkRequest {
        metadata = List.copyOf(metadata);
        stackSymbols = Set.copyOf(stackSymbols);
    }
}
