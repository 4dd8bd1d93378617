package dev.suture.isa;

import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;

/**
 * Tells padding from code.
 *
 * <p>Gas and compilers fill with 90, 66 90, {@code nopl} and {@code nopw} (0F 1F /0) under up to ten prefixes; linkers
 * with 90 or {@code int3}; older assemblers with {@code lea 0(%rsi),%rsi}.
 *
 * @see "Intel SDM vol. 2, NOP; binutils' output for .p2align in 64-bit code"
 */
final class X86Padding {
    private static final int REX_W = 8;
    private static final int REX_R = 4;
    private static final int REX_X = 2;
    private static final int REX_B = 1;

    private X86Padding() {}

    /**
     * @param bytes all of the instruction and nothing else
     * @param instruction decoded from them; its offset does not matter
     */
    static boolean isPadding(MemorySegment bytes, Instruction instruction) {
        int position = 0;
        int rex = 0;
        boolean addressSizePrefix = false;
        while (true) {
            int value = LittleEndian.u8(bytes, position++);
            switch (value) {
                case 0x66, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 -> rex = 0;
                case 0x67 -> {
                    rex = 0;
                    addressSizePrefix = true;
                }
                case 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47 -> rex = value;
                case 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f -> rex = value;
                case 0xcc -> {
                    return true;
                }
                case 0x90 -> {
                    return (rex & REX_B) == 0; // With it, xchg of r8 and rax.
                }
                case 0x0f -> {
                    return isLongNop(bytes, position) && !X86_64.isPoison(bytes);
                }
                case 0x8d -> {
                    return !addressSizePrefix && keepsItsRegister(bytes, position, rex, instruction);
                }
                default -> {
                    return false;
                }
            }
        }
    }

    private static boolean isLongNop(MemorySegment bytes, int position) {
        return LittleEndian.u8(bytes, position) == 0x1f && (LittleEndian.u8(bytes, position + 1) >> 3 & 7) == 0;
    }

    /** Whether lea computes the 64-bit register it writes, plus zero. Of 32 bits it would clear the upper half. */
    private static boolean keepsItsRegister(MemorySegment bytes, int position, int rex, Instruction instruction) {
        int modRm = LittleEndian.u8(bytes, position);
        int base = modRm & 7;
        boolean withIndex = false;
        if (base == 4) {
            int sib = LittleEndian.u8(bytes, position + 1);
            base = sib & 7;
            withIndex = (sib >> 3 & 7) != 4 || (rex & REX_X) != 0;
        }
        boolean withoutBase = modRm >> 6 == 0 && base == 5;
        if ((rex & REX_W) == 0 || withIndex || withoutBase) {
            return false;
        }
        for (int at = 0; at < instruction.displacementBytes(); at++) {
            if (LittleEndian.u8(bytes, instruction.displacementAt() + at) != 0) {
                return false;
            }
        }
        int written = (modRm >> 3 & 7) + ((rex & REX_R) != 0 ? 8 : 0);
        return written == base + ((rex & REX_B) != 0 ? 8 : 0);
    }
}
