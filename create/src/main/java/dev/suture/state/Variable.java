package dev.suture.state;

import dev.suture.diff.Piece;
import dev.suture.diff.Reference;

/**
 * A variable of a patched object.
 *
 * @param object the place of its object
 * @param piece itself
 */
record Variable(int object, Piece piece) {
    boolean isMeantBy(int userObject, Reference reference) {
        return switch (reference.target()) {
            case Reference.InPiece target -> userObject == object && target.pieceIndex() == piece.index();
            case Reference.Elsewhere target ->
                piece.isGlobal() && target.symbol().name().equals(piece.name());
            case Reference.Constant _, Reference.Nothing _ -> false;
        };
    }
}
