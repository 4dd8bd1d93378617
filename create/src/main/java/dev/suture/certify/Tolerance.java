package dev.suture.certify;

import dev.suture.diff.LineNumbers;
import java.util.List;
import java.util.Map;

/**
 * What may differ between the patched program, compiled as it is, and what runs.
 *
 * @param lines which numbers in what runs (the first number) and in the patched program (the second) are of the same line:
 *     first for the linked program, then for each payload, the lowest first, whose sources may have been compiled with
 *     {@code #line} directives
 * @param stamps texts of the running program that say when and by whom it was built, and what the patched one says there
 */
record Tolerance(List<LineNumbers> lines, Map<String, String> stamps) {
    /** Nothing at all. */
    static final Tolerance NONE = new Tolerance(List.of(), Map.of());

    Tolerance {
        lines = List.copyOf(lines);
        stamps = Map.copyOf(stamps);
    }

    LineNumbers lines(Place at) {
        return at.file() < lines.size() ? lines.get(at.file()) : LineNumbers.UNMOVED;
    }
}
