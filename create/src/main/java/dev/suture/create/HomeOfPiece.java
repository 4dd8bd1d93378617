package dev.suture.create;

import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import java.util.List;
import java.util.stream.IntStream;

/** Finds the object that an original piece is from: a patch may move a function, and then that is not the one it is in. */
final class HomeOfPiece {
    private HomeOfPiece() {}

    /**
     * {@return the number of the object}
     *
     * @param likely the number of the object that has it with the patch
     */
    static int of(List<Comparison> objects, int likely, Piece original) {
        return IntStream.concat(IntStream.of(likely), IntStream.range(0, objects.size()))
                .filter(object -> isIn(objects.get(object), original))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no object has the piece " + original.name()));
    }

    private static boolean isIn(Comparison comparison, Piece piece) {
        List<Piece> pieces = comparison.original().pieces();
        return piece.index() < pieces.size() && pieces.get(piece.index()) == piece;
    }
}
