package dev.suture.create;

import dev.suture.build.xen.XenBuildRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What payload for a hypervisor is wanted.
 *
 * @param build the tree and the patches
 * @param payload what is to be made of them
 * @param explanation where a page of HTML goes that explains the payload, or why there is none; empty if nobody wants it
 */
public record CreateRequest(XenBuildRequest build, PayloadRequest payload, Optional<Path> explanation) {
    /** A payload that nobody wants explained. */
    public CreateRequest(
            XenBuildRequest build,
            Path output,
            String name,
            Optional<String> depends,
            List<String> metadata,
            Set<String> allowedTypes) {
        this(build, new PayloadRequest(output, name, depends, metadata, allowedTypes), Optional.empty());
    }
}
