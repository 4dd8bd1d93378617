package dev.suture.diff;

import dev.suture.diff.FollowAddress.Fate;
import dev.suture.diff.FollowAddress.Use;
import dev.suture.diff.Piece.Kind;
import dev.suture.isa.Isa;
import dev.suture.isa.RelocationKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds functions of the running target that may have put the address of one of their instructions where it outlives them,
 * as a coroutine does that goes on where it left: {@code resume = &&next; return;} and later {@code goto *resume}. In the new
 * function that address leads into the old one.
 */
public final class KeptLabels {
    private final ObjectPieces object;
    private final UsersOfPieces users;
    private final TargetTraits traits;

    /** @param object the original one */
    public KeptLabels(ObjectPieces object, TargetTraits traits) {
        this.object = object;
        this.users = UsersOfPieces.of(object);
        this.traits = traits;
    }

    /** {@return what code of the object does with such an address of a function, as what follows a name in a sentence} */
    public Optional<String> of(Piece function) {
        List<Use> uses = new ArrayList<>(List.of(FollowAddress.ofLabels(object, function, function, false, traits)));
        for (Piece user : users.direct(function)) {
            if (user.isCode() && user.index() != function.index()) {
                uses.add(FollowAddress.ofLabels(object, user, function, false, traits));
            } else if (isTable(user, function)) {
                users.direct(user).stream()
                        .filter(Piece::isCode)
                        .forEach(code -> uses.add(FollowAddress.ofLabels(object, code, user, true, traits)));
            }
        }
        return uses.stream()
                .filter(use -> use.fate() != Fate.USED_IN_PLACE)
                .map(Use::how)
                .findFirst();
    }

    /** A table that a compiler makes for a switch may hold distances, which nobody else can use. */
    private boolean isAddress(Reference reference) {
        RelocationKind kind = Isa.of(object.elf().header().machine())
                .relocation(reference.relocation().type());
        return !kind.pcRelative();
    }

    private boolean isTable(Piece data, Piece function) {
        return (data.kind() == Kind.DATA || data.kind() == Kind.NAMELESS_DATA)
                && object.references(data).stream()
                        .anyMatch(reference -> reference.target() instanceof Reference.InPiece target
                                && target.pieceIndex() == function.index()
                                && target.delta() != 0
                                && isAddress(reference));
    }
}
