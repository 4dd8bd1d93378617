package dev.suture.create;

import dev.suture.build.ChangedSource;
import dev.suture.build.LineMap;
import dev.suture.build.LineMap.Change;
import dev.suture.build.PatchedFile;
import dev.suture.explain.PatchLines;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Knows the lines that a build's patches touch, in the numbers of debug information. */
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
    public List<PatchLine> added(String file, long line) {
        Optional<PatchedFile> patched = named(file);
        if (patched.isEmpty()) {
            return List.of();
        }
        String path = patched.get().path();
        if (patched.get().kind() == ChangedSource.Kind.NEW) {
            return List.of(new PatchLine(path, (int) line, true));
        }
        List<PatchLine> added = new ArrayList<>();
        for (Change change : patched.get().lines().changed()) {
            int compiled = compiledLine(patched.get().lines(), change);
            if (contains(compiled, change.patchedCount(), line)) {
                added.add(new PatchLine(path, change.patchedLine() + (int) line - compiled, true));
            }
        }
        return added;
    }

    @Override
    public Optional<Kept> kept(String file, long line) {
        return named(file)
                .map(PatchedFile::lines)
                .filter(lines -> lines.patchedLine((int) line).isPresent())
                .map(lines -> new Kept(
                        lines.patchedLine((int) line).getAsInt(),
                        lines.compiledLine((int) line).getAsInt()));
    }

    @Override
    public List<PatchLine> within(String file, int first, int last) {
        List<PatchLine> lines = new ArrayList<>();
        named(file).ifPresent(patched -> {
            for (Change change : patched.lines().changed()) {
                if (change.patchedLine() < first || change.patchedLine() > last) {
                    continue;
                }
                for (int i = 0; i < change.originalCount(); i++) {
                    lines.add(new PatchLine(patched.path(), change.originalLine() + i, false));
                }
                for (int i = 0; i < change.patchedCount(); i++) {
                    lines.add(new PatchLine(patched.path(), change.patchedLine() + i, true));
                }
            }
        });
        return lines;
    }

    /**
     * {@return whether nothing but added lines can be meant by a number in debug information of the patched object}
     *
     * @param file as debug information names it
     */
    boolean isOnlyAdded(String file, long line) {
        return !added(file, line).isEmpty()
                && named(file).stream()
                        .flatMap(patched -> patched.lines().runs().stream())
                        .noneMatch(run -> contains(run.compiledLine(), run.count(), line));
    }

    /** {@return whether a file, as debug information names it, is one that the patches touch} */
    boolean isPatched(String file) {
        return named(file).isPresent();
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

    /**
     * The compiler runs somewhere in the tree, so its names lack the beginning of those in the patch, or have more. What a
     * source in a directory below includes is called {@code x86_64/../traps.c}.
     */
    private Optional<PatchedFile> named(String compiled) {
        String file = compiled.contains("./") ? Path.of(compiled).normalize().toString() : compiled;
        return files.stream()
                .filter(patched -> !file.isEmpty()
                        && (patched.path().equals(file)
                                || patched.path().endsWith("/" + file)
                                || file.endsWith("/" + patched.path())))
                .findFirst();
    }
}
