package dev.suture.create;

import dev.suture.build.xen.XenBuildRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What payload is wanted.
 *
 * @param build the tree and the patches
 * @param output where the payload goes
 * @param name the payload's name, 1 to 127 characters
 * @param depends a build id in hexadecimal digits, or the file of the payload that this one is stacked on; empty to go
 *     directly on the hypervisor
 * @param metadata {@code key=value} to add to what is filled in by itself
 * @param allowedTypes types whose layout may change because the author knows that no value of them outlives a call
 * @param explanation where a page of HTML goes that explains the payload, or why there is none; empty if nobody wants it
 */
public record CreateRequest(
        XenBuildRequest build,
        Path output,
        String name,
        Optional<String> depends,
        List<String> metadata,
        Set<String> allowedTypes,
        Optional<Path> explanation) {
    public CreateRequest {
        metadata = List.copyOf(metadata);
        allowedTypes = Set.copyOf(allowedTypes);
    }

    /** A payload that nobody wants explained. */
    public CreateRequest(
            XenBuildRequest build,
            Path output,
            String name,
            Optional<String> depends,
            List<String> metadata,
            Set<String> allowedTypes) {
        this(build, output, name, depends, metadata, allowedTypes, Optional.empty());
    }
}
