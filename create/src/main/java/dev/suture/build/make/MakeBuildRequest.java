package dev.suture.build.make;

import dev.suture.build.SourcePatch;
import dev.suture.image.Image;
import java.nio.file.Path;
import java.util.List;

/**
 * What to build.
 *
 * @param source the program's source directory
 * @param command builds the program there, configuring included; run by {@code sh}
 * @param image the program that runs, or one of its libraries
 * @param applied patches that are applied to the running program already, in their order; the originals are built with
 *     them
 * @param patches what to apply on top of that, in this order
 * @param cache the directory for copies
 * @param reachesFar refer to what may be in a library through a table, also where the program does not
 * @param keep leave the objects and the logs when the result is closed
 * @param jobs how many compilers may run at a time, from 1
 * @param fromNothing run the command on the patched source, whatever the patches are seen to reach
 */
public record MakeBuildRequest(
        Path source,
        String command,
        Image image,
        List<SourcePatch> applied,
        List<SourcePatch> patches,
        Path cache,
        boolean reachesFar,
        boolean keep,
        int jobs,
        boolean fromNothing) {
    public MakeBuildRequest {
        applied = List.copyOf(applied);
        patches = List.copyOf(patches);
    }

    /** What runs again is what has to. */
    public MakeBuildRequest(
            Path source,
            String command,
            Image image,
            List<SourcePatch> applied,
            List<SourcePatch> patches,
            Path cache,
            boolean reachesFar,
            boolean keep,
            int jobs) {
        this(source, command, image, applied, patches, cache, reachesFar, keep, jobs, false);
    }
}
