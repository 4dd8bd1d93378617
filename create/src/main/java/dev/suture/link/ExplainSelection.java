package dev.suture.link;

import dev.suture.diff.Piece;
import dev.suture.diff.Selection;
import dev.suture.payload.Explanation;
import java.util.List;

/** Puts the reasons of a selection into the words that travel in the payload. */
final class ExplainSelection {
    /** A payload of more pieces explains only its functions and variables. */
    private static final int EXPLAINED_PIECES = 1000;

    private ExplainSelection() {}

    static Explanation of(Selection selection, List<Explanation.Function> functions, List<Explanation.Added> added) {
        // Strings and entries of a large payload would take more room than they are worth.
        List<Explanation.Added> explained = added.stream()
                .filter(piece -> selection.chosen().size() <= EXPLAINED_PIECES
                        || piece.kind().equals(Piece.Kind.FUNCTION.name())
                        || piece.kind().equals(Piece.Kind.DATA.name()))
                .toList();
        List<Explanation.LeftOut> leftOut = selection.leftOut().stream()
                .map(left -> new Explanation.LeftOut(left.symbol(), left.object(), left.why()))
                .toList();
        return new Explanation(functions, explained, leftOut);
    }
}
