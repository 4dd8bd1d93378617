package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads a list of patches as quilt keeps it: on each line a file's name relative to the list, perhaps with options of
 * patch(1) behind it, and comments from {@code #} on.
 *
 * @see "quilt(1), the series file"
 */
final class ReadSeries {
    private static final int MOST_BYTES = 1 << 20;

    private ReadSeries() {}

    /**
     * {@return the patches in their order}
     *
     * @param series the list, or the directory that has it under the name {@code series}
     * @throws LivePatchException if there is no such list, or it names nothing
     */
    static List<Path> read(Path series) {
        Path list = Files.isDirectory(series) ? series.resolve("series") : series;
        Path directory = list.toAbsolutePath().getParent();
        List<Path> patches;
        try {
            // How many leading directories to drop (-p) is found out from the source.
            patches = new String(PlainFile.read(list, MOST_BYTES), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.replaceFirst("(^|\\s)#.*", "").strip())
                    .filter(line -> !line.isEmpty())
                    .map(line -> directory.resolve(line.split("\\s+")[0]))
                    .toList();
        } catch (InvalidPathException e) {
            throw new LivePatchException("--series %s: it is no list of files: %s".formatted(list, e.getReason()), e);
        }
        if (patches.isEmpty()) {
            throw new LivePatchException("--series %s: it names no patch".formatted(list));
        }
        return patches;
    }
}
