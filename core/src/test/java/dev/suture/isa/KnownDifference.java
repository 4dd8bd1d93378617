package dev.suture.isa;

import java.util.Optional;

/**
 * Where {@link Isa#decode} does not follow objdump (2.40), each with bytes for which it is so. No compiled code has them:
 * they were met in data between code (tables of libcrypto, strings in Xen's boot code) and by trying every opcode.
 */
enum KnownDifference {
    /** Segment registers 6 and 7 do not exist (Intel SDM vol. 2, MOV); objdump shows them as a question mark. */
    NO_SUCH_SEGMENT_REGISTER("8c b1 d5 d5 64 b1", "mov    %?,-0x4e9b2a2b(%rcx)"),
    /** Intel SDM vol. 2, MOV: loading CS raises #UD. */
    MOVE_TO_CODE_SEGMENT("8e c9", "mov    %ecx,%cs"),
    /** Intel SDM vol. 2, 2.3.2 and 2.3.3: 66, F2, F3, F0 or REX before VEX raises #UD; objdump shows it and goes on. */
    PREFIX_BEFORE_VEX("44 c5 08 14 11", "rex.R vunpcklps (%rcx),%xmm14,%xmm10"),
    /** Intel ignores 66 before a relative branch; AMD, and objdump, take 16 bits from it. Not decoded. */
    RELATIVE_BRANCH_OF_16_BITS("66 78 2d", "data16 js 0x30"),
    /** Intel SDM vol. 2, XBEGIN: the 16-bit distance counts from all of RIP; objdump cuts the target to 16 bits. */
    XBEGIN_OF_16_BITS("66 c7 f8 25 11", "xbeginw 0x112a"),
    /** ERETS and ERETU of FRED are newer than objdump, which takes them for CLAC. */
    RETURN_OF_FRED("f2 0f 01 ca", "repnz clac");

    private final String digits;
    private final String shown;

    KnownDifference(String digits, String shown) {
        this.digits = digits;
        this.shown = shown;
    }

    /** Bytes of an instruction, as two digits each. */
    String digits() {
        return digits;
    }

    /** What objdump shows for them. */
    String shown() {
        return shown;
    }

    /**
     * {@return which of them an instruction is}
     *
     * @param bytes of objdump's line
     * @param text of objdump's line
     */
    static Optional<KnownDifference> of(byte[] bytes, String text) {
        int at = 0;
        boolean operandSize = false;
        boolean beforeVex = false;
        int rex = 0;
        int value = bytes[at] & 0xff;
        while (at < bytes.length - 1 && isPrefix(value)) {
            operandSize |= value == 0x66;
            beforeVex |= value == 0x66 || value == 0xf0 || value == 0xf2 || value == 0xf3;
            rex = value >> 4 == 4 ? value : 0;
            value = bytes[++at] & 0xff;
        }
        if (text.contains("%?")) {
            return Optional.of(NO_SUCH_SEGMENT_REGISTER);
        }
        if (value == 0x8e && text.contains(",%cs")) {
            return Optional.of(MOVE_TO_CODE_SEGMENT);
        }
        boolean vex = value == 0xc4 || value == 0xc5 || value == 0x62 || value == 0x8f && !text.contains("pop");
        if (vex && (beforeVex || rex != 0)) {
            return Optional.of(PREFIX_BEFORE_VEX);
        }
        int second = at + 1 < bytes.length ? bytes[at + 1] & 0xff : 0;
        if (operandSize && value == 0xc7 && second == X86Groups.MODRM_XBEGIN) {
            return Optional.of(XBEGIN_OF_16_BITS);
        }
        if (operandSize && (rex & 8) == 0 && isRelativeBranch(value, second)) {
            return Optional.of(RELATIVE_BRANCH_OF_16_BITS);
        }
        return text.endsWith("clac") ? Optional.of(RETURN_OF_FRED) : Optional.empty();
    }

    private static boolean isPrefix(int value) {
        return switch (value) {
            case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3 -> true;
            default -> value >> 4 == 4;
        };
    }

    private static boolean isRelativeBranch(int opcode, int second) {
        return switch (opcode) {
            case 0x0f -> second >> 4 == 8;
            case 0xe0, 0xe1, 0xe2, 0xe3, 0xe8, 0xe9, 0xeb -> true;
            default -> opcode >> 4 == 7;
        };
    }
}
