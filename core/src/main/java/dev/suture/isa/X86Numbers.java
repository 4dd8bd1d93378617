package dev.suture.isa;

import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Tells what instructions make of whole numbers: comparisons with constants, moves, and what depends on flags.
 *
 * @see "Intel SDM vol. 1, appendix B, EFLAGS condition codes; vol. 2, CMP, TEST, MOV, MOVSX, MOVZX"
 */
final class X86Numbers {
    private static final int OR = 1;
    private static final int BTS = 5;
    private static final int SUB = 5;
    private static final int CMP = 7;
    private static final int LONGEST = Long.BYTES;

    private X86Numbers() {}

    private static Optional<X86Operations> read(Instruction instruction, MemorySegment code) {
        return X86Operations.read(code.asSlice(instruction.offset(), instruction.sizeBytes()));
    }

    static Optional<NumberTest> test(Instruction instruction, MemorySegment code) {
        return read(instruction, code).flatMap(x86 -> test(instruction, code, x86));
    }

    private static Optional<NumberTest> test(Instruction instruction, MemorySegment code, X86Operations x86) {
        int opcode = x86.opcode();
        boolean ofAccumulator = opcode == 0x3c || opcode == 0x3d || opcode == 0xa8 || opcode == 0xa9;
        boolean withConstant = opcode >= 0x80 && opcode <= 0x83 && opcode != 0x82 && x86.operator() == CMP
                || (opcode == 0xf6 || opcode == 0xf7) && x86.operator() <= 1;
        boolean withItself = (opcode == 0x84 || opcode == 0x85) && x86.isRegister() && x86.operand() == x86.register();
        if (!ofAccumulator && !withConstant && !withItself) {
            return Optional.empty();
        }
        if (!ofAccumulator && x86.isRegister() && x86.mayBeUpperByte() && x86.operator() >= 4 && withItself) {
            return Optional.empty();
        }
        boolean isAnd = withItself || opcode == 0xa8 || opcode == 0xa9 || opcode >= 0xf6;
        int register = ofAccumulator ? 1 : x86.operand();
        boolean isUpper = withConstant && x86.isRegister() && x86.mayBeUpperByte() && (register & 0xf) != 0;
        return isUpper && isUpperByte(instruction, code)
                ? Optional.empty()
                : Optional.of(new NumberTest(
                        isAnd, register, x86.operandBytes(), withItself ? -1 : constant(instruction, code)));
    }

    /** Without a prefix the operand of 80 and F6 is one of the upper bytes if ModRM ends in 4 or more. */
    private static boolean isUpperByte(Instruction instruction, MemorySegment code) {
        int modRmAt = instruction.immediateAt() - 1;
        return modRmAt <= 0 || (LittleEndian.u8(code, instruction.offset() + modRmAt) & 7) >= 4;
    }

    static long constant(Instruction instruction, MemorySegment code) {
        long value = 0;
        for (int i = 0; i < instruction.immediateBytes(); i++) {
            value |= (long) LittleEndian.u8(code, instruction.offset() + instruction.immediateAt() + i) << 8 * i;
        }
        return extended(value, instruction.immediateBytes());
    }

    /** {@return a number of some bytes with its sign} */
    private static long extended(long value, int sizeBytes) {
        int shift = Long.SIZE - 8 * Math.min(sizeBytes, LONGEST);
        return value << shift >> shift;
    }

    static Optional<Boolean> isTaken(Instruction conditional, MemorySegment code, NumberTest test, long number) {
        int opcode = read(conditional, code).map(X86Operations::opcode).orElse(0);
        boolean isKnown = opcode >= 0x70 && opcode < 0x80 || opcode >= 0x0f80 && opcode < 0x0f90;
        if (!isKnown || (opcode & 0xf) == 10 || (opcode & 0xf) == 11) {
            return Optional.empty();
        }
        long value = extended(number, test.sizeBytes());
        long constant = extended(test.constant(), test.sizeBytes());
        long result = extended(test.isAnd() ? value & constant : value - constant, test.sizeBytes());
        boolean carry = !test.isAnd() && Long.compareUnsigned(value, constant) < 0;
        boolean sign = result < 0;
        boolean overflow = !test.isAnd() && sign != value < constant;
        boolean isPlain = switch (opcode >> 1 & 7) {
            case 0 -> overflow;
            case 1 -> carry;
            case 2 -> result == 0;
            case 3 -> carry || result == 0;
            case 4 -> sign;
            case 6 -> sign != overflow;
            default -> result == 0 || sign != overflow;
        };
        return Optional.of(isPlain == ((opcode & 1) == 0));
    }

    static Optional<Move> move(Instruction instruction, MemorySegment code) {
        return read(instruction, code).flatMap(X86Numbers::move);
    }

    private static Optional<Move> move(X86Operations x86) {
        int bytes = x86.operandBytes();
        int from = x86.operand();
        boolean isPart = x86.isRegister() && (x86.isNarrow() || x86.opcode() == 0x0fb6 || x86.opcode() == 0x0fbe);
        // What a narrow move leaves in front is what was there.
        int whole = bytes >= 4 ? LONGEST : bytes;
        return switch (x86.opcode()) {
            case 0x8a, 0x8b ->
                isPart ? Optional.empty() : Optional.of(new Move(x86.register(), from, bytes, whole, false));
            case 0x88, 0x89 ->
                !x86.isRegister() || isPart
                        ? Optional.empty()
                        : Optional.of(new Move(x86.operand(), x86.register(), bytes, whole, false));
            case 0x86, 0x87 ->
                x86.isRegister() ? Optional.empty() : Optional.of(new Move(x86.register(), 0, bytes, whole, false));
            case 0x63 -> Optional.of(new Move(x86.register(), from, 4, LONGEST, true));
            case 0x0fb6, 0x0fb7, 0x0fbe, 0x0fbf -> {
                boolean isSigned = x86.opcode() >= 0x0fbe;
                int size = (x86.opcode() & 1) == 0 ? 1 : 2;
                yield isPart || x86.isRegister()
                        ? Optional.empty()
                        : Optional.of(
                                new Move(x86.register(), 0, size, isSigned && bytes < 8 ? bytes : LONGEST, isSigned));
            }
            default -> Optional.empty();
        };
    }

    static OptionalInt setsFlags(Instruction instruction, MemorySegment code) {
        Optional<X86Operations> read = read(instruction, code);
        if (read.isEmpty()) {
            return OptionalInt.of(0);
        }
        X86Operations x86 = read.get();
        Operation operation = x86.operation();
        if (!operation.isKnown()) {
            return OptionalInt.of(0);
        }
        if (leavesFlags(x86)) {
            return OptionalInt.empty();
        }
        int opcode = x86.opcode();
        boolean ofTwo = opcode >= 0x38 && opcode < 0x3c || opcode == 0x84 || opcode == 0x85 || opcode == 0x0fa3;
        boolean ofOne = opcode >= 0x80 && opcode <= 0x83 && x86.operator() == CMP
                || (opcode == 0xf6 || opcode == 0xf7) && x86.operator() <= 1
                || opcode == 0x0fba && x86.operator() == 4;
        boolean ofAccumulator = opcode == 0x3c || opcode == 0x3d || opcode == 0xa8 || opcode == 0xa9;
        return OptionalInt.of(
                ofTwo
                        ? x86.operand() | x86.register()
                        : ofOne ? x86.operand() : ofAccumulator ? 1 : operation.keeps() | operation.mixes());
    }

    private static boolean leavesFlags(X86Operations x86) {
        int opcode = x86.opcode();
        boolean isJumpOrPush = opcode >= 0x50 && opcode < 0x80 && opcode != 0x69 && opcode != 0x6b;
        boolean isMove = opcode >= 0x86 && opcode < 0x9d
                || opcode >= 0xa4 && opcode < 0xa6
                || opcode == 0xaa
                || opcode == 0xab
                || opcode >= 0xb0 && opcode < 0xc0
                || opcode == 0xc6
                || opcode == 0xc7
                || opcode == 0xc9
                || opcode == 0xe9
                || opcode == 0xeb;
        boolean isNot = (opcode == 0xf6 || opcode == 0xf7) && x86.operator() == 2;
        boolean isPush = opcode == 0xff && x86.operator() == 6;
        boolean isLong = opcode >= 0x0f40 && opcode < 0x0f50
                || opcode >= 0x0f80 && opcode < 0x0fa0
                || opcode >= 0x0f0d && opcode < 0x0f2a
                || opcode >= 0x0f50 && opcode < 0x0f80
                || opcode == 0x0fb6
                || opcode == 0x0fb7
                || opcode == 0x0fbe
                || opcode == 0x0fbf
                || opcode >= 0x0fc2;
        return isJumpOrPush || isMove || isNot || isPush || isLong;
    }

    static boolean dependsOnFlags(Instruction instruction, MemorySegment code) {
        Optional<X86Operations> read = read(instruction, code);
        int opcode = read.map(X86Operations::opcode).orElse(0);
        int operator = read.map(X86Operations::operator).orElse(0);
        boolean ofGroup = opcode >= 0x80 && opcode <= 0x83
                || opcode == 0xc0
                || opcode == 0xc1
                || opcode >= 0xd0 && opcode <= 0xd3;
        boolean carries = opcode >= 0x10 && opcode < 0x20 || ofGroup && (operator == 2 || operator == 3);
        boolean copies = opcode == 0x9c || opcode == 0x9f;
        return carries || copies || opcode >= 0x0f40 && opcode < 0x0f50 || opcode >= 0x0f90 && opcode < 0x0fa0;
    }

    static boolean setsBits(Instruction instruction, MemorySegment code) {
        return read(instruction, code)
                .filter(x86 -> x86.opcode() == 0x0d
                        || x86.opcode() == 0x0c
                        || x86.opcode() >= 0x80 && x86.opcode() <= 0x83 && x86.operator() == OR
                        || x86.opcode() == 0x0fba && x86.operator() == BTS)
                .isPresent();
    }

    static int counts(Instruction instruction, MemorySegment code) {
        return read(instruction, code)
                .map(x86 -> counts(instruction, code, x86))
                .orElse(0);
    }

    private static int counts(Instruction instruction, MemorySegment code, X86Operations x86) {
        int opcode = x86.opcode();
        if (opcode == 0xfe || opcode == 0xff) {
            return x86.operator() == 0 ? 1 : x86.operator() == 1 ? -1 : 0;
        }
        if (opcode == 0x8d) {
            long distance = 0;
            int size = instruction.displacementBytes();
            for (int i = 0; i < size; i++) {
                distance |=
                        (long) LittleEndian.u8(code, instruction.offset() + instruction.displacementAt() + i) << 8 * i;
            }
            return size == 0 || x86.hasIndex() ? 0 : Long.signum(extended(distance, size));
        }
        boolean adds = opcode == 0x04 || opcode == 0x05 || opcode >= 0x80 && opcode <= 0x83 && x86.operator() == 0;
        boolean takes = opcode == 0x2c || opcode == 0x2d || opcode >= 0x80 && opcode <= 0x83 && x86.operator() == SUB;
        int sign = adds || takes ? Long.signum(constant(instruction, code)) : 0;
        return takes ? -sign : sign;
    }

    static OptionalLong loaded(Instruction instruction, MemorySegment code) {
        Optional<X86Operations> read = read(instruction, code);
        if (read.isEmpty() || read.get().isNarrow()) {
            return OptionalLong.empty();
        }
        X86Operations x86 = read.get();
        int opcode = x86.opcode();
        boolean clears = (opcode == 0x31 || opcode == 0x33) && x86.isRegister() && x86.operand() == x86.register();
        boolean moves = opcode >= 0xb8 && opcode < 0xc0 || opcode == 0xc7 && x86.isRegister();
        return clears
                ? OptionalLong.of(0)
                : moves ? OptionalLong.of(constant(instruction, code)) : OptionalLong.empty();
    }

    static OptionalInt operandBytes(Instruction instruction, MemorySegment code) {
        Optional<X86Operations> read = read(instruction, code);
        return read.isEmpty() ? OptionalInt.empty() : X86Operands.of(read.get());
    }

    static boolean addsRegister(Instruction instruction, MemorySegment code) {
        return read(instruction, code).filter(X86Numbers::addsRegister).isPresent();
    }

    private static boolean addsRegister(X86Operations x86) {
        int opcode = x86.opcode();
        boolean adds = opcode < 4 || opcode >= 0x10 && opcode < 0x14;
        boolean takes = opcode >= 0x28 && opcode < 0x2c || opcode >= 0x18 && opcode < 0x1c;
        boolean exchanges = opcode == 0x0fc0 || opcode == 0x0fc1;
        boolean ofTwo = opcode == 0x8d && Integer.bitCount(x86.operation().through()) > 1;
        return adds || takes || exchanges || ofTwo;
    }

    static int storedRegister(Instruction instruction, MemorySegment code) {
        return read(instruction, code)
                .filter(x86 -> !x86.isRegister() && x86.opcode() >= 0x86 && x86.opcode() <= 0x89)
                .map(X86Operations::register)
                .orElse(0);
    }
}
