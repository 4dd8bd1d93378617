package dev.suture.diff;

import java.util.Optional;

/**
 * Which piece of the original is which piece of the patched object.
 *
 * @param original the object as it was
 * @param patched the object as it becomes
 * @param twinOfPatched for each patched piece the index of its twin in the original; -1 if it has none
 * @param twinOfOriginal for each original piece the index of its twin in the patched object; -1 if it has none
 * @param matchedBy for each patched piece how its twin was found; null if it has none
 * @param blocks where the static variables of functions are declared
 */
public record Correlation(
        ObjectPieces original,
        ObjectPieces patched,
        int[] twinOfPatched,
        int[] twinOfOriginal,
        MatchedBy[] matchedBy,
        BlockVariables blocks) {

    /** How a twin was found, from certain to less certain. */
    public enum MatchedBy {
        /** The same name, which no compiler made up. */
        NAME,
        /** The same place of the source, where debug information says that the variable is declared. */
        PLACE,
        /** The same name but for the compiler's numbering, and the same functions use it. */
        USERS,
        /** The same place among as many of the name that the same functions use. */
        ORDER,
        /** The same name but for the compiler's numbering, and declared in the same function. */
        SCOPE,
        /** The same name but for the compiler's numbering, and the same contents. */
        CONTENTS,
        /** The same name, numbering included. */
        NUMBERED_NAME,
        /** The same place among those that are left of a name. */
        POSITION
    }

    /** {@return the original twin of a patched piece} */
    public Optional<Piece> twinOfPatched(Piece piece) {
        int twin = twinOfPatched[piece.index()];
        return twin < 0 ? Optional.empty() : Optional.of(original.pieces().get(twin));
    }

    /** {@return the patched twin of an original piece} */
    public Optional<Piece> twinOfOriginal(Piece piece) {
        int twin = twinOfOriginal[piece.index()];
        return twin < 0 ? Optional.empty() : Optional.of(patched.pieces().get(twin));
    }

    /** {@return how the twin of a patched piece was found} */
    public Optional<MatchedBy> matchedBy(Piece patchedPiece) {
        return Optional.ofNullable(matchedBy[patchedPiece.index()]);
    }
}
