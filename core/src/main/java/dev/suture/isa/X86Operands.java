package dev.suture.isa;

import java.util.OptionalInt;

/**
 * How long the operands of instructions are that are in memory.
 *
 * @see "Intel SDM vol. 2, the pages of the instructions"
 */
final class X86Operands {
    private static final int LONGEST = 16;

    private X86Operands() {}

    /** {@return how many bytes of memory the operand is; empty if that is not known} */
    static OptionalInt of(X86Operations x86) {
        int opcode = x86.opcode();
        int second = opcode & 0xff;
        if (x86.isRegister()) {
            return OptionalInt.empty();
        }
        if (opcode < 0x40) {
            return (opcode & 7) < 4 ? OptionalInt.of(x86.operandBytes()) : OptionalInt.empty();
        }
        if (opcode < 0x0f00) {
            return switch (opcode) {
                case 0x63 -> OptionalInt.of(4);
                case 0x69, 0x6b, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b ->
                    OptionalInt.of(x86.operandBytes());
                case 0xc0, 0xc1, 0xc6, 0xc7, 0xd0, 0xd1, 0xd2, 0xd3, 0xf6, 0xf7, 0xfe ->
                    OptionalInt.of(x86.operandBytes());
                case 0xff -> OptionalInt.of(x86.operator() < 2 ? x86.operandBytes() : Long.BYTES);
                default -> OptionalInt.empty();
            };
        }
        return switch (second) {
            case 0xb6, 0xbe -> OptionalInt.of(1);
            case 0xb7, 0xbf -> OptionalInt.of(2);
            case 0xa4, 0xa5, 0xac, 0xad, 0xaf, 0xb0, 0xb1, 0xb8, 0xba, 0xbc, 0xbd, 0xc0, 0xc1, 0xc3 ->
                OptionalInt.of(x86.operandBytes());
            default ->
                second >= 0x40 && second < 0x50 || second >= 0x90 && second < 0xa0
                        ? OptionalInt.of(x86.operandBytes())
                        : ofVector(x86, second);
        };
    }

    private static OptionalInt ofVector(X86Operations x86, int second) {
        int repeat = x86.repeat();
        int ofPrefix = repeat == 0xf3 ? Integer.BYTES : repeat == 0xf2 ? Long.BYTES : LONGEST;
        return switch (second) {
            case 0x10, 0x11 -> OptionalInt.of(ofPrefix);
            case 0x28, 0x29, 0x2b, 0xe7 ->
                x86.hasWordPrefix() || second != 0xe7 ? OptionalInt.of(LONGEST) : OptionalInt.of(8);
            case 0x12, 0x13, 0x16, 0x17, 0xd6 -> repeat == 0 ? OptionalInt.of(Long.BYTES) : OptionalInt.empty();
            case 0x6f, 0x7f -> OptionalInt.of(x86.hasWordPrefix() || repeat == 0xf3 ? LONGEST : Long.BYTES);
            case 0x2e, 0x2f -> OptionalInt.of(x86.hasWordPrefix() ? Long.BYTES : Integer.BYTES);
            case 0x2a -> repeat == 0 ? OptionalInt.of(Long.BYTES) : OptionalInt.of(x86.operandBytes());
            case 0x6e -> OptionalInt.of(x86.isWide() ? Long.BYTES : Integer.BYTES);
            case 0x7e -> OptionalInt.of(repeat == 0xf3 || x86.isWide() ? Long.BYTES : Integer.BYTES);
            case 0x51, 0x58, 0x59, 0x5c, 0x5d, 0x5e, 0x5f -> OptionalInt.of(ofPrefix);
            case 0x5a -> repeat == 0 ? OptionalInt.empty() : OptionalInt.of(ofPrefix);
            default -> OptionalInt.empty();
        };
    }
}
