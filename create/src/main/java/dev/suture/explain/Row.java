package dev.suture.explain;

import java.util.Optional;

/**
 * One line of two listings side by side.
 *
 * @param mark how the two sides relate
 * @param original the instruction before the patch; empty if {@link Mark#ADDED}
 * @param patched the instruction after it; empty if {@link Mark#REMOVED}
 */
public record Row(Mark mark, Optional<CodeLine> original, Optional<CodeLine> patched) {
    /** How two instructions side by side relate. */
    public enum Mark {
        /** They do the same. */
        SAME,
        /** One stands in the place of the other. */
        CHANGED,
        /** It is there only before the patch. */
        REMOVED,
        /** It is there only after the patch. */
        ADDED
    }

    /** {@return whether the two sides differ} */
    public boolean differs() {
        return mark != Mark.SAME;
    }
}
