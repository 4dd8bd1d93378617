package dev.suture.certify;

import dev.suture.build.xen.XenBuildRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What to certify.
 *
 * @param payload the live patch file
 * @param below the payloads that it is stacked on, the lowest first
 * @param build the tree, the patches that the payloads below were made from, and those of the payload
 * @param shipped the image that the hosts boot, {@code xen.gz} or {@code xen}, if it is to be compared
 * @param fromNothing whether nothing that was built is taken from the tree; else make decides what to build again
 */
public record CertifyRequest(
        Path payload, List<Path> below, XenBuildRequest build, Optional<Path> shipped, boolean fromNothing) {
    public CertifyRequest {
        below = List.copyOf(below);
    }
}
