package dev.suture.diff;

import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Tells code that only reports another line of its source from code that does something else.
 *
 * <p>{@code mov $812,%esi} becomes {@code mov $815,%esi} when a patch moves line 812 three lines down and that line
 * passes its number to a function. Such immediate operands are the only difference that is allowed: each must have been
 * the number of a line that the patch does not touch, and be that line's number now.
 */
public final class OnlyLineNumbers {
    private final Isa isa;
    private final LineNumbers lines;

    public OnlyLineNumbers(Isa isa, LineNumbers lines) {
        this.isa = isa;
        this.lines = lines;
    }

    /** {@return whether the code of two functions of one size differs in nothing but moved line numbers} */
    public boolean differ(MemorySegment was, MemorySegment is) {
        long at = 0;
        while (at < was.byteSize()) {
            Optional<Instruction> first = isa.decode(was, at);
            Optional<Instruction> second = isa.decode(is, at);
            if (first.isEmpty()
                    || second.isEmpty()
                    || first.get().sizeBytes() != second.get().sizeBytes()) {
                return false;
            }
            Instruction instruction = first.get();
            if (was.asSlice(at, instruction.sizeBytes()).mismatch(is.asSlice(at, instruction.sizeBytes())) >= 0
                    && !differsInLineNumber(was, is, instruction, second.get())) {
                return false;
            }
            at += instruction.sizeBytes();
        }
        return true;
    }

    private boolean differsInLineNumber(MemorySegment was, MemorySegment is, Instruction first, Instruction second) {
        int bytes = first.immediateBytes();
        boolean plain = first.flow() == Instruction.Flow.NEXT && (bytes == 2 || bytes == 4);
        if (!plain || second.immediateBytes() != bytes || second.immediateAt() != first.immediateAt()) {
            return false;
        }
        long at = first.offset() + first.immediateAt();
        boolean restEqual = was.asSlice(first.offset(), first.immediateAt())
                                .mismatch(is.asSlice(first.offset(), first.immediateAt()))
                        < 0
                && first.immediateAt() + bytes == first.sizeBytes();
        long line = bytes == 2 ? LittleEndian.u16(was, at) : LittleEndian.u32(was, at);
        long moved = bytes == 2 ? LittleEndian.u16(is, at) : LittleEndian.u32(is, at);
        return restEqual && lines.moved(line, moved);
    }
}
