package dev.suture.certify;

import dev.suture.diff.LineNumbers;
import java.util.Map;

/**
 * What may differ between the patched program, compiled as it is, and what runs.
 *
 * @param linesOfImage which numbers in the running program (the first number) and in the patched one (the second) are of
 *     the same line
 * @param linesOfPayload the same for the payload, whose sources may have been compiled with {@code #line} directives
 * @param stamps texts of the running program that say when and by whom it was built, and what the patched one says there
 */
record Tolerance(LineNumbers linesOfImage, LineNumbers linesOfPayload, Map<String, String> stamps) {
    /** Nothing at all. */
    static final Tolerance NONE = new Tolerance(LineNumbers.UNMOVED, LineNumbers.UNMOVED, Map.of());

    Tolerance {
        stamps = Map.copyOf(stamps);
    }

    LineNumbers lines(Place at) {
        return at.isInImage() ? linesOfImage : linesOfPayload;
    }
}
