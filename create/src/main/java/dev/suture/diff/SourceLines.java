package dev.suture.diff;

import java.util.OptionalLong;

/** What a patch does to the lines of the sources, as the compiler numbers them. */
public interface SourceLines {
    /** Of two builds of which nothing more is known: that a line is the same cannot be told. */
    SourceLines UNKNOWN = new SourceLines() {
        @Override
        public OptionalLong untouched(String file, long line) {
            return OptionalLong.empty();
        }

        @Override
        public boolean replaced(String file, long original, long patched) {
            return false;
        }
    };

    /**
     * {@return the number that a line has in the patched build; empty if the patch removes or replaces it}
     *
     * @param file as debug information names it
     * @param line a number in the original build, from 1
     */
    OptionalLong untouched(String file, long line);

    /**
     * {@return whether one change of the patch removes a line and adds the other one}
     *
     * @param file as debug information names it
     * @param original a number in the original build
     * @param patched a number in the patched build
     */
    boolean replaced(String file, long original, long patched);
}
