package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.payload.PayloadSections;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What is wanted of a payload, whatever it is for.
 *
 * @param output where it goes
 * @param name its name, 1 to 127 characters
 * @param depends a build id in hexadecimal digits, or the file of the payload that this one is stacked on; empty to go
 *     directly on the target
 * @param replaces the files of payloads that this one is to take the place of, all at once; empty if of none
 * @param metadata {@code key=value} to add to what is filled in by itself
 * @param allowedTypes types whose layout may change because the author knows that no value of them outlives a call
 * @param acceptedNewState variables that may start anew in the payload, though the running ones hold something
 * @param acceptedEffects events that the author will see to himself, so that a fix which takes effect only then may go in
 */
public record PayloadRequest(
        Path output,
        String name,
        Optional<String> depends,
        List<Path> replaces,
        List<String> metadata,
        Set<String> allowedTypes,
        Set<String> acceptedNewState,
        Set<String> acceptedEffects) {
    public PayloadRequest {
        replaces = List.copyOf(replaces);
        metadata = List.copyOf(metadata);
        allowedTypes = Set.copyOf(allowedTypes);
        acceptedNewState = Set.copyOf(acceptedNewState);
        acceptedEffects = Set.copyOf(acceptedEffects);
    }

    /** A payload for which nothing but types is accepted. */
    public PayloadRequest(
            Path output,
            String name,
            Optional<String> depends,
            List<Path> replaces,
            List<String> metadata,
            Set<String> allowedTypes) {
        this(output, name, depends, replaces, metadata, allowedTypes, Set.of(), Set.of());
    }

    /** A payload that takes no other's place. */
    public PayloadRequest(
            Path output, String name, Optional<String> depends, List<String> metadata, Set<String> allowedTypes) {
        this(output, name, depends, List.of(), metadata, allowedTypes);
    }

    /** Looks at what can be known to be wrong before anything is built. */
    void check() {
        WriteOutput.check(output);
        int longest = PayloadSections.MAX_NAME_BYTES - 1;
        if (!PayloadSections.isName(name)) {
            throw new LivePatchException(
                    "the payload's name '%s' has %d characters, and may have 1 to %d, letters, digits, dots, dashes and underscores; choose one with --name"
                            .formatted(name, name.length(), longest));
        }
    }

    /** {@return what it goes on top of} */
    Depends on(String targetBuildId) {
        return depends.map(Depends::of).orElse(Depends.onTarget(targetBuildId));
    }
}
