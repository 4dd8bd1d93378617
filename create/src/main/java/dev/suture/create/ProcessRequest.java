package dev.suture.create;

import dev.suture.build.SourcePatch;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What payload for a process is wanted.
 *
 * @param source the program's source directory
 * @param command builds the program there, configuring included
 * @param binary the program or shared library that runs
 * @param debugFile where its symbols are, if it is stripped; if empty, they are looked for where debuggers do
 * @param patches what to apply, in this order
 * @param cache the directory for copies
 * @param keep leave the objects and logs
 * @param jobs how many compilers may run at a time
 * @param output where the payload goes
 * @param name the payload's name, 1 to 127 characters
 * @param depends a build id, or the file of the payload that this one is stacked on; empty to go directly on the program
 * @param metadata {@code key=value} to add to what is filled in by itself
 * @param allowedTypes types whose layout may change because the author knows that no value of them outlives a call
 */
public record ProcessRequest(
        Path source,
        String command,
        Path binary,
        Optional<Path> debugFile,
        List<SourcePatch> patches,
        Path cache,
        boolean keep,
        int jobs,
        Path output,
        String name,
        Optional<String> depends,
        List<String> metadata,
        Set<String> allowedTypes) {
    public ProcessRequest {
        patches = List.copyOf(patches);
        metadata = List.copyOf(metadata);
        allowedTypes = Set.copyOf(allowedTypes);
    }
}
