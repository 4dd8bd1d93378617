package dev.suture.diff;

import java.util.List;
import java.util.Optional;

/**
 * The verdicts on one object.
 *
 * @param name the object's name as its build knows it
 * @param correlation which piece is which
 * @param status for each patched piece what became of it; for pieces without twins of their own (strings, fragments,
 *     entries) {@link Status#UNNAMED}
 * @param differences for each patched piece the first difference from its twin; null where there is none
 * @param removed the original's named pieces that the patched object has no more
 */
public record Comparison(
        String name, Correlation correlation, Status[] status, Difference[] differences, List<Piece> removed) {

    /** What became of a piece. */
    public enum Status {
        /** It does what it did. */
        SAME,
        /** It does something else than before. */
        CHANGED,
        /** It differs in nothing but line numbers of the source. */
        ONLY_LINE_NUMBERS,
        /** It was not there before. */
        NEW,
        /** It is judged where it is referred to. */
        UNNAMED
    }

    public Comparison {
        removed = List.copyOf(removed);
    }

    /** {@return the object as it becomes} */
    public ObjectPieces patched() {
        return correlation.patched();
    }

    /** {@return the object as it was} */
    public ObjectPieces original() {
        return correlation.original();
    }

    /** {@return what became of a patched piece} */
    public Status status(Piece patchedPiece) {
        return status[patchedPiece.index()];
    }

    /** {@return the first difference of a patched piece from its twin} */
    public Optional<Difference> difference(Piece patchedPiece) {
        return Optional.ofNullable(differences[patchedPiece.index()]);
    }
}
