package dev.suture.diff;

import dev.suture.Refusal;
import dev.suture.diff.Piece.Kind;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.diff.Selection.Why;
import dev.suture.isa.Operation;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * Finds new variables that boot code refers to.
 *
 * <p>They are probably set there, and that code does not run again: in the payload the variable would keep its first
 * contents, and what it switches on would stay off without a word. Whoever wrote a hook has thought of that. Where all
 * instructions that refer to the variable only read it, it is not set.
 */
final class VariablesSetAtBoot {
    private final List<Comparison> objects;
    private final IntFunction<UsersOfPieces> users;
    private final List<LeftOut> leftOut = new ArrayList<>();
    private final List<Refusal> refusals = new ArrayList<>();

    private VariablesSetAtBoot(List<Comparison> objects, IntFunction<UsersOfPieces> users) {
        this.objects = objects;
        this.users = users;
    }

    /** What was found. */
    record Found(List<LeftOut> leftOut, List<Refusal> refusals) {}

    /**
     * {@return what is to be said of them}
     *
     * @param chosen what goes into the payload
     * @param users who refers to the pieces of an object, by its place among the objects
     */
    static Found find(List<Comparison> objects, Collection<Chosen> chosen, IntFunction<UsersOfPieces> users) {
        VariablesSetAtBoot pass = new VariablesSetAtBoot(objects, users);
        if (chosen.stream().noneMatch(piece -> piece.why() == Why.HOOK)) {
            chosen.stream()
                    .filter(piece -> piece.why() == Why.NEW && piece.piece().role() == SectionRole.DATA)
                    .forEach(pass::judge);
        }
        return new Found(pass.leftOut, pass.refusals);
    }

    private void judge(Chosen variable) {
        Comparison comparison = objects.get(variable.id().object());
        Set<Piece> all = new LinkedHashSet<>(users.apply(variable.id().object()).accountable(variable.piece()));
        if (variable.piece().isGlobal()) {
            objects.forEach(object ->
                    all.addAll(usersByName(object.patched(), variable.piece().name())));
        }
        all.stream()
                .filter(user -> user.kind() == Kind.FUNCTION && user.role() == SectionRole.INIT)
                .filter(user -> objects.stream().noneMatch(object -> readsCommandLine(object.patched(), user)))
                .filter(user -> objects.stream().anyMatch(object -> maySet(object.patched(), user, variable.piece())))
                .findFirst()
                .ifPresent(user -> judgeSetAtBoot(comparison, variable.piece(), user));
    }

    /** Who gave the variable a first value has thought of what it is before boot code sets it, if that does at all. */
    private void judgeSetAtBoot(Comparison comparison, Piece variable, Piece bootFunction) {
        if (variable.section().isNobits()) {
            refusals.add(Refusals.setAtBoot(comparison.name(), variable, bootFunction));
        } else {
            leftOut.add(new LeftOut(
                    comparison.name(),
                    bootFunction.name(),
                    LeftOut.Cause.AT_START,
                    "it runs only while the system boots; the new variable `%s`, to which it refers, keeps its first value"
                            .formatted(variable.name())));
        }
    }

    /** {@return whether a boot function is an option's: without it, a new option is simply not given} */
    private static boolean readsCommandLine(ObjectPieces object, Piece function) {
        return object.pieces().stream()
                .filter(piece -> piece.section().name().equals(".init.setup"))
                .flatMap(piece -> object.references(piece).stream())
                .anyMatch(reference -> reference.target() instanceof Reference.InPiece target
                        && object.pieces().get(target.pieceIndex()).equals(function));
    }

    /** {@return whether a function of an object does anything but read a variable, which may be one of another object} */
    private static boolean maySet(ObjectPieces object, Piece function, Piece variable) {
        boolean isOfObject = function.index() < object.pieces().size()
                && object.pieces().get(function.index()).equals(function);
        if (!isOfObject) {
            return false;
        }
        DecodedCode code = new DecodedCode(object, function);
        List<Reference> uses = object.references(function).stream()
                .filter(reference -> refersTo(object, reference, variable))
                .toList();
        // Without any it is a part of the function, or nameless data of it, that refers to the variable.
        return uses.isEmpty() || uses.stream().anyMatch(reference -> !isRead(code, reference));
    }

    private static boolean isRead(DecodedCode code, Reference reference) {
        return code.with(reference.pieceOffset())
                .filter(instruction -> DecodedCode.isDisplacement(instruction, reference)
                        && code.operation(instruction).memory() == Operation.Memory.READ)
                .isPresent();
    }

    private static boolean refersTo(ObjectPieces object, Reference reference, Piece variable) {
        return switch (reference.target()) {
            case Reference.InPiece target ->
                object.pieces().get(target.pieceIndex()).equals(variable);
            case Reference.Elsewhere target ->
                variable.isGlobal() && target.symbol().name().equals(variable.name());
            case Reference.Nothing _, Reference.Constant _ -> false;
        };
    }

    /** {@return the pieces that refer to a symbol which their object does not define} */
    private static List<Piece> usersByName(ObjectPieces object, String symbolName) {
        return object.pieces().stream()
                .filter(piece -> object.references(piece).stream()
                        .anyMatch(reference -> reference.target() instanceof Reference.Elsewhere elsewhere
                                && elsewhere.symbol().name().equals(symbolName)))
                .toList();
    }
}
