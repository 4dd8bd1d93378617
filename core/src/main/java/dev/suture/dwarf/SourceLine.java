package dev.suture.dwarf;

/**
 * A line of a source file.
 *
 * @param file relative to the directory the compiler ran in, unless absolute; empty if the compiler did not say
 * @param line from 1; 0 if the compiler did not say
 */
public record SourceLine(String file, long line) {
    /** A line the compiler said nothing about. */
    public static final SourceLine UNKNOWN = new SourceLine("", 0);

    /** {@return such as {@code include/xen/sched.h:123}, or {@code (unknown)}} */
    public String text() {
        return file.isEmpty() ? "(unknown)" : file + ":" + line;
    }
}
