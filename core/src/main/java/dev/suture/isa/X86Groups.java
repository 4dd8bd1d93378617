package dev.suture.isa;

/**
 * Opcodes whose ModRM byte or prefixes decide what follows, or whether they are instructions at all: those with a G in
 * {@link X86OpcodeMaps}. The answers are letters of those maps, for what follows the ModRM byte and its displacement.
 *
 * @see "Intel SDM vol. 2, appendix A.4, table A-6, and A.2.5 for superscripts in the opcode maps"
 */
final class X86Groups {
    private static final char NOTHING = '.';
    private static final char BYTE = 'b';
    private static final char WORD = 'w';
    private static final char OPERAND_SIZE = 'z';
    private static final char INVALID = '-';

    /** ModRM of {@code xabort} after C6 and of {@code xbegin} after C7. */
    static final int MODRM_XBEGIN = 0xf8;

    private X86Groups() {}

    /** {@return what follows the ModRM byte of a one-byte opcode} */
    static char oneByte(int opcode, int modRm) {
        int reg = modRm >> 3 & 7;
        boolean memory = modRm < 0xc0;
        return switch (opcode) {
            case 0x8c -> validIf(reg < 6); // mov from a segment register, of which there are six
            case 0x8d -> validIf(memory); // lea
            case 0x8e -> validIf(reg < 6 && reg != 1); // mov to a segment register, but not to cs
            case 0x8f -> validIf(reg == 0); // pop; XOP is told apart before
            case 0xc6 -> reg == 0 || modRm == MODRM_XBEGIN ? BYTE : INVALID;
            case 0xc7 -> reg == 0 || modRm == MODRM_XBEGIN ? OPERAND_SIZE : INVALID;
            case 0xf6 -> reg < 2 ? BYTE : NOTHING; // test is the only one with an immediate
            case 0xf7 -> reg < 2 ? OPERAND_SIZE : NOTHING;
            case 0xfe -> validIf(reg < 2); // inc, dec
            case 0xff -> validIf(reg != 7 && (memory || reg != 3 && reg != 5)); // far branches take memory
            default -> throw new IllegalStateException("opcode %02x is not a group".formatted(opcode));
        };
    }

    /** {@return what follows the ModRM byte of an opcode after 0F} */
    static char twoByte(int opcode, int modRm, boolean operandSizePrefix, int repeatPrefix) {
        int reg = modRm >> 3 & 7;
        boolean memory = modRm < 0xc0;
        return switch (opcode) {
            case 0x00 -> validIf(reg < 6 || reg == 6 && repeatPrefix == 0xf2); // 6 is lkgs
            // Vmread, or with a prefix extrq and insertq, which have two immediates of a byte.
            case 0x78 -> operandSizePrefix || repeatPrefix == 0xf2 ? WORD : NOTHING;
            case 0xa6 -> validIf(!memory && reg < 4); // montmul, xsha
            case 0xa7 -> validIf(!memory && reg < 6); // xstore, xcrypt
            case 0xb8 -> validIf(repeatPrefix == 0xf3); // popcnt
            case 0xba -> reg >= 4 ? BYTE : INVALID; // bt, bts, btr, btc
            default -> throw new IllegalStateException("opcode 0f %02x is not a group".formatted(opcode));
        };
    }

    /**
     * {@return whether 3DNow! has an instruction with that opcode byte}
     *
     * @see "AMD64 APM vol. 3, appendix A, 3DNow! opcodes; 86 and 87 are from AMD's Geode"
     */
    static boolean is3dNow(int opcode) {
        return switch (opcode) {
            case 0x0c, 0x0d, 0x1c, 0x1d -> true;
            case 0x86, 0x87, 0x8a, 0x8e -> true;
            case 0x90, 0x94, 0x96, 0x97, 0x9a, 0x9e -> true;
            case 0xa0, 0xa4, 0xa6, 0xa7, 0xaa, 0xae -> true;
            case 0xb0, 0xb4, 0xb6, 0xb7, 0xbb, 0xbf -> true;
            default -> false;
        };
    }

    private static char validIf(boolean valid) {
        return valid ? NOTHING : INVALID;
    }
}
