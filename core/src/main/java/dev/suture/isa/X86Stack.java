package dev.suture.isa;

import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Follows rsp and rbp through one piece of code.
 *
 * @see "Intel SDM vol. 2, PUSH, POP, LEAVE, ADD, SUB, LEA, MOV"
 */
final class X86Stack {
    private static final int RSP = 1 << 4;
    private static final int RBP = 1 << 5;
    private static final int ADD = 0;
    private static final int SUB = 5;
    private static final int PUSH = 6;

    private final Instruction instruction;
    private final MemorySegment code;
    private final X86Operations x86;
    private final StackPlaces before;

    private X86Stack(Instruction instruction, MemorySegment code, X86Operations x86, StackPlaces before) {
        this.instruction = instruction;
        this.code = code;
        this.x86 = x86;
        this.before = before;
    }

    static StackPlaces after(Instruction instruction, MemorySegment code, StackPlaces before) {
        if (before.equals(StackPlaces.UNKNOWN) && instruction.flow() != Instruction.Flow.NEXT) {
            return before;
        }
        Optional<X86Operations> read = X86Operations.read(code.asSlice(instruction.offset(), instruction.sizeBytes()));
        return read.isEmpty() ? StackPlaces.UNKNOWN : new X86Stack(instruction, code, read.get(), before).after();
    }

    private StackPlaces after() {
        int opcode = x86.opcode();
        boolean pushes = opcode >= 0x50 && opcode < 0x58
                || opcode == 0x68
                || opcode == 0x6a
                || opcode == 0x9c
                || opcode == 0xff && x86.operator() == PUSH;
        boolean pops = opcode >= 0x58 && opcode < 0x60 || opcode == 0x9d || opcode == 0x8f;
        if ((pushes || pops) && x86.hasWordPrefix()) {
            return StackPlaces.UNKNOWN;
        }
        if (pushes) {
            return new StackPlaces(plus(before.pointer(), -Long.BYTES), before.frame());
        }
        if (pops) {
            int to = opcode == 0x8f || opcode == 0x9d ? 0 : x86.operation().writes();
            boolean isOther = opcode == 0x8f && x86.isRegister() || (to & RSP) != 0;
            return isOther
                    ? StackPlaces.UNKNOWN
                    : new StackPlaces(
                            plus(before.pointer(), Long.BYTES),
                            (to & RBP) != 0 ? OptionalLong.empty() : before.frame());
        }
        if (opcode == 0xc9) {
            return new StackPlaces(plus(before.frame(), Long.BYTES), OptionalLong.empty());
        }
        return instruction.flow() == Instruction.Flow.NEXT ? calculated() : before;
    }

    private StackPlaces calculated() {
        Operation operation = x86.operation();
        if (!operation.isKnown() || x86.opcode() == 0xc8) {
            return StackPlaces.UNKNOWN;
        }
        int writes = operation.writes();
        OptionalLong value = (writes & (RSP | RBP)) == 0 ? OptionalLong.empty() : value(operation);
        return new StackPlaces(
                (writes & RSP) == 0 ? before.pointer() : value, (writes & RBP) == 0 ? before.frame() : value);
    }

    private OptionalLong value(Operation operation) {
        int opcode = x86.opcode();
        if (!x86.isWide() || Integer.bitCount(operation.writes()) != 1) {
            return OptionalLong.empty();
        }
        boolean isMove = (opcode == 0x89 || opcode == 0x8b) && x86.isRegister();
        if (isMove) {
            return held(operation.keeps());
        }
        if (opcode == 0x8d) {
            return plus(
                    held(operation.through()), number(instruction.displacementAt(), instruction.displacementBytes()));
        }
        boolean isSum = (opcode == 0x81 || opcode == 0x83) && (x86.operator() == ADD || x86.operator() == SUB);
        if (!isSum) {
            return OptionalLong.empty();
        }
        long constant = number(instruction.immediateAt(), instruction.immediateBytes());
        return plus(held(operation.writes()), x86.operator() == ADD ? constant : -constant);
    }

    /** What the one register of a set holds. */
    private OptionalLong held(int register) {
        return register == RSP ? before.pointer() : register == RBP ? before.frame() : OptionalLong.empty();
    }

    private long number(int at, int sizeBytes) {
        long found = 0;
        for (int i = 0; i < sizeBytes; i++) {
            found |= (long) LittleEndian.u8(code, instruction.offset() + at + i) << 8 * i;
        }
        int shift = Long.SIZE - 8 * sizeBytes;
        return sizeBytes == 0 ? 0 : found << shift >> shift;
    }

    private static OptionalLong plus(OptionalLong place, long distance) {
        return place.isEmpty() ? place : OptionalLong.of(place.getAsLong() + distance);
    }
}
