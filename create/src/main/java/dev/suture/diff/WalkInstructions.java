package dev.suture.diff;

import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Decodes a piece of code once from its beginning to its end, as far as it is asked about. */
final class WalkInstructions {
    private final Isa isa;
    private final MemorySegment code;
    private long end;

    WalkInstructions(Isa isa, Piece piece) {
        this.isa = isa;
        this.code = piece.section().contents();
        this.end = piece.sectionOffset();
    }

    /**
     * {@return the section offset of the byte behind the instruction that holds the byte at {@code offset}} Where data is
     * among the code it goes on byte by byte until it makes sense again.
     *
     * @param offset in the section, not before that of the last call
     */
    long endOfInstructionWith(long offset) {
        while (end <= offset) {
            Optional<Instruction> instruction = isa.decode(code, end);
            end = instruction.isPresent() ? instruction.get().endOffset() : end + 1;
        }
        return end;
    }
}
