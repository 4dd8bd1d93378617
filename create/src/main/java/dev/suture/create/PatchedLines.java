package dev.suture.create;

import dev.suture.build.ChangedSource;
import dev.suture.build.LineMap;
import dev.suture.build.LineMap.Change;
import dev.suture.build.PatchedFile;
import dev.suture.explain.PatchLines;
import java.util.List;
import java.util.Optional;

/**
 * Finds the line of a patch that a line number of debug information means.
 *
 * <p>Added lines share their numbers with the lines behind the hunk, whose count is set back so that they keep theirs.
 * Only an instruction that differs is asked about, so an added line is what such a number is taken for.
 */
final class PatchedLines implements PatchLines {
    private final List<PatchedFile> files;

    PatchedLines(List<PatchedFile> files) {
        this.files = List.copyOf(files);
    }

    @Override
    public boolean isKnown() {
        return true;
    }

    @Override
    public Optional<PatchLine> removed(String file, long line) {
        return named(file)
                .filter(patched -> patched.lines().changed().stream()
                        .anyMatch(change -> contains(change.originalLine(), change.originalCount(), line)))
                .map(patched -> new PatchLine(patched.path(), (int) line, false));
    }

    @Override
    public Optional<PatchLine> added(String file, long line) {
        Optional<PatchedFile> patched = named(file);
        if (patched.isPresent() && patched.get().kind() == ChangedSource.Kind.NEW) {
            return Optional.of(new PatchLine(patched.get().path(), (int) line, true));
        }
        for (Change change : patched.map(known -> known.lines().changed()).orElse(List.of())) {
            int compiled = compiledLine(patched.orElseThrow().lines(), change);
            if (contains(compiled, change.patchedCount(), line)) {
                int inFile = change.patchedLine() + (int) line - compiled;
                return Optional.of(new PatchLine(patched.orElseThrow().path(), inFile, true));
            }
        }
        return Optional.empty();
    }

    private static boolean contains(int first, int count, long line) {
        return line >= first && line < first + count;
    }

    /** {@return the number the compiler gives to the first added line: it counts on from the lines before} */
    private static int compiledLine(LineMap lines, Change change) {
        return lines.runs().stream()
                .filter(run -> run.patchedLine() + run.count() == change.patchedLine())
                .map(run -> run.compiledLine() + run.count())
                .findFirst()
                .orElse(change.patchedLine());
    }

    /** The compiler runs somewhere in the tree, so its names lack the beginning of those in the patch, or have more. */
    private Optional<PatchedFile> named(String file) {
        return files.stream()
                .filter(patched -> !file.isEmpty()
                        && (patched.path().equals(file)
                                || patched.path().endsWith("/" + file)
                                || file.endsWith("/" + patched.path())))
                .findFirst();
    }
}
