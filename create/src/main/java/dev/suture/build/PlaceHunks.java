package dev.suture.build;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Finds where the hunks of one file fit, and says where one that does not fit might have been meant to go.
 *
 * <p>A hunk is looked for at its own line shifted by the offset of the hunk before it, then ever further away on both
 * sides, never before the end of the hunk before it.
 */
final class PlaceHunks {
    /** What is said of a hunk whose result is there. */
    static final String ALREADY_APPLIED = "it is already applied";

    private PlaceHunks() {}

    static SourceText place(
            String path, SourceText text, List<Hunk> hunks, List<MovedHunk> movedHunks, List<String> problems) {
        List<String> lines = text.lines();
        List<String> result = new ArrayList<>();
        boolean endsWithNewline = text.endsWithNewline();
        int done = 0;
        int offset = 0;
        for (Hunk hunk : hunks) {
            OptionalInt found = find(lines, hunk, hunk.expectedIndex() + offset, done);
            if (found.isEmpty()) {
                problems.add(explain(path, text, hunk, hunk.expectedIndex() + offset));
                continue;
            }
            int index = found.getAsInt();
            offset = index - hunk.expectedIndex();
            if (offset != 0) {
                movedHunks.add(new MovedHunk(path, hunk.number(), offset));
            }
            result.addAll(lines.subList(done, index));
            result.addAll(hunk.patched());
            done = index + hunk.original().size();
            if (done == lines.size()) {
                endsWithNewline = !hunk.patchedEndsFile();
            }
        }
        result.addAll(lines.subList(done, lines.size()));
        return new SourceText(result, endsWithNewline);
    }

    private static OptionalInt find(List<String> lines, Hunk hunk, int expected, int from) {
        if (hunk.original().isEmpty()) {
            // Nothing to recognise the place by: only the very line will do.
            return expected >= from && expected <= lines.size() ? OptionalInt.of(expected) : OptionalInt.empty();
        }
        return nearest(lines, hunk.original(), expected, from);
    }

    /** {@return the index nearest to {@code expected}, not below {@code from}, at which {@code wanted} stands} */
    private static OptionalInt nearest(List<String> lines, List<String> wanted, int expected, int from) {
        int last = lines.size() - wanted.size();
        for (int distance = 0; distance <= Math.max(Math.abs(expected - from), Math.abs(last - expected)); distance++) {
            if (standsAt(lines, wanted, expected - distance, from, last)) {
                return OptionalInt.of(expected - distance);
            }
            if (standsAt(lines, wanted, expected + distance, from, last)) {
                return OptionalInt.of(expected + distance);
            }
        }
        return OptionalInt.empty();
    }

    private static boolean standsAt(List<String> lines, List<String> wanted, int index, int from, int last) {
        return index >= from
                && index <= last
                && lines.subList(index, index + wanted.size()).equals(wanted);
    }

    private static String explain(String path, SourceText text, Hunk hunk, int expected) {
        List<String> lines = text.lines();
        String where = "hunk #%d of %s at line %d does not apply: ".formatted(hunk.number(), path, expected + 1);
        OptionalInt applied =
                hunk.patched().isEmpty() ? OptionalInt.empty() : nearest(lines, hunk.patched(), expected, 0);
        if (applied.isPresent()) {
            return where + ALREADY_APPLIED + " (its result stands at line %d).".formatted(applied.getAsInt() + 1);
        }
        if (hunk.original().isEmpty()) {
            return where + "it has no context, and the file has only %d lines.".formatted(lines.size());
        }
        int difference = firstDifference(lines, hunk.original(), expected);
        String found = expected + difference < lines.size() && expected + difference >= 0
                ? "found \"" + lines.get(expected + difference).strip() + "\""
                : "the file ends at line " + lines.size();
        return where
                + "line %d: expected \"%s\", %s; "
                        .formatted(
                                expected + difference + 1,
                                hunk.original().get(difference).strip(),
                                found)
                + whereItMightFit(lines, hunk, expected);
    }

    private static String whereItMightFit(List<String> lines, Hunk hunk, int expected) {
        List<String> original = hunk.original();
        for (int drop = 1; drop <= Math.max(hunk.leadingContext(), hunk.trailingContext()); drop++) {
            int head = Math.min(drop, hunk.leadingContext());
            int tail = Math.min(drop, hunk.trailingContext());
            List<String> core = original.subList(head, original.size() - tail);
            if (core.stream().allMatch(String::isBlank)) {
                break;
            }
            OptionalInt found = nearest(lines, core, expected + head, 0);
            if (found.isPresent()) {
                return "it fits at line %d without its outermost %d context lines."
                        .formatted(found.getAsInt() - head + 1, drop);
            }
        }
        int bestIndex = 0;
        int bestCount = 0;
        for (int index = 0; index + original.size() <= lines.size(); index++) {
            int count = equalLines(lines, original, index);
            boolean nearer = Math.abs(index - expected) < Math.abs(bestIndex - expected);
            if (count > bestCount || count == bestCount && nearer) {
                bestCount = count;
                bestIndex = index;
            }
        }
        if (bestCount * 2 >= original.size()) {
            return "its context is found at line %d (%d of %d lines are the same)."
                    .formatted(bestIndex + 1, bestCount, original.size());
        }
        return "its context is found nowhere else in the file.";
    }

    private static int firstDifference(List<String> lines, List<String> wanted, int index) {
        for (int i = 0; i < wanted.size(); i++) {
            if (index + i < 0
                    || index + i >= lines.size()
                    || !lines.get(index + i).equals(wanted.get(i))) {
                return i;
            }
        }
        return 0;
    }

    /** {@return how many lines that are not blank are the same} */
    private static int equalLines(List<String> lines, List<String> wanted, int index) {
        int count = 0;
        for (int i = 0; i < wanted.size(); i++) {
            count += !wanted.get(i).isBlank() && lines.get(index + i).equals(wanted.get(i)) ? 1 : 0;
        }
        return count;
    }
}
