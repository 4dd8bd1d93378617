package dev.suture.build;

import java.util.List;
import java.util.OptionalInt;

/**
 * Which line of the original became which line of the patched file, and which number the compiler gave it there.
 *
 * <p>Lines count from 1. The <em>compiled</em> number is what {@code __LINE__} is in the patched build: thanks to
 * {@code #line} directives it is the original's number for nearly every line the patch left alone.
 *
 * @param runs stretches of lines that stand in both files, in order
 * @param changed stretches of lines that do not
 */
public record LineMap(List<Run> runs, List<Change> changed) {
    /**
     * Lines that stand in both files.
     *
     * @param originalLine the first line in the original
     * @param patchedLine the first line in the patched file as its author wrote it
     * @param compiledLine the first line's {@code __LINE__} in the patched build
     * @param count how many lines
     */
    public record Run(int originalLine, int patchedLine, int compiledLine, int count) {}

    /**
     * Lines the patch removed, added or replaced.
     *
     * @param originalLine the first line in the original that is gone, or the one before which lines were added
     * @param originalCount how many lines are gone
     * @param patchedLine the first added line in the patched file, or the one before which lines were removed
     * @param patchedCount how many lines were added
     */
    public record Change(int originalLine, int originalCount, int patchedLine, int patchedCount) {}

    public LineMap {
        runs = List.copyOf(runs);
        changed = List.copyOf(changed);
    }

    /**
     * {@return whether one change removes a line of the original and adds the one that has a number in the patched build}
     *
     * @param originalLine in the original
     * @param compiledLine {@code __LINE__} in the patched build
     */
    public boolean replaced(int originalLine, int compiledLine) {
        return changed.stream()
                .anyMatch(change -> originalLine >= change.originalLine()
                        && originalLine < change.originalLine() + change.originalCount()
                        && isAdded(change, compiledLine));
    }

    /** Behind the last line that the patch leaves alone they count on. */
    private boolean isAdded(Change change, int compiledLine) {
        int shift = runs.stream()
                .filter(run -> run.patchedLine() + run.count() == change.patchedLine())
                .mapToInt(run -> run.compiledLine() - run.patchedLine())
                .findFirst()
                .orElse(0);
        int first = change.patchedLine() + shift;
        return compiledLine >= first && compiledLine < first + change.patchedCount();
    }

    /** {@return the line of the patched file that holds the untouched line {@code originalLine}, empty if it was changed} */
    public OptionalInt patchedLine(int originalLine) {
        for (Run run : runs) {
            if (originalLine >= run.originalLine() && originalLine < run.originalLine() + run.count()) {
                return OptionalInt.of(run.patchedLine() + originalLine - run.originalLine());
            }
        }
        return OptionalInt.empty();
    }

    /** {@return {@code __LINE__} in the patched build on the untouched line {@code originalLine}, empty if it was changed} */
    public OptionalInt compiledLine(int originalLine) {
        for (Run run : runs) {
            if (originalLine >= run.originalLine() && originalLine < run.originalLine() + run.count()) {
                return OptionalInt.of(run.compiledLine() + originalLine - run.originalLine());
            }
        }
        return OptionalInt.empty();
    }
}
