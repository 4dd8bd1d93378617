package dev.suture.diff;

import dev.suture.diff.FollowAddress.Fate;
import dev.suture.diff.FollowAddress.Use;
import dev.suture.diff.Piece.Kind;
import dev.suture.diff.Selection.Chosen;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds the code of the running target that may have put a constant's address where it outlives the code.
 *
 * <p>When a constant changes, the payload brings a copy, and the functions that use it are replaced. What the old ones left
 * behind before that still leads to the old contents. So it is the original object that is looked at.
 */
public final class KeptAddresses {
    private final Comparison comparison;
    private final UsersOfPieces users;
    private final TargetTraits traits;

    KeptAddresses(Comparison comparison, TargetTraits traits) {
        this.comparison = comparison;
        this.traits = traits;
        this.users = UsersOfPieces.of(comparison.original());
    }

    /**
     * {@return what code does with a constant's address, for code that does more than to use the constant; in the order of
     * the object}
     *
     * @param constant of the original object
     */
    Map<Piece, Use> of(Piece constant) {
        Map<Piece, Use> found = new LinkedHashMap<>();
        boolean leadsOn = comparison.original().references(constant).stream()
                .anyMatch(reference -> reference.target() instanceof Reference.InPiece target
                        && comparison
                                        .original()
                                        .pieces()
                                        .get(target.pieceIndex())
                                        .kind()
                                == Kind.DATA);
        for (Piece user : users.direct(constant)) {
            if (user.isCode()) {
                note(found, user, constant, false);
                if (leadsOn) {
                    note(found, user, constant, true);
                }
            } else if (user.kind() == Kind.NAMELESS_DATA && user.role() == SectionRole.READ_ONLY) {
                users.direct(user).stream().filter(Piece::isCode).forEach(code -> note(found, code, user, true));
            }
        }
        return found;
    }

    private void note(Map<Piece, Use> found, Piece code, Piece data, boolean throughData) {
        Use use = FollowAddress.of(comparison.original(), code, data, throughData, traits);
        if (use.fate() != Fate.USED_IN_PLACE) {
            found.merge(code, use, (one, other) -> one.fate().compareTo(other.fate()) >= 0 ? one : other);
        }
    }

    /**
     * {@return what is to be said of the constants that a selection brings anew because its author accepts it, a sentence
     * without a full stop each: somebody may have the address of the old one}
     */
    public static List<String> warnings(Selection selection, TargetTraits traits) {
        Map<Integer, KeptAddresses> ofObject = new HashMap<>();
        List<String> warnings = new ArrayList<>();
        for (Chosen chosen : selection.chosen()) {
            if (chosen.piece().kind() == Kind.DATA && chosen.original().isPresent()) {
                KeptAddresses kept = ofObject.computeIfAbsent(
                        chosen.id().object(),
                        object -> new KeptAddresses(selection.objects().get(object), traits));
                kept.of(chosen.original().get())
                        .forEach((code, use) -> warnings.add(
                                ("the constant `%s` has a changed copy in the payload, and `%s` %s: who got it there before keeps the old contents"
                                                + " if it keeps the address")
                                        .formatted(chosen.piece().name(), code.name(), use.how())));
            }
        }
        return warnings;
    }
}
