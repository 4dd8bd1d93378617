package dev.suture.diff;

/**
 * The first thing in which a piece and its twin differ.
 *
 * @param kind what sort of difference it is
 * @param originalOffset where in the original piece, in bytes
 * @param what the difference in words, such as {@code calls g instead of f}
 */
public record Difference(Kind kind, long originalOffset, String what) {
    /** What sort of difference it is. */
    public enum Kind {
        /** Another size. */
        SIZE,
        /** Other bytes. */
        BYTES,
        /** It refers to something else. */
        REFERENCE,
        /** An entry of a special section that belongs to it. */
        SPECIAL_ENTRY,
        /** Where it is within a line of the cache. */
        PLACE,
        /** Nothing but line numbers of the source. */
        LINE_NUMBER
    }
}
