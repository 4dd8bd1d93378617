package dev.suture.create;

import dev.suture.build.SourcePatch;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What payload for a process is wanted.
 *
 * @param source the program's source directory
 * @param command builds the program there, configuring included
 * @param binary the program or shared library that runs
 * @param debugFile where its symbols are, if it is stripped; if empty, they are looked for where debuggers do
 * @param applied patches that are applied to the running program already, in their order
 * @param patches what to apply on top of that, in this order
 * @param cache the directory for copies
 * @param keep leave the objects and logs
 * @param jobs how many compilers may run at a time
 * @param payload what is to be made of them
 */
public record ProcessRequest(
        Path source,
        String command,
        Path binary,
        Optional<Path> debugFile,
        List<SourcePatch> applied,
        List<SourcePatch> patches,
        Path cache,
        boolean keep,
        int jobs,
        PayloadRequest payload) {
    public ProcessRequest {
        applied = List.copyOf(applied);
        patches = List.copyOf(patches);
    }

    /** A payload for a program that nothing is applied to. */
    public ProcessRequest(
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
        this(
                source,
                command,
                binary,
                debugFile,
                List.of(),
                patches,
                cache,
                keep,
                jobs,
                new PayloadRequest(output, name, depends, metadata, allowedTypes));
    }

    /** {@return the subjects of what is applied already and of what is to be applied} */
    List<String> allSubjects() {
        return Stream.of(applied, patches)
                .flatMap(List::stream)
                .map(SourcePatch::subject)
                .toList();
    }
}
