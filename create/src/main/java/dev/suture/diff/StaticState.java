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
     * <p>A function that does the same as before and uses the variable is proof, too: its references were compared.
     *
     * @param users of the patched pieces
     */
    static boolean isCertain(Comparison comparison, Piece variable, UsersOfPieces users) {
        if (!Names.isNumbered(variable.name())) {
            return true;
        }
        Optional<MatchedBy> matchedBy = comparison.correlation().matchedBy(variable);
        if (matchedBy.isEmpty()) {
            String stem = Names.stem(variable.name());
            return comparison.correlation().knowsScopes()
                    || comparison.removed().stream()
                            .noneMatch(removed -> removed.holdsState()
                                    && Names.stem(removed.name()).equals(stem));
        }
        return switch (matchedBy.get()) {
            case NAME, USERS, SCOPE, ORDER -> true;
            case CONTENTS, NUMBERED_NAME, POSITION ->
                users.direct(variable).stream().anyMatch(user -> comparison.status(user) == Status.SAME)
                        || hasSameUsers(comparison, variable, users);
        };
    }

    private static boolean hasSameUsers(Comparison comparison, Piece variable, UsersOfPieces users) {
        Piece twin = comparison.correlation().twinOfPatched(variable).orElseThrow();
        UsersOfPieces before = UsersOfPieces.of(comparison.original());
        return comparison.correlation().matchedBy(variable).orElseThrow() == MatchedBy.CONTENTS
                && !users.functions(variable).isEmpty()
                && users.functions(variable).equals(before.functions(twin));
    }
}
