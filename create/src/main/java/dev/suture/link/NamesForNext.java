package dev.suture.link;

import dev.suture.diff.Comparison;
import dev.suture.diff.Comparison.Status;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.PieceId;
import dev.suture.elf.Symbol;
import dev.suture.payload.Stack;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Writes down for the next payload by which symbol the target knows what the patched source gives a name.
 *
 * <p>The next payload is made from the source as it is with this one's patches, and refers to things by the names that
 * they have there. An example: the hypervisor has a static local {@code version.c#calls.0}. A patch adds another one of
 * that name above it. In the patched object the new one is {@code calls.0} and the old one {@code calls.1}; the payload
 * {@code fix} brings the new one as {@code fix#version.c#calls.0}. Then the next payload has to look for
 * <pre>
 *   version.c#calls.0    under    fix#version.c#calls.0
 *   version.c#calls.1    under    version.c#calls.0
 * </pre>
 * Whatever the patched objects have that neither was in the target nor went into the payload has no symbol at all.
 * Objects that the patch does not reach keep their names.
 */
final class NamesForNext {
    private final Selection selection;
    private final NameSymbols names;
    private final Stack below;
    private final String payloadName;
    private final Map<PieceId, Chosen> chosen;
    private final Map<String, String> found = new TreeMap<>();

    private NamesForNext(Selection selection, NameSymbols names, String payloadName) {
        this.selection = selection;
        this.names = names;
        this.payloadName = payloadName;
        below = names.below();
        chosen = selection.byId();
    }

    /** {@return the state of the stack with a payload on top of it} */
    static Stack after(Selection selection, NameSymbols names, String payloadName, List<Stack.Patch> patches) {
        NamesForNext work = new NamesForNext(selection, names, payloadName);
        work.addAll(true);
        work.addAll(false);
        Map<String, String> all = new TreeMap<>(below(selection, names));
        all.putAll(work.found);
        all.entrySet().removeIf(entry -> entry.getKey().equals(entry.getValue()));
        List<Stack.Patch> allPatches = new ArrayList<>(names.below().patches());
        allPatches.addAll(patches);
        return new Stack(allPatches, all, work.left());
    }

    /** {@return what runs as it was though the source compiles to other code: below, or left out here, and not replaced here} */
    private Map<String, String> left() {
        Map<String, String> left = new TreeMap<>(below.left());
        for (Chosen function : selection.replaced()) {
            ObjectPieces before =
                    selection.objects().get(function.id().object()).original();
            function.original().ifPresent(piece -> left.keySet().removeAll(namesIn(before, List.of(piece))));
        }
        for (Comparison comparison : selection.objects()) {
            for (Piece piece : comparison.patched().pieces()) {
                if (comparison.status(piece) == Status.CHANGED) {
                    leftOut(comparison, piece).ifPresent(reason -> {
                        piece.symbols()
                                .forEach(symbol ->
                                        left.put(NameSymbols.targetName(comparison.patched(), symbol), reason));
                    });
                }
            }
        }
        return left;
    }

    /** {@return what was known of objects that the patch does not reach} */
    private static Map<String, String> below(Selection selection, NameSymbols names) {
        Map<String, String> below = new TreeMap<>(names.below().names());
        for (Comparison comparison : selection.objects()) {
            below.keySet()
                    .removeAll(
                            namesIn(comparison.original(), comparison.original().pieces()));
        }
        return below;
    }

    private static Set<String> namesIn(ObjectPieces object, List<Piece> pieces) {
        return pieces.stream()
                .flatMap(piece -> piece.symbols().stream())
                .map(symbol -> NameSymbols.targetName(object, symbol))
                .collect(Collectors.toSet());
    }

    /** What goes into the payload comes first: of a function that several objects define one may be in it. */
    private void addAll(boolean thoseInPayload) {
        for (int index = 0; index < selection.objects().size(); index++) {
            Comparison comparison = selection.objects().get(index);
            for (Piece piece : comparison.patched().pieces()) {
                PieceId id = new PieceId(index, piece.index());
                if (chosen.containsKey(id) == thoseInPayload) {
                    piece.symbols().forEach(symbol -> add(comparison, id, piece, symbol));
                }
            }
        }
    }

    private void add(Comparison comparison, PieceId id, Piece piece, Symbol own) {
        String name = NameSymbols.targetName(comparison.patched(), own);
        String symbol = symbol(comparison, id, piece, name);
        String before = found.putIfAbsent(name, symbol);
        if (before != null && !before.equals(symbol) && own.isLocal()) {
            // Two things of one name, in objects made from one source: the name does not say which is meant.
            found.put(name, "");
        }
    }

    /** {@return the symbol by which the target knows a piece, of which it is one name; empty if the target has it not} */
    private String symbol(Comparison comparison, PieceId id, Piece piece, String name) {
        Optional<Chosen> taken = Optional.ofNullable(chosen.get(id));
        if (taken.isPresent() && taken.get().why() != Selection.Why.REPLACED) {
            boolean isNamed = piece.isNamed() && taken.get().why() != Selection.Why.HOOK;
            return isNamed
                    ? inPayload(
                            payloadName, comparison.patched(), piece.symbols().getFirst())
                    : "";
        }
        if (taken.isEmpty() && comparison.status(piece) == Status.CHANGED && !staysRight(comparison, piece)) {
            return "";
        }
        ObjectPieces before = comparison.original();
        Optional<Piece> original = taken.isPresent()
                ? taken.get().original()
                : comparison.correlation().twinOfPatched(piece);
        // Without an original, a global one may have been moved here from another object.
        boolean keepsName = original.isPresent()
                ? namesIn(before, List.of(original.get())).contains(name)
                : piece.isGlobal() && (names.isInImage(name) || below.names().containsKey(name));
        return keepsName
                ? below.names().getOrDefault(name, name)
                : original.flatMap(known -> names.ofOriginal(before, known)).orElse("");
    }

    /** {@return whether a changed function was left out because what the target has of it does the same} */
    private boolean staysRight(Comparison comparison, Piece piece) {
        return leftOut(comparison, piece).isPresent();
    }

    /** {@return why a changed function was left out because what the target has of it does the same} */
    private Optional<String> leftOut(Comparison comparison, Piece piece) {
        return selection.leftOut().stream()
                .filter(left -> piece.kind() == Piece.Kind.FUNCTION
                        && left.object().equals(comparison.name())
                        && left.symbol().equals(piece.name())
                        && left.cause() != Selection.LeftOut.Cause.AT_START)
                .map(Selection.LeftOut::why)
                .findFirst();
    }

    /** {@return what a payload calls something that it brings} */
    static String inPayload(String payloadName, ObjectPieces object, Symbol symbol) {
        return payloadName + "#" + NameSymbols.targetName(object, symbol);
    }
}
