package dev.suture.diff;

import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Compares the jumps and calls that lead to another piece of the same section without a relocation.
 *
 * <p>Assemblers resolve these themselves, so that the bytes tell only how far away the destination is. If {@code f} calls
 * what is 32 bytes behind it, and the patch puts {@code h} where {@code g} was, {@code f} keeps its bytes and calls
 * something else.
 */
final class NeighbourJumps {
    private NeighbourJumps() {}

    /** {@return the first jump of two pieces of equal code that leads to different neighbours} */
    static Optional<Difference> difference(Correlation correlation, Isa isa, Piece before, Piece after) {
        boolean alone = after.sizeBytes() == after.section().sizeBytes()
                && before.sizeBytes() == before.section().sizeBytes();
        if (!after.isCode() || alone) {
            return Optional.empty();
        }
        ObjectPieces patched = correlation.patched();
        MemorySegment code = patched.contents(after);
        Set<Long> relocated =
                patched.references(after).stream().map(Reference::pieceOffset).collect(Collectors.toSet());
        long at = 0;
        while (at < code.byteSize()) {
            Optional<Instruction> decoded = isa.decode(code, at);
            if (decoded.isEmpty()) {
                return Optional.empty();
            }
            Instruction jump = decoded.get();
            OptionalLong target = jump.branchTarget(code);
            boolean leaves = target.isPresent()
                    && !relocated.contains(at + jump.immediateAt())
                    && (target.getAsLong() < 0 || target.getAsLong() >= code.byteSize());
            if (leaves && !sameNeighbour(correlation, before, target.getAsLong(), after, target.getAsLong())) {
                return Optional.of(new Difference(
                        Difference.Kind.REFERENCE,
                        at,
                        "at +0x%x it leads to another neighbour in %s"
                                .formatted(at, after.section().name())));
            }
            at = jump.endOffset();
        }
        return Optional.empty();
    }

    /**
     * {@return whether two pieces lead to the same neighbour}
     *
     * @param oldTarget where the first leads, in bytes from its first byte
     * @param newTarget where the second leads, likewise
     */
    static boolean sameNeighbour(Correlation correlation, Piece before, long oldTarget, Piece after, long newTarget) {
        Optional<Piece> was = pieceAt(correlation.original(), before, before.sectionOffset() + oldTarget);
        Optional<Piece> is = pieceAt(correlation.patched(), after, after.sectionOffset() + newTarget);
        if (was.isEmpty() || is.isEmpty()) {
            return was.isEmpty() && is.isEmpty();
        }
        boolean sameDelta = before.sectionOffset() + oldTarget - was.get().sectionOffset()
                == after.sectionOffset() + newTarget - is.get().sectionOffset();
        boolean hasTwin = correlation.twinOfPatched(is.get()).isPresent();
        return sameDelta
                && (hasTwin
                        ? correlation.twinOfPatched(is.get()).get().equals(was.get())
                        : is.get().kind() == was.get().kind() && !is.get().isNamed());
    }

    private static Optional<Piece> pieceAt(ObjectPieces object, Piece from, long sectionOffset) {
        return object.pieces().stream()
                .filter(piece -> piece.section().index() == from.section().index()
                        && piece.sectionOffset() <= sectionOffset
                        && sectionOffset < piece.endOffset())
                .findFirst();
    }
}
