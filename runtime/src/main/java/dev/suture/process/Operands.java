package dev.suture.process;

import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * One instruction of x86-64, taken apart as far as the stack pointer is concerned.
 *
 * @param opcode with 0x0f00 added where it has two bytes, and 0xf30000 if such a one is repeated; -1 for those of vectors
 * @param form how the second operand is addressed, 3 for a register; -1 without operands
 * @param register the first operand, numbered with its prefix; -1 without operands
 * @param other the second operand or the register that it is addressed by, or that which is in the opcode; -1 if there is
 *     none
 * @param isIndexed whether another register is added to the address
 * @param displacement what is added to the address, in bytes
 * @param immediate the constant; 0 if there is none
 * @see "Intel SDM vol. 2, 2.1 Instruction Format, appendix A Opcode Map"
 */
record Operands(int opcode, int form, int register, int other, boolean isIndexed, int displacement, int immediate) {
    static final int STACK_POINTER = 4;
    static final int FRAME_POINTER = 5;

    private static final int REGISTER_FORM = 3;
    private static final Set<Integer> LEGACY_PREFIXES =
            Set.of(0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3);

    boolean isToRegister(int number) {
        return form >= 0 && register == number;
    }

    boolean isToOther(int number) {
        return form == REGISTER_FORM && other == number;
    }

    /** {@return whether it copies one register to another} */
    boolean isMove() {
        return (opcode == 0x89 || opcode == 0x8b) && form == REGISTER_FORM;
    }

    /** {@return whether it puts an address into a register that is that of another one with a constant added} */
    boolean isAddress() {
        return opcode == 0x8d && !isIndexed && other >= 0;
    }

    /** {@return the register that a move or an address goes to; -1 if that is none} */
    int destination() {
        if (opcode == 0x89) {
            return form == REGISTER_FORM ? other : -1;
        }
        return register;
    }

    /** {@return the register that a move takes} */
    int source() {
        return opcode == 0x89 ? register : other;
    }

    /** Takes an instruction apart. */
    static Operands of(Instruction instruction, MemorySegment code) {
        long at = instruction.offset();
        long end = instruction.endOffset();
        int opcode = LittleEndian.u8(code, at++);
        int repeat = 0;
        while (LEGACY_PREFIXES.contains(opcode) && at < end) {
            repeat = opcode == 0xf3 ? 0xf30000 : repeat;
            opcode = LittleEndian.u8(code, at++);
        }
        int prefix = 0;
        if ((opcode & 0xf0) == 0x40 && at < end) {
            prefix = opcode;
            opcode = LittleEndian.u8(code, at++);
        }
        boolean isVector = (opcode == 0xc5 || opcode == 0xc4 || opcode == 0x62) && at < end;
        if (opcode == 0x0f && at < end) {
            opcode = repeat | 0x0f00 | LittleEndian.u8(code, at++);
        }
        int immediate = constant(instruction, code, instruction.immediateAt(), instruction.immediateBytes());
        if (isVector || !hasOperands(opcode) || at >= end) {
            int low = opcode & 7 | (prefix & 1) << 3;
            return new Operands(isVector ? -1 : opcode, -1, -1, low, false, 0, immediate);
        }
        int operands = LittleEndian.u8(code, at++);
        int form = operands >>> 6;
        int other = operands & 7;
        boolean isIndexed = false;
        if (form != REGISTER_FORM && other == 4 && at < end) {
            int scaled = LittleEndian.u8(code, at);
            isIndexed = (scaled >>> 3 & 7 | (prefix & 2) << 2) != 4;
            other = scaled & 7;
        }
        boolean isAbsolute = form == 0 && other == FRAME_POINTER;
        return new Operands(
                opcode,
                form,
                operands >>> 3 & 7 | (prefix & 4) << 1,
                isAbsolute ? -1 : other | (prefix & 1) << 3,
                isIndexed,
                constant(instruction, code, instruction.displacementAt(), instruction.displacementBytes()),
                immediate);
    }

    private static int constant(Instruction instruction, MemorySegment code, int at, int sizeBytes) {
        return switch (sizeBytes) {
            case 1 -> (byte) LittleEndian.u8(code, instruction.offset() + at);
            case 4 -> LittleEndian.s32(code, instruction.offset() + at);
            default -> 0;
        };
    }

    private static boolean hasOperands(int opcode) {
        if (opcode >= 0x0f00) {
            return true;
        }
        boolean isArithmetic = opcode < 0x40 && (opcode & 7) < 4;
        boolean isShift = opcode >= 0xd0 && opcode < 0xd4 || opcode == 0xc0 || opcode == 0xc1;
        return isArithmetic
                || isShift
                || opcode == 0x63
                || opcode == 0x69
                || opcode == 0x6b
                || opcode >= 0x80 && opcode < 0x90
                || opcode == 0xc6
                || opcode == 0xc7
                || opcode == 0xf6
                || opcode == 0xf7
                || opcode == 0xfe
                || opcode == 0xff;
    }
}
