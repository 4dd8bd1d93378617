package dev.suture.diff;

import dev.suture.elf.Relocation;
import dev.suture.elf.Symbol;

/**
 * What one relocation in a piece refers to.
 *
 * @param pieceOffset where in its piece it is applied, in bytes
 * @param relocation as it stands in the object
 * @param target what it refers to
 */
public record Reference(long pieceOffset, Relocation relocation, Target target) {
    /** {@return what the relocation adds to the address of the piece or symbol that is referred to} */
    public long addend() {
        return switch (target) {
            case InPiece inPiece -> inPiece.statedDelta();
            case Elsewhere elsewhere -> elsewhere.addend();
            case Constant constant -> constant.value();
            case Nothing _ -> 0;
        };
    }

    /** What is referred to. */
    public sealed interface Target {}

    /**
     * A place in a piece of the same object.
     *
     * @param pieceIndex which piece
     * @param delta the place meant, in bytes from the piece's first byte; past relocation arithmetic, so that a call of
     *     the function's first byte has delta 0
     * @param statedDelta symbol value plus addend as the relocation states them, in bytes from the piece's first byte
     */
    public record InPiece(int pieceIndex, long delta, long statedDelta) implements Target {}

    /**
     * A symbol that this object does not define.
     *
     * @param symbol undefined here
     * @param addend as the relocation states it
     */
    public record Elsewhere(Symbol symbol, long addend) implements Target {}

    /**
     * A place where nothing is: the replacement of no bytes that an alternative has, or an empty section.
     *
     * @param section in which the place is
     */
    public record Nothing(String section) implements Target {}

    /**
     * A number, or a symbol that stands for one.
     *
     * @param value symbol value plus addend
     */
    public record Constant(long value) implements Target {}
}
