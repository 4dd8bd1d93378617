package dev.suture.certify;

import dev.suture.build.SourcePatch;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What to certify.
 *
 * @param payload the live patch file
 * @param below the payloads that it is stacked on, the lowest first
 * @param source the source directory of the program
 * @param command builds it there
 * @param binary the program or shared library that runs
 * @param debugFile where its symbols are, if the caller knows
 * @param applied the patches that the payloads below were made from
 * @param patches those of the payload
 * @param cache the directory for copies of the source
 * @param fromNothing whether the build command runs on the patched source, too; else only what the patches are seen to
 *     reach is compiled once more
 * @param jobs how many compilers may run at a time, from 1
 */
public record CertifyProgramRequest(
        Path payload,
        List<Path> below,
        Path source,
        String command,
        Path binary,
        Optional<Path> debugFile,
        List<SourcePatch> applied,
        List<SourcePatch> patches,
        Path cache,
        boolean fromNothing,
        int jobs) {
    public CertifyProgramRequest {
        below = List.copyOf(below);
        applied = List.copyOf(applied);
        patches = List.copyOf(patches);
    }
}
