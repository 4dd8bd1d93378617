package dev.suture.isa;

/**
 * What follows the opcode in 64-bit mode, one letter per opcode, sixteen opcodes a row.
 *
 * <pre>
 * -  no instruction in 64-bit mode, or a byte that is never looked up here (prefix, escape)
 * .  nothing
 * b  immediate of 1 byte            B  ModRM, then b
 * z  immediate of the operand size, but at most 4 bytes
 *                                   Z  ModRM, then z
 * v  immediate of the operand size (2, 4 or 8 bytes)
 * w  immediate of 2 bytes
 * e  immediates of 2 and of 1 byte
 * a  address of the address size (4 or 8 bytes)
 * j  distance of 1 byte
 * J  distance of 4 bytes
 * M  ModRM
 * R  ModRM that names a register whatever its mode bits say
 * N  ModRM, then an opcode byte of 3DNow!
 * G  ModRM, and what it says or the prefixes decide ({@link X86Groups})
 * </pre>
 *
 * @see "Intel SDM vol. 2, appendix A, tables; AMD64 APM vol. 3, appendix A"
 */
final class X86OpcodeMaps {
    /** Opcodes of one byte. */
    static final String ONE_BYTE = map(
            "MMMM bz-- MMMM bz--", // 00 add, or
            "MMMM bz-- MMMM bz--", // 10 adc, sbb
            "MMMM bz-- MMMM bz--", // 20 and, sub
            "MMMM bz-- MMMM bz--", // 30 xor, cmp
            "---- ---- ---- ----", // 40 REX
            ".... .... .... ....", // 50 push, pop
            "---M ---- zZbB ....", // 60 movsxd, push, imul, ins, outs
            "jjjj jjjj jjjj jjjj", // 70 jcc
            "BZ-B MMMM MMMM GGGG", // 80 group 1, test, xchg, mov, lea, pop
            ".... .... ..-. ....", // 90 xchg, cbw, cwd, fwait, pushf, popf, sahf, lahf
            "aaaa .... bz.. ....", // a0 mov, movs, cmps, test, stos, lods, scas
            "bbbb bbbb vvvv vvvv", // b0 mov
            "BBw. --GG e.w. .b-.", // c0 shifts, ret, mov, enter, leave, retf, int, iret
            "MMMM ---. MMMM MMMM", // d0 shifts, xlat, x87
            "jjjj bbbb JJ-j ....", // e0 loop, jrcxz, in, out, call, jmp
            "-.-- ..GG .... ..GG"); // f0 int1, hlt, cmc, groups 3, 4 and 5

    /** Opcodes after 0F. */
    static final String TWO_BYTE = map(
            "GMMM -... ..-. -M.N", // 00 groups 6 and 7, lar, lsl, syscall, clts, sysret, ..., ud2, prefetchw, femms
            "MMMM MMMM MMMM MMMM", // 10 mov of vectors, hints
            "RRRR ---- MMMM MMMM", // 20 mov of control and debug registers, conversions
            ".... ..-. ---- ----", // 30 wrmsr, rdtsc, rdmsr, rdpmc, sysenter, sysexit, getsec
            "MMMM MMMM MMMM MMMM", // 40 cmov
            "MMMM MMMM MMMM MMMM", // 50
            "MMMM MMMM MMMM MMMM", // 60
            "BBBB MMM. GM-- MMMM", // 70 pshuf, groups 12 to 14, pcmpeq, emms, vmread (also extrq, insertq), vmwrite
            "JJJJ JJJJ JJJJ JJJJ", // 80 jcc
            "MMMM MMMM MMMM MMMM", // 90 setcc
            "...M BMGG ...M BMMM", // a0 push, pop, cpuid, bt, shld, padlock, rsm, bts, shrd, group 15, imul
            "MMMM MMMM GMGM MMMM", // b0 cmpxchg, btr, movzx, popcnt, ud1, group 8, btc, bsf, bsr, movsx
            "MMBM BBBM .... ....", // c0 xadd, cmpps, movnti, pinsrw, pextrw, shufps, group 9, bswap
            "MMMM MMMM MMMM MMMM", // d0
            "MMMM MMMM MMMM MMMM", // e0
            "MMMM MMMM MMMM MMMM"); // f0, at its end ud0

    /** Opcodes after 0F 38. */
    static final String THREE_BYTE_38 = map(
            "MMMM MMMM MMMM ----", // 00
            "M--- MM-M ---- MMM-", // 10
            "MMMM MM-- MMMM ----", // 20
            "MMMM MM-M MMMM MMMM", // 30
            "MM-- ---- ---- ----", // 40
            "---- ---- ---- ----", // 50
            "---- ---- ---- ----", // 60
            "---- ---- ---- ----", // 70
            "MMM- ---- ---- ----", // 80 invept, invvpid, invpcid
            "---- ---- ---- ----", // 90
            "---- ---- ---- ----", // a0
            "---- ---- ---- ----", // b0
            "---- ---- MMMM MM-M", // c0 sha, gf2p8mulb
            "---- ---- M--M MMMM", // d0 aes, key locker
            "---- ---- ---- ----", // e0
            "MM-- -MM- MMMM M---"); // f0 movbe, crc32, wruss, adcx, movdir64b, movdiri, encodekey, aadd

    /** Opcodes after 0F 3A. */
    static final String THREE_BYTE_3A = map(
            "---- ---- BBBB BBBB", // 00
            "---- BBBB ---- ----", // 10
            "BBB- ---- ---- ----", // 20
            "---- ---- ---- ----", // 30
            "BBB- B--- ---- ----", // 40
            "---- ---- ---- ----", // 50
            "BBBB ---- ---- ----", // 60
            "---- ---- ---- ----", // 70
            "---- ---- ---- ----", // 80
            "---- ---- ---- ----", // 90
            "---- ---- ---- ----", // a0
            "---- ---- ---- ----", // b0
            "---- ---- ---- B-BB", // c0 sha1rnds4, gf2p8affine
            "---- ---- ---- ---B", // d0 aeskeygenassist
            "---- ---- ---- ----", // e0
            "B--- ---- ---- ----"); // f0 hreset

    /**
     * Opcodes of the map that VEX and EVEX call 1 and that follows 0F elsewhere. Which of them exist depends on vector
     * length and prefix; what follows them does not. 77, vzeroupper, is the only one without ModRM, and not in EVEX.
     */
    static final String VEX_0F = map(
            "MMMM MMMM MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "BBBB MMM. MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "MMBM BBBM MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "MMMM MMMM MMMM MMMM",
            "MMMM MMMM MMMM MMMM");

    private X86OpcodeMaps() {}

    private static String map(String... rows) {
        String letters = String.join("", rows).replace(" ", "");
        if (letters.length() != 256) {
            throw new IllegalStateException("an opcode map with %d entries".formatted(letters.length()));
        }
        return letters;
    }
}
