package dev.suture.state;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The pieces of one function, one behind the other.
 *
 * @param bytes of all
 * @param references of all, by where they are here
 * @param begins where the pieces begin, by their indices; none if it is linked code
 * @param labels where data that the code refers to leads to in it
 */
record JoinedPieces(MemorySegment bytes, List<Reference> references, Map<Integer, Long> begins, Set<Long> labels) {
    static JoinedPieces of(ObjectPieces object, List<Piece> parts) {
        long size = parts.stream().mapToLong(Piece::sizeBytes).sum();
        MemorySegment bytes = parts.size() == 1
                ? object.contents(parts.getFirst())
                : MemorySegment.ofArray(new byte[Math.toIntExact(size)]);
        List<Reference> references = new ArrayList<>();
        Map<Integer, Long> begins = new HashMap<>();
        long at = 0;
        for (Piece part : parts) {
            begins.put(part.index(), at);
            for (Reference reference : object.references(part)) {
                references.add(new Reference(reference.pieceOffset() + at, reference.relocation(), reference.target()));
            }
            if (parts.size() > 1) {
                bytes.asSlice(at, part.sizeBytes()).copyFrom(object.contents(part));
            }
            at += part.sizeBytes();
        }
        return new JoinedPieces(bytes, references, begins, labels(object, references, begins));
    }

    static JoinedPieces ofLinked(MemorySegment bytes) {
        return new JoinedPieces(bytes, List.of(), Map.of(), Set.of());
    }

    private static Set<Long> labels(ObjectPieces object, List<Reference> references, Map<Integer, Long> begins) {
        Set<Integer> tables = new HashSet<>();
        for (Reference reference : references) {
            if (reference.target() instanceof Reference.InPiece target
                    && !object.pieces().get(target.pieceIndex()).isCode()) {
                tables.add(target.pieceIndex());
            }
        }
        Set<Long> labels = new TreeSet<>();
        for (int table : tables) {
            for (Reference reference : object.references(object.pieces().get(table))) {
                if (reference.target() instanceof Reference.InPiece target && begins.containsKey(target.pieceIndex())) {
                    labels.add(begins.get(target.pieceIndex()) + target.delta());
                }
            }
        }
        return labels;
    }

    /** {@return whether a piece ends at a place} */
    boolean isBorder(long offset) {
        return begins.containsValue(offset) || offset == bytes.byteSize();
    }

    /** {@return whether two places are in the same piece} */
    boolean isInOne(long from, long to) {
        return to >= 0
                && to < bytes.byteSize()
                && begins.values().stream()
                        .noneMatch(border -> border > Math.min(from, to) && border <= Math.max(from, to));
    }
}
