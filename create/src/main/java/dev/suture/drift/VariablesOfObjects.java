package dev.suture.drift;

import dev.suture.diff.CallsWithin;
import dev.suture.diff.Comparison;
import dev.suture.diff.Names;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.elf.Symbol;
import dev.suture.source.SourceChange;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What the two objects of a source know of its variables, whatever the source says of them. */
final class VariablesOfObjects implements SourceChange.Variables {
    private final Comparison comparison;
    private final CallsWithin callsInOriginal;
    private final CallsWithin callsInPatched;

    VariablesOfObjects(Comparison comparison) {
        this.comparison = comparison;
        callsInOriginal = new CallsWithin(comparison.original());
        callsInPatched = new CallsWithin(comparison.patched());
    }

    @Override
    public boolean isForAll(String name) {
        return isForAll(comparison.original(), name) && isForAll(comparison.patched(), name);
    }

    /** A compiler that was told that it sees the whole program makes local ones of them, or none at all. */
    private static boolean isForAll(ObjectPieces object, String name) {
        List<Symbol> symbols = object.elf().symbols().stream()
                .filter(symbol -> Names.stem(symbol.name()).equals(name))
                .toList();
        return !symbols.isEmpty()
                && symbols.stream()
                        .allMatch(symbol -> !symbol.isLocal() && symbol.name().equals(name));
    }

    @Override
    public boolean isWritable(String name) {
        return isWritable(comparison.original(), name) || isWritable(comparison.patched(), name);
    }

    private static boolean isWritable(ObjectPieces object, String name) {
        return object.pieces().stream()
                .anyMatch(piece -> piece.holdsState()
                        && piece.symbols().stream()
                                .anyMatch(symbol -> Names.stem(symbol.name()).equals(name)));
    }

    /**
     * {@return whether a function leads to no variable in the patched object that it does not lead to in the running one} If
     * it does, then the compiler had concluded what is in the variable, or the running target has no such variable.
     */
    boolean leadToNoOther(Piece original, Piece patched) {
        Set<Piece> known = used(comparison.original(), callsInOriginal, original);
        return used(comparison.patched(), callsInPatched, patched).stream()
                .allMatch(variable -> comparison
                        .correlation()
                        .twinOfPatched(variable)
                        .filter(known::contains)
                        .isPresent());
    }

    private static Set<Piece> used(ObjectPieces object, CallsWithin calls, Piece function) {
        Set<Integer> code = new HashSet<>(calls.from(function.index()));
        code.add(function.index());
        Set<Piece> used = new HashSet<>();
        for (int index : code) {
            for (Reference reference : object.references().get(index)) {
                variable(object, reference).ifPresent(used::add);
            }
        }
        return used;
    }

    private static Optional<Piece> variable(ObjectPieces object, Reference reference) {
        return reference.target() instanceof Reference.InPiece target
                ? Optional.of(object.pieces().get(target.pieceIndex())).filter(Piece::holdsState)
                : Optional.empty();
    }
}
