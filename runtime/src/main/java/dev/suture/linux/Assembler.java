package dev.suture.linux;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes x86-64 machine code: the few instructions that {@link KeeperCode} is made of, on 64-bit registers unless said
 * otherwise. Memory is always addressed as a register plus 32 bits, and jumps always have 32 bits.
 *
 * @see "Intel SDM vol. 2"
 */
final class Assembler {
    /** In the order of their numbers. */
    enum Register {
        RAX,
        RCX,
        RDX,
        RBX,
        RSP,
        RBP,
        RSI,
        RDI,
        R8,
        R9,
        R10,
        R11,
        R12,
        R13,
        R14,
        R15
    }

    /** When a jump is taken, after a comparison: the operands are unsigned in ABOVE and BELOW, signed in LESS. */
    enum If {
        BELOW(0x82),
        NOT_BELOW(0x83),
        EQUAL(0x84),
        NOT_EQUAL(0x85),
        NOT_ABOVE(0x86),
        ABOVE(0x87),
        NEGATIVE(0x88),
        NOT_NEGATIVE(0x89),
        LESS(0x8c),
        GREATER(0x8f);

        private final int opcode;

        If(int opcode) {
            this.opcode = opcode;
        }
    }

    private static final int ADD = 0;
    private static final int AND = 4;
    private static final int SUB = 5;
    private static final int CMP = 7;

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();
    private final Map<String, Integer> labels = new HashMap<>();
    private final List<Jump> jumps = new ArrayList<>();

    private record Jump(int offset, String label) {}

    Assembler label(String name) {
        if (labels.put(name, code.size()) != null) {
            throw new IllegalStateException("the label %s is there twice".formatted(name));
        }
        return this;
    }

    /** {@return the offset of a label} */
    int offset(String label) {
        return labels.get(label);
    }

    private Assembler bytes(int... bytes) {
        for (int b : bytes) {
            code.write(b);
        }
        return this;
    }

    private Assembler word(int value) {
        return bytes(value, value >> 8, value >> 16, value >> 24);
    }

    // REX.W, the opcode and two registers; the second is the one that the rm field names.
    private Assembler registers(int opcode, int field, Register rm) {
        return bytes(0x48 | field >> 3 << 2 | rm.ordinal() >> 3, opcode, 0xc0 | (field & 7) << 3 | rm.ordinal() & 7);
    }

    private Assembler memory(boolean isWide, int opcode, int field, Register base, int offset) {
        bytes((isWide ? 0x48 : 0x40) | field >> 3 << 2 | base.ordinal() >> 3, opcode);
        bytes(0x80 | (field & 7) << 3 | base.ordinal() & 7);
        // The numbers of RSP and R12 stand for a scale byte that follows.
        if ((base.ordinal() & 7) == Register.RSP.ordinal()) {
            bytes(0x24);
        }
        return word(offset);
    }

    Assembler move(Register to, Register from) {
        return registers(0x89, from.ordinal(), to);
    }

    /** @param value is extended by its sign */
    Assembler move(Register to, int value) {
        return registers(0xc7, 0, to).word(value);
    }

    Assembler load(Register to, Register base, int offset) {
        return memory(true, 0x8b, to.ordinal(), base, offset);
    }

    /** Loads 32 bits; the upper half of the register becomes zero. */
    Assembler loadInt(Register to, Register base, int offset) {
        return memory(false, 0x8b, to.ordinal(), base, offset);
    }

    Assembler store(Register base, int offset, Register from) {
        return memory(true, 0x89, from.ordinal(), base, offset);
    }

    /** @param value is extended by its sign to 64 bits */
    Assembler store(Register base, int offset, int value) {
        return memory(true, 0xc7, 0, base, offset).word(value);
    }

    Assembler storeInt(Register base, int offset, int value) {
        return memory(false, 0xc7, 0, base, offset).word(value);
    }

    /** Makes a register the sum of another and a number. */
    Assembler address(Register to, Register base, int offset) {
        return memory(true, 0x8d, to.ordinal(), base, offset);
    }

    Assembler add(Register to, Register value) {
        return registers(0x01, value.ordinal(), to);
    }

    Assembler add(Register to, int value) {
        return registers(0x81, ADD, to).word(value);
    }

    Assembler sub(Register from, Register value) {
        return registers(0x29, value.ordinal(), from);
    }

    Assembler sub(Register from, int value) {
        return registers(0x81, SUB, from).word(value);
    }

    /** Makes a register the product of itself and a number. */
    Assembler multiply(Register to, int value) {
        return registers(0x69, to.ordinal(), to).word(value);
    }

    Assembler and(Register to, int value) {
        return registers(0x81, AND, to).word(value);
    }

    Assembler compare(Register left, Register right) {
        return registers(0x39, right.ordinal(), left);
    }

    Assembler compare(Register left, int value) {
        return registers(0x81, CMP, left).word(value);
    }

    Assembler compare(Register left, Register base, int offset) {
        return memory(true, 0x3b, left.ordinal(), base, offset);
    }

    /** Compares 64 bits of memory. */
    Assembler compare(Register base, int offset, int value) {
        return memory(true, 0x81, CMP, base, offset).word(value);
    }

    Assembler compareInt(Register base, int offset, int value) {
        return memory(false, 0x81, CMP, base, offset).word(value);
    }

    Assembler shiftLeft(Register register, int bits) {
        return registers(0xc1, 4, register).bytes(bits);
    }

    Assembler shiftRight(Register register, int bits) {
        return registers(0xc1, 5, register).bytes(bits);
    }

    /** {@code repe cmpsb}: compares RCX bytes, at least one, at RSI with those at RDI. */
    Assembler compareBytes() {
        return bytes(0xf3, 0xa6);
    }

    Assembler jump(String label) {
        return bytes(0xe9).to(label);
    }

    Assembler jump(If condition, String label) {
        return bytes(0x0f, condition.opcode).to(label);
    }

    Assembler call(String label) {
        return bytes(0xe8).to(label);
    }

    private Assembler to(String label) {
        jumps.add(new Jump(code.size(), label));
        return word(0);
    }

    Assembler ret() {
        return bytes(0xc3);
    }

    Assembler push(Register register) {
        return bytes(0x40 | register.ordinal() >> 3, 0x50 | register.ordinal() & 7);
    }

    Assembler pop(Register register) {
        return bytes(0x40 | register.ordinal() >> 3, 0x58 | register.ordinal() & 7);
    }

    /** Makes the system call of RAX; RCX and R11 are lost. */
    Assembler syscall() {
        return bytes(0x0f, 0x05);
    }

    /** {@return the code, with all jumps filled in} */
    byte[] assemble() {
        byte[] bytes = code.toByteArray();
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (Jump jump : jumps) {
            Integer target = labels.get(jump.label());
            if (target == null) {
                throw new IllegalStateException("there is no label " + jump.label());
            }
            buffer.putInt(jump.offset(), target - jump.offset() - 4);
        }
        return bytes;
    }
}
