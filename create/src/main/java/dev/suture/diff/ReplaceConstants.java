package dev.suture.diff;

import dev.suture.Refusal;
import dev.suture.diff.Comparison.Status;
import dev.suture.diff.Piece.Kind;
import dev.suture.diff.Selection.PieceId;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the constants of one object that the payload must bring anew, and whom that takes along.
 *
 * <p>The running target's copy of a constant cannot be changed, so whoever uses the constant has to use the payload's
 * copy: functions are replaced, constants that refer to it become new copies themselves. What holds its address where
 * the payload cannot reach is a reason to refuse: variables, boot code that handed it out, functions that stored it. What
 * boot code only read of it has had its effect, and stays.
 *
 * <p>A constant that did not change is brought anew, too, if it refers to the inside of a function that is replaced, as a
 * table of labels does: the old table leads into the old function.
 */
final class ReplaceConstants {
    private final int object;
    private final Comparison comparison;
    private final UsersOfPieces users;
    private final TargetTraits traits;
    private final Set<PieceId> replaced = new HashSet<>();
    private final Map<PieceId, String> functions = new HashMap<>();
    private final Set<Refusal> refusals = new LinkedHashSet<>();
    private final ArrayDeque<Piece> open = new ArrayDeque<>();
    private Optional<KeptAddresses> keptAddresses = Optional.empty();

    private ReplaceConstants(int object, Comparison comparison, UsersOfPieces users, TargetTraits traits) {
        this.traits = traits;
        this.object = object;
        this.comparison = comparison;
        this.users = users;
    }

    /**
     * What was found.
     *
     * @param constants those to bring anew
     * @param functions why functions that use them are to be replaced
     * @param refusals why that is not enough
     */
    record Found(Set<PieceId> constants, Map<PieceId, String> functions, Set<Refusal> refusals) {}

    static Found find(int object, Comparison comparison, UsersOfPieces users, TargetTraits traits) {
        ReplaceConstants replace = new ReplaceConstants(object, comparison, users, traits);
        replace.run();
        return new Found(replace.replaced, replace.functions, replace.refusals);
    }

    private void run() {
        for (Piece piece : comparison.patched().pieces()) {
            if (isChangedConstant(piece)) {
                open.add(piece);
            }
        }
        do {
            while (!open.isEmpty()) {
                Piece constant = open.remove();
                if (replaced.add(new PieceId(object, constant.index()))) {
                    replace(constant);
                }
            }
            findTablesOfLabels();
        } while (!open.isEmpty());
    }

    private boolean isChangedConstant(Piece piece) {
        return piece.kind() == Kind.DATA
                && piece.role() == SectionRole.READ_ONLY
                && comparison.status(piece) == Status.CHANGED
                && comparison.correlation().twinOfPatched(piece).orElseThrow().role() == SectionRole.READ_ONLY;
    }

    private void replace(Piece constant) {
        if (constant.isGlobal() && !traits.privateConstants().contains(constant.name())) {
            refuse(constant, "it is global, so other objects may use it");
        }
        refuseKeptAddress(constant);
        for (Piece user : users.accountable(constant)) {
            boolean isNew = user.isNamed()
                    && comparison.correlation().twinOfPatched(user).isEmpty();
            switch (user.role()) {
                case CODE -> {
                    if (user.kind() == Kind.ASSEMBLY) {
                        refuse(
                                constant,
                                "assembly in %s uses it"
                                        .formatted(user.section().name()));
                    }
                    functions.putIfAbsent(
                            new PieceId(object, user.index()),
                            "it uses the constant `%s`, which changed".formatted(constant.name()));
                }
                case READ_ONLY -> {
                    if (!isNew) {
                        open.add(user);
                    }
                }
                case INIT -> {
                    if (!user.isCode()) {
                        refuse(constant, "`%s` may have handed out its address at boot".formatted(user.name()));
                    }
                }
                case DATA, PER_CPU, THREAD_LOCAL -> {
                    if (!isNew) {
                        refuse(constant, "`%s` holds its address".formatted(user.name()));
                    }
                }
                case SPECIAL, HOOKS, DISCARDED -> {}
            }
        }
    }

    /** What code of the boot has left behind counts like what a function stored: neither is there to be replaced. */
    private void refuseKeptAddress(Piece constant) {
        if (keptAddresses.isEmpty()) {
            keptAddresses = Optional.of(new KeptAddresses(comparison, traits));
        }
        Piece running = comparison.correlation().twinOfPatched(constant).orElseThrow();
        keptAddresses.get().of(running).forEach((code, use) -> {
            if (use.fate() == FollowAddress.Fate.STORED) {
                refuse(constant, "`%s` %s".formatted(code.name(), use.how()));
            } else if (code.role() == SectionRole.INIT) {
                refuse(constant, "`%s` %s at boot".formatted(code.name(), use.how()));
            } else if (code.kind() != Kind.ASSEMBLY
                    && !traits.acceptedNewState().contains(constant.name())) {
                refusals.add(Refusals.handedOn(comparison.name(), constant, code.name(), use.how()));
            }
        });
    }

    private void refuse(Piece constant, String why) {
        refusals.add(Refusals.sharedConstant(comparison.name(), constant, why));
    }

    private void findTablesOfLabels() {
        for (Piece piece : comparison.patched().pieces()) {
            Optional<Piece> twin = comparison.correlation().twinOfPatched(piece);
            PieceId id = new PieceId(object, piece.index());
            if (piece.kind() != Kind.DATA || twin.isEmpty() || replaced.contains(id)) {
                continue;
            }
            Optional<Piece> function = functionItLeadsInto(piece);
            if (function.isEmpty()) {
                continue;
            }
            if (piece.role() == SectionRole.READ_ONLY) {
                open.add(piece);
            } else if (piece.holdsState()) {
                refusals.add(Refusals.labelsInData(comparison.name(), piece, function.get()));
            }
        }
    }

    /** {@return the function that will be replaced and inside of which that data refers to something} */
    private Optional<Piece> functionItLeadsInto(Piece data) {
        for (Reference reference : comparison.patched().references(data)) {
            if (reference.target() instanceof Reference.InPiece target && target.delta() != 0) {
                Piece piece = comparison.patched().pieces().get(target.pieceIndex());
                boolean isReplaced = comparison.status(piece) == Status.CHANGED
                        || functions.containsKey(new PieceId(object, piece.index()));
                if (piece.kind() == Kind.FUNCTION && piece.role() == SectionRole.CODE && isReplaced) {
                    return Optional.of(piece);
                }
            }
        }
        return Optional.empty();
    }
}
