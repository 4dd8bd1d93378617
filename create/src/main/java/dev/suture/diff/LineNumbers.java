package dev.suture.diff;

/** Tells whether two numbers are the same source line, before and after the patch. */
@FunctionalInterface
public interface LineNumbers {
    /** Knows of no moved lines. */
    LineNumbers UNMOVED = (original, patched) -> false;

    /**
     * {@return whether a line that the patch does not touch had the first number before the patch and has the second one
     * after it, and these differ}
     *
     * @param original a line number, counted from 1
     * @param patched a line number, counted from 1
     */
    boolean moved(long original, long patched);
}
