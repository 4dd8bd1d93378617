package dev.suture.diff;

import dev.suture.diff.Comparison.Status;
import dev.suture.diff.Correlation.MatchedBy;
import java.util.Optional;

/** Tells whether it is certain which variable of the running target a numbered static local is. */
final class StaticState {
    private StaticState() {}

    /**
     * {@return whether a patched variable is certainly its twin or, without one, certainly new}
     *
     * <p>A function that does the same as before and uses the variable is proof: its references were compared. Else it is
     * the place of the declaration that tells. Without debug information one that is the only one of its name, in the whole
     * object, and that the same functions use, is taken for the same.
     *
     * @param users of the patched pieces
     */
    static boolean isCertain(Comparison comparison, Piece variable, UsersOfPieces users) {
        if (!BlockVariables.isOne(variable)) {
            return true;
        }
        Correlation correlation = comparison.correlation();
        Optional<Piece> twin = correlation.twinOfPatched(variable);
        boolean isKnown = correlation.blocks().areKnown();
        if (twin.isEmpty()) {
            // Whether another one vanished in its place is told by NewState.
            return isKnown
                    || comparison.removed().stream()
                            .noneMatch(removed -> removed.holdsState() && sameStem(removed, variable));
        }
        boolean usedAsBefore = users.direct(variable).stream().anyMatch(user -> comparison.status(user) == Status.SAME);
        if (usedAsBefore || correlation.matchedBy(variable).orElseThrow() == MatchedBy.PLACE) {
            return true;
        }
        return isKnown
                ? correlation.blocks().isSame(twin.get(), variable)
                : isOnlyOne(comparison.original(), twin.get())
                        && isOnlyOne(comparison.patched(), variable)
                        && users.functions(variable)
                                .equals(UsersOfPieces.of(comparison.original()).functions(twin.get()));
    }

    private static boolean isOnlyOne(ObjectPieces object, Piece variable) {
        return object.pieces().stream()
                        .filter(piece -> piece.holdsState() && sameStem(piece, variable))
                        .count()
                == 1;
    }

    private static boolean sameStem(Piece one, Piece other) {
        return Names.stem(one.name()).equals(Names.stem(other.name()));
    }
}
