package dev.suture.effect;

import dev.suture.Refusal;
import dev.suture.diff.Comparison;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Piece.Kind;
import dev.suture.diff.Reference;
import dev.suture.diff.SectionRole;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.diff.Selection.LeftOut.Cause;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Finds what code of the start has left behind that the patched program would have otherwise: values that it made of a
 * constant which changes, and variables that a changed start function sets and a replaced one uses.
 */
final class MadeAtStart {
    private final Selection selection;
    private final Predicate<String> isFunction;

    /** @param isFunction whether the program has a function of that name, for symbols that an object does not define */
    MadeAtStart(Selection selection, Predicate<String> isFunction) {
        this.selection = selection;
        this.isFunction = isFunction;
    }

    List<Refusal> refusals() {
        List<Refusal> refusals = new ArrayList<>();
        for (Chosen chosen : selection.chosen()) {
            if (chosen.piece().kind() == Kind.DATA && chosen.original().isPresent()) {
                ofConstant(chosen, refusals);
            }
        }
        for (LeftOut left : selection.leftOut()) {
            if (left.cause() == Cause.AT_START) {
                ofFunction(left, refusals);
            }
        }
        return refusals;
    }

    private boolean isStartCode(Comparison comparison, Piece piece) {
        return piece.isCode()
                && (piece.role() == SectionRole.INIT
                        || selection.leftOut().stream()
                                .anyMatch(left -> left.cause() == Cause.AT_START
                                        && left.object().equals(comparison.name())
                                        && left.symbol().equals(piece.name())));
    }

    private void ofConstant(Chosen constant, List<Refusal> refusals) {
        Comparison comparison = selection.objects().get(constant.id().object());
        ObjectPieces original = comparison.original();
        int index = constant.original().orElseThrow().index();
        for (Piece piece : original.pieces()) {
            boolean uses = isStartCode(comparison, piece)
                    && original.references(piece).stream()
                            .anyMatch(reference -> reference.target() instanceof Reference.InPiece target
                                    && target.pieceIndex() == index);
            if (uses) {
                refusals.add(EffectRefusals.madeAtStart(
                        comparison.name(),
                        constant.piece().name(),
                        piece.name(),
                        List.copyOf(written(original, piece))));
            }
        }
    }

    private void ofFunction(LeftOut left, List<Refusal> refusals) {
        for (Comparison comparison : selection.objects()) {
            if (!comparison.name().equals(left.object())) {
                continue;
            }
            for (Piece piece : comparison.patched().pieces()) {
                // What is new in the boot of a system is judged with the new variables that it sets.
                boolean isJudged = piece.role() != SectionRole.INIT
                        || comparison.correlation().twinOfPatched(piece).isPresent();
                if (piece.kind() == Kind.FUNCTION && piece.name().equals(left.symbol()) && isJudged) {
                    Set<String> written = written(comparison.patched(), piece);
                    users(comparison, written)
                            .forEach((variable, user) -> refusals.add(
                                    EffectRefusals.setAtStart(left.object(), left.symbol(), variable, user)));
                }
            }
        }
    }

    /** {@return which of some variables replaced functions of the same object or, if global, of all use, and who} */
    private Map<String, String> users(Comparison here, Set<String> variables) {
        Map<String, String> users = new LinkedHashMap<>();
        for (Chosen chosen : selection.replaced()) {
            Comparison comparison = selection.objects().get(chosen.id().object());
            for (Reference reference : comparison.patched().references(chosen.piece())) {
                String name = variableName(comparison.patched(), reference);
                boolean sameObject = comparison.name().equals(here.name());
                if (variables.contains(name) && (sameObject || isGlobal(comparison.patched(), reference))) {
                    users.putIfAbsent(name, chosen.piece().name());
                }
            }
        }
        return users;
    }

    private static boolean isGlobal(ObjectPieces object, Reference reference) {
        return switch (reference.target()) {
            case Reference.InPiece target ->
                object.pieces().get(target.pieceIndex()).isGlobal();
            case Reference.Elsewhere _ -> true;
            case Reference.Constant _, Reference.Nothing _ -> false;
        };
    }

    /** {@return the variables that outlive the start and that a piece of code does more with than to read them} */
    private Set<String> written(ObjectPieces object, Piece piece) {
        ObjectCode code = new ObjectCode(object, piece);
        Set<String> written = new TreeSet<>();
        for (Reference reference : object.references(piece)) {
            String name = variableName(object, reference);
            if (!name.isEmpty() && !code.isBranch(reference) && code.mayWrite(reference)) {
                written.add(name);
            }
        }
        return written;
    }

    private String variableName(ObjectPieces object, Reference reference) {
        return switch (reference.target()) {
            case Reference.InPiece target -> {
                Piece used = object.pieces().get(target.pieceIndex());
                yield used.holdsState() ? used.name() : "";
            }
            case Reference.Elsewhere target ->
                isFunction.test(target.symbol().name()) ? "" : target.symbol().name();
            case Reference.Constant _, Reference.Nothing _ -> "";
        };
    }
}
