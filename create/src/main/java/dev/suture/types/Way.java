package dev.suture.types;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * How a type was reached.
 *
 * @param before where it was reached from; null at a variable, function or type that everything began with
 * @param step such as {@code `table`} or {@code owner}
 */
record Way(Way before, String step) {
    private static final int STEPS_IN_TEXT = 6;

    static Way from(String root) {
        return new Way(null, root);
    }

    Way to(String nextStep) {
        return new Way(this, nextStep);
    }

    /** {@return such as {@code `table` -> owner -> name}} */
    String text() {
        Deque<String> steps = new ArrayDeque<>();
        for (Way at = this; at != null; at = at.before) {
            if (steps.size() == STEPS_IN_TEXT && at.before != null) {
                continue;
            }
            steps.addFirst(steps.size() == STEPS_IN_TEXT ? at.step + " -> ..." : at.step);
        }
        return String.join(" -> ", steps);
    }
}
