package dev.suture.state;

import dev.suture.diff.Piece;
import dev.suture.diff.Reference;

/**
 * A variable of an object, or a member of one.
 *
 * @param object the place of its object
 * @param piece itself, or what it is a member of
 * @param offset where it begins there, in bytes
 * @param sizeBytes how long it is
 * @param isApart whether all code is known to use it or what is around it, but never both at once
 */
record Variable(int object, Piece piece, long offset, long sizeBytes, boolean isApart) {
    Variable(int object, Piece piece) {
        this(object, piece, 0, piece.sizeBytes(), false);
    }

    boolean isMeantBy(int userObject, Reference reference) {
        return switch (reference.target()) {
            case Reference.InPiece target ->
                userObject == object && target.pieceIndex() == piece.index() && mayReach(target.delta());
            case Reference.Elsewhere target ->
                piece.isGlobal() && target.symbol().name().equals(piece.name());
            case Reference.Constant _, Reference.Nothing _ -> false;
        };
    }

    private boolean isMember() {
        return sizeBytes < piece.sizeBytes();
    }

    /** What begins before a member may be long enough to be about it, too. */
    private boolean mayReach(long delta) {
        long from = isApart ? offset : offset - Long.BYTES + 1;
        return !isMember() || delta >= from && delta < offset + sizeBytes;
    }

    /** {@return whether what begins at a place is about nothing before a member} */
    boolean isFrom(long delta) {
        return !isMember() || delta >= offset;
    }

    /** {@return whether some bytes of the piece are all of it} */
    boolean isCoveredBy(long from, long bytes) {
        return from <= offset && from + bytes >= offset + sizeBytes;
    }
}
