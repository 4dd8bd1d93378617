package dev.suture.certify;

import dev.suture.build.xen.XenBuildRequest;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What to certify.
 *
 * @param payload the live patch file
 * @param build the tree and the patches
 * @param shipped the image that the hosts boot, {@code xen.gz} or {@code xen}, if it is to be compared
 */
public record CertifyRequest(Path payload, XenBuildRequest build, Optional<Path> shipped, boolean fromNothing) {}
