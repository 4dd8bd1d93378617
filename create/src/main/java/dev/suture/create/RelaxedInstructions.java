package dev.suture.create;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Reference;
import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;

/**
 * Knows what linkers make of an instruction when what it refers to turns out to be near: {@code mov f@GOTPCREL(%rip), %rax}
 * becomes {@code lea f(%rip), %rax} or {@code mov $f, %rax}, {@code call *f@GOTPCREL(%rip)} becomes {@code addr32 call f},
 * and the calls for the address of a thread-local variable become a load of the thread pointer.
 *
 * @see "System V ABI, AMD64 Architecture Processor Supplement, B.2 Optimize GOTPCRELX Relocations"
 * @see "ELF Handling For Thread-Local Storage, 5.5 and 5.6, x86-64 linker optimizations"
 */
final class RelaxedInstructions {
    private static final int TLSGD = 19;
    private static final int TLSLD = 20;
    private static final int GOTTPOFF = 22;
    private static final Set<Integer> GOT_KINDS = Set.of(9, 41, 42);
    /** {@code mov %fs:0, %rax} */
    private static final int[] THREAD_POINTER = {0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0};

    private final BinaryReferences references;

    RelaxedInstructions(BinaryReferences references) {
        this.references = references;
    }

    /**
     * The code of a function.
     *
     * @param code as the object has it
     * @param binary as the program has it
     * @param address of its first byte in the program
     */
    record Both(MemorySegment code, MemorySegment binary, long address) {
        private int here(long at) {
            return LittleEndian.u8(code, at);
        }

        private int there(long at) {
            return LittleEndian.u8(binary, at);
        }

        boolean equal(long from, long to) {
            return from <= to
                    && Math.min(code.byteSize(), binary.byteSize()) >= to
                    && MemorySegment.mismatch(code, from, to, binary, from, to) < 0;
        }

        private boolean hasHere(long at, int... bytes) {
            return has(code, at, bytes);
        }

        private boolean hasThere(long at, int... bytes) {
            return has(binary, at, bytes);
        }

        private static boolean has(MemorySegment in, long at, int... bytes) {
            boolean same = at >= 0 && at + bytes.length <= in.byteSize();
            for (int i = 0; same && i < bytes.length; i++) {
                same = LittleEndian.u8(in, at + i) == bytes[i];
            }
            return same;
        }
    }

    /** {@return whether the program's instruction is made from that of the object, from {@code at} to {@code end}} */
    boolean isRelaxed(ObjectPieces object, Reference reference, Both both, long at, long end) {
        long field = reference.pieceOffset();
        int type = reference.relocation().type();
        boolean thread = type == GOTTPOFF;
        boolean known = thread || GOT_KINDS.contains(type);
        if (!known
                || field - 2 < at
                || field + 4 != end
                || end > both.binary().byteSize()
                || reference.relocation().addend() != -4) {
            return false;
        }
        int operation = both.here(field - 2);
        int operands = both.here(field - 1);
        if (operation == 0xff && !thread) {
            return both.equal(at, field - 2) && isNearBranch(object, reference, both, field, operands);
        }
        // Nothing but an operand relative to the instruction pointer is rewritten.
        return (operands & 0xc7) == 5 && isOtherOperand(object, reference, both, at, thread);
    }

    private boolean isNearBranch(ObjectPieces object, Reference reference, Both both, long field, int operands) {
        boolean call = operands == 0x15;
        boolean first = call
                && (both.there(field - 2) == 0x67 || both.there(field - 2) == 0x90)
                && both.there(field - 1) == 0xe8;
        boolean second = both.hasThere(field - 2, call ? 0xe8 : 0xe9) && both.there(field + 3) == 0x90;
        if (!first && !(second && (call || operands == 0x25))) {
            return false;
        }
        long distanceAt = first ? field : field - 1;
        long target = both.address() + distanceAt + 4 + LittleEndian.s32(both.binary(), distanceAt);
        return references.isAt(object, reference, target);
    }

    private boolean isOtherOperand(ObjectPieces object, Reference reference, Both both, long at, boolean thread) {
        long field = reference.pieceOffset();
        int operation = both.here(field - 2);
        int register = both.here(field - 1) >> 3 & 7;
        long value = LittleEndian.s32(both.binary(), field);
        boolean is = thread
                ? references.isThreadOffset(object, reference, value)
                : references.isAt(object, reference, value);
        if (operation == 0x8b
                && !thread
                && both.equal(at, field - 2)
                && both.hasThere(field - 2, 0x8d, both.here(field - 1))) {
            return references.isAt(object, reference, both.address() + field + 4 + value);
        }
        if (thread && operation == 0x03 && both.hasThere(field - 2, 0x8d, 0x80 | register << 3 | register)) {
            return is && hasPrefixes(both, at, field, prefix -> prefix | (prefix & 4) >> 2);
        }
        int immediate = switch (operation) {
            case 0x8b -> 0xc7_c0;
            case 0x85 -> 0xf7_c0;
            case 0x03, 0x0b, 0x13, 0x1b, 0x23, 0x2b, 0x33, 0x3b -> 0x81_c0 | operation & 0x38;
            default -> 0;
        };
        return is
                && immediate != 0
                && both.hasThere(field - 2, immediate >> 8, immediate & 0xff | register)
                && hasPrefixes(both, at, field, prefix -> prefix & ~4 | (prefix & 4) >> 2);
    }

    private interface OtherPrefix {
        int of(int prefix);
    }

    /** What the REX prefix says of the register moves from one of its bits to the other. */
    private static boolean hasPrefixes(Both both, long at, long field, OtherPrefix other) {
        long last = field - 3;
        if (last < at) {
            return true;
        }
        int prefix = both.here(last);
        boolean isRex = (prefix & 0xf0) == 0x40;
        return both.equal(at, last) && both.there(last) == (isRex ? other.of(prefix) : prefix);
    }

    /** {@return where a rewritten call for the address of a thread-local variable ends; {@code at} if there is none} */
    long endOfSequence(ObjectPieces object, List<Reference> own, Both both, long at) {
        for (Reference reference : own) {
            int type = reference.relocation().type();
            long field = reference.pieceOffset();
            if (type == TLSGD && !both.equal(at, field) && isGeneral(object, reference, both, field - 4)) {
                return field + 12;
            }
            if (type == TLSLD && !both.equal(at, field)) {
                long length = localSequence(both, field - 3);
                if (length > 0) {
                    return field - 3 + length;
                }
            }
        }
        return at;
    }

    private boolean isGeneral(ObjectPieces object, Reference reference, Both both, long start) {
        boolean call =
                both.hasHere(start + 8, 0x66, 0x66, 0x48, 0xe8) || both.hasHere(start + 8, 0x66, 0x48, 0xff, 0x15);
        if (!call
                || !both.hasHere(start, 0x66, 0x48, 0x8d, 0x3d)
                || !both.hasThere(start, THREAD_POINTER)
                || start + 16 > both.binary().byteSize()) {
            return false;
        }
        long value = LittleEndian.s32(both.binary(), start + 12);
        if (both.hasThere(start + 9, 0x48, 0x8d, 0x80)) {
            return references.isThreadOffset(object, reference, value);
        }
        return both.hasThere(start + 9, 0x48, 0x03, 0x05)
                && references.holdsThreadOffset(object, reference, both.address() + start + 16 + value);
    }

    private static long localSequence(Both both, long start) {
        if (!both.hasHere(start, 0x48, 0x8d, 0x3d)) {
            return 0;
        }
        boolean direct = both.hasHere(start + 7, 0xe8)
                && both.hasThere(start, 0x66, 0x66, 0x66)
                && both.hasThere(start + 3, THREAD_POINTER);
        boolean indirect = both.hasHere(start + 7, 0xff, 0x15)
                && both.hasThere(start, 0x66, 0x66, 0x66, 0x66)
                && both.hasThere(start + 4, THREAD_POINTER);
        return direct ? 12 : indirect ? 13 : 0;
    }
}
