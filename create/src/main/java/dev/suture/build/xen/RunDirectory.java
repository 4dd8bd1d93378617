package dev.suture.build.xen;

import dev.suture.build.ScratchTree;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** The directory of one build: the objects it compares and the log of make. It goes away after it, unless kept. */
final class RunDirectory {
    /** Marks a run directory in the cache that its user wants to keep. */
    private static final String KEPT = "kept";

    private RunDirectory() {}

    /** {@return where a build keeps its objects: where the request says, else in the cache} */
    static Path open(XenBuildRequest request, ScratchTree scratch) throws IOException {
        if (request.workDirectory().isPresent()) {
            return Files.createDirectories(request.workDirectory().get().toAbsolutePath());
        }
        Path runs = Files.createDirectories(scratch.directory().resolve("runs"));
        deleteAbandoned(runs);
        Path run = Files.createTempDirectory(runs, "run");
        if (request.keep()) {
            Files.createFile(run.resolve(KEPT));
        }
        return run;
    }

    /** A killed run cannot delete its objects. A younger one may still be in use. */
    private static void deleteAbandoned(Path runs) throws IOException {
        Instant oldest = Instant.now().minus(Duration.ofDays(1));
        try (DirectoryStream<Path> directories = Files.newDirectoryStream(runs)) {
            for (Path directory : directories) {
                boolean kept = Files.exists(directory.resolve(KEPT));
                if (!kept && Files.getLastModifiedTime(directory).toInstant().isBefore(oldest)) {
                    ScratchTree.deleteDirectory(directory);
                }
            }
        }
    }

    static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The program is ending, and the hook at work.
        }
    }

    static void deleteQuietly(Path directory) {
        try {
            ScratchTree.deleteDirectory(directory);
        } catch (IOException e) {
            // A failure is already on its way to the user, and what is left here harms nothing.
        }
    }
}
