package dev.suture.certify;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import java.util.Optional;

/**
 * Tells whether code is where its source wants it in a cache line.
 *
 * <p>Xen has thunks whose indirect jumps must be in the upper half of a line: 32 bytes behind a multiple of 64. All that says
 * so is the alignment of their sections and the padding before them. Where a piece shares its section with others, its
 * place follows from their sizes and means nothing; and 16 bytes are what compilers give every function.
 */
final class CodePlacement {
    private static final long USUAL_ALIGNMENT = 16;

    private CodePlacement() {}

    /** {@return whether it matters where a piece is} */
    static boolean matters(ObjectPieces object, Piece piece) {
        return piece.isCode()
                && piece.section().alignment() > USUAL_ALIGNMENT
                && object.pieces().stream()
                        .allMatch(other -> other.index() == piece.index()
                                || other.section().index() != piece.section().index());
    }

    /** {@return what is wrong with a place for a piece; empty if nothing is} */
    static Optional<String> difference(ObjectPieces object, Piece piece, Place at, RunningSystem system) {
        if (!matters(object, piece)) {
            return Optional.empty();
        }
        long alignment = piece.section().alignment();
        long wanted = piece.sectionOffset() % alignment;
        boolean kept = system.alignment(at) >= alignment && Long.remainderUnsigned(at.offset(), alignment) == wanted;
        return kept
                ? Optional.empty()
                : Optional.of("it has to be 0x%x bytes behind a multiple of %d".formatted(wanted, alignment));
    }
}
