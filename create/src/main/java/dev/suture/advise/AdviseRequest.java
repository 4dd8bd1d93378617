package dev.suture.advise;

import dev.suture.build.xen.XenBuildRequest;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * On what advice is wanted.
 *
 * @param build the tree and the patches
 * @param compile whether to compile what the patches reach
 * @param allowedTypes types whose layout may change because the author knows that no value of them outlives a call
 * @param liveSubset where to write the part of the patches that can go alone; empty if nobody wants it
 */
public record AdviseRequest(
        XenBuildRequest build, boolean compile, Set<String> allowedTypes, Optional<Path> liveSubset) {
    public AdviseRequest {
        allowedTypes = Set.copyOf(allowedTypes);
    }
}
