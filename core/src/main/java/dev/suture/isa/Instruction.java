package dev.suture.isa;

import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * One decoded instruction: its extent, where it leads, and which of its bytes hold constants.
 *
 * <p>The displacement is the constant of a memory operand ({@code 8(%rax)}, {@code sym(%rip)}, and the whole address of
 * x86's {@code movabs}). The immediate is the constant operand; the distance of a relative branch counts as one, as it
 * stands where immediates do. Two immediates in a row ({@code enter}, {@code insertq}) are reported as one that covers
 * both. The opcode byte that 3DNow! puts last is part of the opcode and not reported.
 *
 * @param offset of its first byte in the code it was decoded from
 * @param sizeBytes at least 1; at most 15 on x86-64
 * @param flow where execution goes next
 * @param displacementAt in bytes from the instruction's start; 0 if there is none
 * @param displacementBytes 1, 4 or, for {@code movabs}, 8; 0 if there is none
 * @param immediateAt in bytes from the instruction's start; 0 if there is none
 * @param immediateBytes 1, 2, 3 ({@code enter}), 4 or 8; 0 if there is none
 * @param ripRelative whether the displacement is counted from the instruction's end. For branches this is false: that
 *     their immediate is counted from the end is what {@link Flow#CALL}, {@link Flow#JUMP} and {@link Flow#CONDITIONAL}
 *     say
 */
public record Instruction(
        long offset,
        int sizeBytes,
        Flow flow,
        int displacementAt,
        int displacementBytes,
        int immediateAt,
        int immediateBytes,
        boolean ripRelative) {

    /** Where execution goes after an instruction. */
    public enum Flow {
        /** To the instruction behind it. Also what asks the system or hypervisor something and comes back. */
        NEXT,
        /** To a distance in its immediate, and later back to the instruction behind it. */
        CALL,
        /** To a distance in its immediate. */
        JUMP,
        /** To a distance in its immediate or to the instruction behind it. */
        CONDITIONAL,
        /** To an address in a register or in memory, and later back to the instruction behind it. */
        INDIRECT_CALL,
        /** To an address in a register or in memory. */
        INDIRECT_JUMP,
        /** To an address from the stack, or from registers set aside for it (the returns from system calls). */
        RETURN,
        /** Nowhere, as far as the code can tell: on x86-64 {@code ud0}, {@code ud1}, {@code ud2}, {@code int3}, {@code hlt}. */
        TRAP
    }

    /** {@return the offset of the byte behind it, in the code it was decoded from} */
    public long endOffset() {
        return offset + sizeBytes;
    }

    /**
     * {@return where a relative branch leads, as an offset in the code it was decoded from; outside of it if the branch
     * leaves it. Empty for all else} In a relocatable file the distance is only right where no relocation changes it.
     *
     * @param code what it was decoded from
     */
    public OptionalLong branchTarget(MemorySegment code) {
        return switch (flow) {
            case CALL, JUMP, CONDITIONAL -> OptionalLong.of(endOffset() + distance(code));
            case NEXT, INDIRECT_CALL, INDIRECT_JUMP, RETURN, TRAP -> OptionalLong.empty();
        };
    }

    private long distance(MemorySegment code) {
        long at = offset + immediateAt;
        return switch (immediateBytes) {
            case 1 -> (byte) LittleEndian.u8(code, at);
            case 2 -> (short) LittleEndian.u16(code, at);
            case 4 -> LittleEndian.s32(code, at);
            default -> throw new IllegalStateException("a relative branch with %d bytes".formatted(immediateBytes));
        };
    }
}
