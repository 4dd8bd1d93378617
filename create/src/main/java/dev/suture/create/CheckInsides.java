package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.diff.Comparison;
import dev.suture.diff.KeptLabels;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.SectionRole;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.PieceId;
import dev.suture.diff.TargetTraits;
import dev.suture.elf.Elf;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.Image.ImageSymbol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Looks for what stays in the running program and knows more of a replaced function than its first byte.
 *
 * <p>A function is replaced by a jump at its first byte. Whoever calls it, by name or through a pointer, gets to the new
 * one; whoever has the address of one of its instructions keeps that of the old one. Four kinds are found:
 *
 * <ul>
 *   <li>Data that stays and points into the middle: a table of faults and what to do about them
 *       ({@code .pushsection my_ex_table; .quad 1b, 2b}) does not know the new function's instructions.
 *   <li>Code that stays and jumps into the middle: a slow path in a section of its own jumps back into the old function.
 *   <li>Memory that may hold such an address: a coroutine writes down where it goes on ({@code resume = &&next}).
 *   <li>Another function at the same place: linkers fold functions of equal code into one ({@code --icf}), and a patch of
 *       one of them must not change the other.
 * </ul>
 *
 * <p>And it looks for data in sections that a program gathers from all its objects and walks through, from {@code
 * __start_cmds} to {@code __stop_cmds}: what a patch adds, changes or takes out there is not in the running table.
 */
final class CheckInsides {
    /** Sections that linkers join without anybody walking through them. A variable's name may follow. */
    private static final Pattern ORDINARY = Pattern.compile(
            "\\.(data|data1|bss|rodata|rodata1|tdata|tbss|ldata|lbss|lrodata|data\\.rel(\\.local|\\.ro|\\.ro\\.local)?)(\\..*)?");

    private final Selection selection;
    private final Image image;
    private final Map<PieceId, Chosen> chosen;
    private final Map<Long, Set<String>> functionsAt = new HashMap<>();
    private final List<Refusal> refusals = new ArrayList<>();

    private CheckInsides(Selection selection, Image image) {
        this.selection = selection;
        this.image = image;
        chosen = selection.byId();
        for (Symbol symbol : image.symbolsFrom().symbols()) {
            boolean isCode = symbol.type() == Elf.STT_FUNC && symbol.isInSection() && symbol.sizeBytes() > 0;
            if (isCode) {
                functionsAt
                        .computeIfAbsent(symbol.value(), key -> new HashSet<>())
                        .add(plain(symbol.name()));
            }
        }
    }

    /** {@return what is left behind, for a payload of any target} */
    static List<Refusal> check(Selection selection, Image image, TargetTraits traits) {
        CheckInsides check = new CheckInsides(selection, image);
        for (int object = 0; object < selection.objects().size(); object++) {
            check.findWhoKnowsInsides(object);
        }
        selection.replaced().forEach(check::checkFolded);
        selection.chosen().stream()
                .filter(code -> code.original().filter(Piece::isCode).isPresent())
                .forEach(code -> check.checkLabels(code, traits));
        return check.refusals.stream().distinct().toList();
    }

    /** {@return what is left behind in a program whose linker gathers sections by their names} */
    static List<Refusal> checkGathered(Selection selection) {
        List<Refusal> refusals = new ArrayList<>();
        for (Comparison comparison : selection.objects()) {
            for (Piece piece : comparison.patched().pieces()) {
                Comparison.Status status = comparison.status(piece);
                if (isGathered(piece) && status == Comparison.Status.NEW) {
                    refusals.add(gathered(comparison, piece, "is new"));
                } else if (isGathered(piece) && status == Comparison.Status.CHANGED) {
                    refusals.add(gathered(comparison, piece, "changes"));
                }
            }
            comparison.removed().stream()
                    .filter(CheckInsides::isGathered)
                    .forEach(piece -> refusals.add(gathered(comparison, piece, "is removed")));
        }
        return refusals;
    }

    private static boolean isGathered(Piece piece) {
        boolean isData = piece.kind() == Piece.Kind.DATA || piece.kind() == Piece.Kind.NAMELESS_DATA;
        boolean stays = piece.role() == SectionRole.DATA
                || piece.role() == SectionRole.READ_ONLY
                || piece.role() == SectionRole.THREAD_LOCAL;
        return isData && stays && !ORDINARY.matcher(piece.section().name()).matches();
    }

    private static Refusal gathered(Comparison comparison, Piece piece, String what) {
        return new Refusal(
                comparison.name(),
                piece.name(),
                "`%s` %s, and it is in the section %s, which linkers gather from all objects: the running program's is as it was linked"
                        .formatted(piece.name(), what, piece.section().name()),
                "Do from a load hook what the entry is for, and undo it from an unload hook.");
    }

    private void findWhoKnowsInsides(int object) {
        Comparison comparison = selection.objects().get(object);
        ObjectPieces patched = comparison.patched();
        for (Piece piece : patched.pieces()) {
            boolean stays = !chosen.containsKey(new PieceId(object, piece.index()))
                    && piece.kind() != Piece.Kind.SPECIAL_ENTRY
                    && piece.role() != SectionRole.INIT
                    && piece.role() != SectionRole.SPECIAL;
            if (stays) {
                patched.references(piece).stream()
                        .flatMap(reference -> insideOf(object, piece, reference).stream())
                        .findFirst()
                        .ifPresent(function -> refusals.add(knowsInside(comparison, piece, function)));
            }
        }
    }

    /** {@return the replaced function into whose middle a reference leads} */
    private Optional<Chosen> insideOf(int object, Piece from, Reference reference) {
        return reference.target() instanceof Reference.InPiece target
                        && target.delta() != 0
                        && target.pieceIndex() != from.index()
                ? Optional.ofNullable(chosen.get(new PieceId(object, target.pieceIndex())))
                        .filter(function -> function.why() == Selection.Why.REPLACED)
                : Optional.empty();
    }

    private static Refusal knowsInside(Comparison comparison, Piece piece, Chosen function) {
        return new Refusal(
                comparison.name(),
                function.piece().name(),
                "`%s` changes, and `%s`, which stays as it is in the running program, leads into the middle of it"
                        .formatted(
                                function.piece().name(),
                                piece.isCode() ? piece.name() : piece.section().name()),
                "Move the change into another function that this one calls, or out of it; what has addresses of a "
                        + "function's instructions cannot follow to a new one.");
    }

    private void checkLabels(Chosen function, TargetTraits traits) {
        Comparison comparison = selection.objects().get(function.id().object());
        Piece original = function.original().orElseThrow();
        boolean isHere = original.index() < comparison.original().pieces().size()
                && comparison.original().pieces().get(original.index()) == original;
        Optional<String> kept = isHere ? new KeptLabels(comparison.original(), traits).of(original) : Optional.empty();
        kept.ifPresent(
                how -> refusals.add(
                        new Refusal(
                                comparison.name(),
                                original.name(),
                                "`%s` changes, and with the address of one of its instructions it does more than jump there: it %s; whoever goes on there later goes on in the old code"
                                        .formatted(original.name(), how),
                                "Move the change into another function that this one calls; what has addresses of a function's instructions cannot follow to a new one.")));
    }

    private void checkFolded(Chosen function) {
        Comparison comparison = selection.objects().get(function.id().object());
        Piece original = function.original().orElseThrow();
        Set<String> own = new HashSet<>();
        original.symbols().forEach(symbol -> own.add(plain(symbol.name())));
        for (Symbol symbol : original.symbols()) {
            String name = symbol.isLocal()
                    ? Image.targetNameOfLocal(comparison.original().sourceFile(), symbol.name())
                    : symbol.name();
            List<Long> addresses = image.all(name).stream()
                    .map(ImageSymbol::address)
                    .distinct()
                    .toList();
            Set<String> others = new HashSet<>();
            addresses.forEach(address -> others.addAll(functionsAt.getOrDefault(address, Set.of())));
            others.removeAll(own);
            if (addresses.size() == 1 && !others.isEmpty()) {
                refusals.add(folded(comparison, original, others));
                return;
            }
        }
    }

    private Refusal folded(Comparison comparison, Piece function, Set<String> others) {
        return new Refusal(
                comparison.name(),
                function.name(),
                "`%s` shares its code in %s with %s: the linker made one function of several, and a change of one would change all"
                        .formatted(
                                function.name(),
                                image.name(),
                                String.join(
                                        ", ",
                                        others.stream()
                                                .sorted()
                                                .map("`%s`"::formatted)
                                                .toList())),
                "Change its callers instead: give the new version another name, and let them call that.");
    }

    /** A symbol's name without its version: {@code f@@V1} in the table of the program is {@code f} of the object. */
    private static String plain(String name) {
        int at = name.indexOf('@');
        return at < 0 ? name : name.substring(0, at);
    }
}
