package dev.suture.isa;

import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction.Flow;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Finds the size and the constants of one instruction in 64-bit mode.
 *
 * <p>An instruction is prefixes, opcode, ModRM, SIB, displacement, immediate, all but the opcode optional, together at
 * most 15 bytes. The opcode, looked up in one of the {@link X86OpcodeMaps}, says what follows it. In {@code 66 41 c7 44
 * 24 08 34 12}, {@code movw $0x1234, 8(%r12)}: 66 makes operands 16 bits, 41 is REX, opcode c7 has ModRM and an
 * immediate of the operand size, ModRM 44 asks for SIB (24) and one byte of displacement (08), and 34 12 is the
 * immediate.
 *
 * <p>All instructions that exist come out with their right size. Of the bytes that are no instruction, not all are
 * found: an opcode that exists only with another prefix, vector length or register passes as what it resembles.
 *
 * <p>Two choices where makers or tools differ. {@code fwait} is an instruction of its own also in front of x87 ones. A
 * relative branch with prefix 66 is not decoded: AMD takes two bytes of distance and a 16-bit instruction pointer, Intel
 * ignores the prefix, and compilers do not make it. (With REX.W, as in calls of {@code __tls_get_addr}, both ignore it.)
 *
 * @see "Intel SDM vol. 2, chapter 2, Instruction Format; AMD64 APM vol. 3, chapter 1"
 */
final class X86Decoder {
    private static final int MAX_INSTRUCTION_BYTES = 15;
    private static final int REX_W = 8;

    private final MemorySegment code;
    private final long offset;
    private final int limit;
    /** The first eight bytes, with zeros past the end: most instructions have no more, and one access is quicker than eight. */
    private final long first;

    /** Bytes consumed; more than {@code limit} once the instruction turned out not to fit. */
    private int position;

    private boolean operandSizePrefix;
    private boolean addressSizePrefix;
    private boolean lockPrefix;
    /** F2, F3 or 0, the last one of several. */
    private int repeatPrefix;
    /** 0x40 to 0x4f, or 0 if there is none directly before the opcode. */
    private int rex;

    private Flow flow = Flow.NEXT;
    private int modRm;
    private int displacementAt;
    private int displacementBytes;
    private int immediateBytes;
    private boolean ripRelative;

    X86Decoder(MemorySegment code, long offset) {
        this.code = code;
        this.offset = offset;
        this.limit = (int) Math.min(MAX_INSTRUCTION_BYTES, code.byteSize() - offset);
        this.first = first();
    }

    private long first() {
        if (limit >= Long.BYTES) {
            return LittleEndian.u64(code, offset);
        }
        long bytes = 0;
        for (int i = 0; i < limit; i++) {
            bytes |= (long) LittleEndian.u8(code, offset + i) << 8 * i;
        }
        return bytes;
    }

    Optional<Instruction> decode() {
        int opcode = prefixesAndOpcode();
        boolean valid = switch (opcode) {
            case 0x0f -> escaped();
            case 0x62 -> evex();
            case 0xc4, 0xc5 -> vex(opcode);
            // Pop has reg 0 and thus at most 7 in the five bits that XOP counts its maps in, from 8 on.
            case 0x8f -> (peek() & 0x1f) >= 8 ? xop() : oneByte(opcode);
            default -> oneByte(opcode);
        };
        int immediateAt = position;
        position += immediateBytes;
        if (!valid || position > limit) {
            return Optional.empty();
        }
        return Optional.of(new Instruction(
                offset,
                position,
                flow,
                displacementBytes == 0 ? 0 : displacementAt,
                displacementBytes,
                immediateBytes == 0 ? 0 : immediateAt,
                immediateBytes,
                ripRelative));
    }

    /** {@return the byte at the position, which moves on; past the end 0} */
    private int next() {
        int value = peek();
        position++;
        return value;
    }

    private int peek() {
        if (position < Long.BYTES) {
            return (int) (first >>> 8 * position) & 0xff;
        }
        return position < limit ? LittleEndian.u8(code, offset + position) : 0;
    }

    private int prefixesAndOpcode() {
        while (true) {
            int value = next();
            switch (value) {
                case 0x66 -> operandSizePrefix = true;
                case 0x67 -> addressSizePrefix = true;
                case 0xf2, 0xf3 -> repeatPrefix = value;
                case 0xf0 -> lockPrefix = true;
                case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 -> {}
                default -> {
                    if (value >> 4 != 4) {
                        return value;
                    }
                    rex = value;
                    continue;
                }
            }
            rex = 0; // Only counts directly before the opcode.
        }
    }

    private boolean oneByte(int opcode) {
        char form = X86OpcodeMaps.ONE_BYTE.charAt(opcode);
        if (form == 'G') {
            modRm();
            form = X86Groups.oneByte(opcode, modRm);
        }
        flow = oneByteFlow(opcode);
        return operands(form);
    }

    private Flow oneByteFlow(int opcode) {
        return switch (opcode) {
            case 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77 -> Flow.CONDITIONAL;
            case 0x78, 0x79, 0x7a, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f -> Flow.CONDITIONAL;
            case 0xc2, 0xc3, 0xca, 0xcb, 0xcf -> Flow.RETURN;
            case 0xc7 -> modRm == X86Groups.MODRM_XBEGIN ? Flow.CONDITIONAL : Flow.NEXT;
            case 0xcc, 0xf4 -> Flow.TRAP;
            case 0xe0, 0xe1, 0xe2, 0xe3 -> Flow.CONDITIONAL;
            case 0xe8 -> Flow.CALL;
            case 0xe9, 0xeb -> Flow.JUMP;
            case 0xff ->
                switch (modRm >> 3 & 7) {
                    case 2, 3 -> Flow.INDIRECT_CALL;
                    case 4, 5 -> Flow.INDIRECT_JUMP;
                    default -> Flow.NEXT;
                };
            default -> Flow.NEXT;
        };
    }

    /** What follows 0F. */
    private boolean escaped() {
        int opcode = next();
        if (opcode == 0x38) {
            return operands(X86OpcodeMaps.THREE_BYTE_38.charAt(next()));
        }
        if (opcode == 0x3a) {
            return operands(X86OpcodeMaps.THREE_BYTE_3A.charAt(next()));
        }
        char form = X86OpcodeMaps.TWO_BYTE.charAt(opcode);
        if (form == 'G') {
            modRm();
            form = X86Groups.twoByte(opcode, modRm, operandSizePrefix, repeatPrefix);
        }
        boolean valid = operands(form);
        flow = twoByteFlow(opcode);
        return valid;
    }

    private Flow twoByteFlow(int opcode) {
        return switch (opcode) {
            // Group 7: erets and eretu of FRED, uiret of user interrupts.
            case 0x01 ->
                modRm == 0xca && repeatPrefix != 0 || modRm == 0xec && repeatPrefix == 0xf3 ? Flow.RETURN : Flow.NEXT;
            case 0x07, 0x35, 0xaa -> Flow.RETURN; // sysret, sysexit, rsm
            case 0x0b, 0xb9, 0xff -> Flow.TRAP; // ud2, ud1, ud0
            case 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87 -> Flow.CONDITIONAL;
            case 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f -> Flow.CONDITIONAL;
            default -> Flow.NEXT;
        };
    }

    /** C5 and one byte, or C4 and two, stand for prefixes, REX and escape bytes; the former always for map 1. */
    private boolean vex(int first) {
        int map = 1;
        if (first == 0xc4) {
            map = next() & 0x1f;
        }
        next(); // register, vector length, implied prefix
        return vectorMap(map) && map <= 3;
    }

    /** AMD's 8F and two bytes, like C4's. */
    private boolean xop() {
        int map = next() & 0x1f;
        next();
        next(); // the opcode: all of a map have the same form
        modRm();
        switch (map) {
            case 8 -> immediateBytes = 1;
            case 9 -> immediateBytes = 0;
            case 10 -> immediateBytes = 4;
            default -> {
                return false;
            }
        }
        return mayHaveVectorPrefix();
    }

    /** 62 and three bytes. */
    private boolean evex() {
        int payload0 = next();
        int payload1 = next();
        next();
        // The fixed bits of the first two bytes; APX gives them a meaning.
        boolean fixedBits = (payload0 & 8) == 0 && (payload1 & 4) != 0;
        return vectorMap(payload0 & 7) && fixedBits;
    }

    /** The opcode and what follows, in a map numbered as VEX and EVEX do: 1 is 0F, 2 is 0F38, 3 is 0F3A, 5 and 6 new. */
    private boolean vectorMap(int map) {
        int opcode = next();
        return mayHaveVectorPrefix()
                && switch (map) {
                    case 1 -> operands(X86OpcodeMaps.VEX_0F.charAt(opcode));
                    case 2, 5, 6 -> operands('M');
                    case 3 -> operands('B');
                    default -> false;
                };
    }

    /** Intel SDM vol. 2, 2.3.2 and 2.3.3: with these prefixes before it, VEX raises #UD; so do EVEX and XOP. */
    private boolean mayHaveVectorPrefix() {
        return !operandSizePrefix && !lockPrefix && repeatPrefix == 0 && rex == 0;
    }

    /** Consumes what a letter of {@link X86OpcodeMaps} stands for, except for the bytes of the immediate. */
    private boolean operands(char form) {
        switch (form) {
            case '.' -> {}
            case 'b' -> immediateBytes = 1;
            case 'w' -> immediateBytes = 2;
            case 'e' -> immediateBytes = 3;
            case 'z' -> immediateBytes = Math.min(4, operandBytes());
            case 'v' -> immediateBytes = operandBytes();
            case 'j' -> immediateBytes = 1;
            case 'J' -> immediateBytes = 4;
            case 'a' -> displacement(addressSizePrefix ? 4 : 8);
            case 'M' -> modRm();
            case 'R' -> modRm = next();
            case 'B' -> {
                modRm();
                immediateBytes = 1;
            }
            case 'Z' -> {
                modRm();
                immediateBytes = Math.min(4, operandBytes());
            }
            case 'N' -> {
                modRm();
                return X86Groups.is3dNow(next());
            }
            case '-' -> {
                return false;
            }
            default -> throw new IllegalStateException("opcode form " + form);
        }
        return (form != 'j' && form != 'J') || !operandSizePrefix || (rex & REX_W) != 0;
    }

    private int operandBytes() {
        if ((rex & REX_W) != 0) {
            return 8;
        }
        return operandSizePrefix ? 2 : 4;
    }

    /** ModRM and what it asks for: Intel SDM vol. 2, tables 2-2 and 2-3, and 2.2.1.6 for RIP-relative addressing. */
    private void modRm() {
        modRm = next();
        int mode = modRm >> 6;
        int register = modRm & 7;
        if (mode == 3) {
            return;
        }
        boolean withSib = register == 4;
        int base = withSib ? next() & 7 : register;
        if (mode == 0 && base == 5) {
            ripRelative = !withSib;
            displacement(4);
        } else if (mode == 1) {
            displacement(1);
        } else if (mode == 2) {
            displacement(4);
        }
    }

    private void displacement(int sizeBytes) {
        displacementAt = position;
        displacementBytes = sizeBytes;
        position += sizeBytes;
    }
}
