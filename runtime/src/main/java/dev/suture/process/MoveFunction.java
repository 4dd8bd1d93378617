package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Moves a linked function to where it is to run: over the old one.
 *
 * <p>The problem: its instructions count distances from where they are. Those that stay within the function stay as they
 * are; all others become longer or shorter by how far the function moves. For example {@code call puts} at 0x1000 with a
 * distance of 0x500 has one of 0x400 at 0x1100. What counts from elsewhere into the function is moved by
 * {@link #follow}: the code that GCC splits off as unlikely jumps back. A table of jumps cannot be told from other data,
 * and so a function that may use one is not moved.
 */
final class MoveFunction {
    private static final Isa ISA = Isa.of(Elf.EM_X86_64);

    private final MemorySegment code;
    private final long from;
    private final long to;
    private String obstacle = "";
    private boolean calls;

    /**
     * Moves a function.
     *
     * @param bytes of the function, linked for {@code from}; they are changed
     * @param from first address of the function as it was linked
     * @param to first address of the place it is to have
     */
    MoveFunction(byte[] bytes, long from, long to) {
        code = MemorySegment.ofArray(bytes);
        this.from = from;
        this.to = to;
        for (long at = 0; at < code.byteSize() && obstacle.isEmpty(); ) {
            Optional<Instruction> decoded = ISA.decode(code, at);
            if (decoded.isEmpty()) {
                obstacle = "its bytes at 0x%x are no instruction".formatted(at);
                return;
            }
            move(decoded.get());
            at = decoded.get().endOffset();
        }
    }

    /** {@return why it cannot be moved; empty if it was} */
    String obstacle() {
        return obstacle;
    }

    /** {@return whether it calls anything, so that threads may wait in it for others to return} */
    boolean calls() {
        return calls;
    }

    private void move(Instruction instruction) {
        switch (instruction.flow()) {
            case INDIRECT_JUMP ->
                obstacle = "its jump at 0x%x goes where a register or a table says".formatted(instruction.offset());
            case CALL, INDIRECT_CALL -> calls = true;
            case JUMP, CONDITIONAL, NEXT, RETURN, TRAP -> {}
        }
        instruction.branchTarget(code).ifPresent(target -> {
            if (!isInside(target)) {
                change(code, instruction, instruction.immediateAt(), instruction.immediateBytes(), from - to);
            }
        });
        if (instruction.ripRelative()) {
            long target = instruction.endOffset()
                    + LittleEndian.s32(code, instruction.offset() + instruction.displacementAt());
            if (!isInside(target)) {
                change(code, instruction, instruction.displacementAt(), instruction.displacementBytes(), from - to);
            }
        }
    }

    private boolean isInside(long target) {
        return target >= 0 && target < code.byteSize();
    }

    private void change(MemorySegment bytes, Instruction instruction, int fieldAt, int fieldBytes, long by) {
        long at = instruction.offset() + fieldAt;
        long value = fieldBytes == 4 ? LittleEndian.s32(bytes, at) + by : Long.MAX_VALUE;
        if (value != (int) value) {
            obstacle = "from its place the distance at 0x%x would be too long".formatted(instruction.offset());
        } else {
            LittleEndian.putU32(bytes, at, (int) value);
        }
    }

    /**
     * Leads other code of the payload to the new place, where it branches into the function.
     *
     * @param other a function, linked; it is changed
     * @param address of it
     */
    void follow(MemorySegment other, long address) {
        for (long at = 0; at < other.byteSize() && obstacle.isEmpty(); ) {
            Optional<Instruction> decoded = ISA.decode(other, at);
            if (decoded.isEmpty()) {
                obstacle = "code at 0x%x, which may lead into it, is no instruction".formatted(address + at);
                return;
            }
            Instruction instruction = decoded.get();
            instruction.branchTarget(other).ifPresent(target -> {
                if (isInside(address + target - from)) {
                    change(other, instruction, instruction.immediateAt(), instruction.immediateBytes(), to - from);
                }
            });
            at = instruction.endOffset();
        }
    }
}
