package dev.suture.isa;

import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;

/** What kind of instruction one is, where {@link Operation} does not tell. Each is given all of a valid one and nothing else. */
final class X86Kinds {
    private static final int CALL = 2;
    private static final int JUMP = 4;
    private static final int PUSH = 6;

    private X86Kinds() {}

    /** {@return whether it is one of those with vector registers, or not understood} */
    static boolean isVector(MemorySegment code) {
        return X86Operations.read(code).filter(read -> !isVector(read.opcode())).isEmpty();
    }

    private static boolean isVector(int opcode) {
        int second = opcode & 0xff;
        return opcode >= 0x0f00
                && (second >= 0x10 && second < 0x18
                        || second >= 0x28 && second < 0x30
                        || second >= 0x50 && second < 0x80
                        || second == 0xc2
                        || second >= 0xc4 && second < 0xc7
                        || second >= 0xd0);
    }

    /** {@return the register that an indirect call or jump leads through; 0 for whatever else} */
    static int branchRegister(MemorySegment code) {
        return X86Operations.read(code)
                .filter(read -> read.opcode() == 0xff && read.isRegister())
                .filter(read -> read.operator() == CALL || read.operator() == JUMP)
                .map(X86Operations::operand)
                .orElse(0);
    }

    static boolean isPush(MemorySegment code) {
        return X86Operations.read(code)
                .filter(read -> read.opcode() >= 0x50 && read.opcode() < 0x58
                        || read.opcode() == 0xff && read.operator() == PUSH)
                .isPresent();
    }

    /** {@return whether it is wrss, which no other prefix than REX may stand before} */
    static boolean writesShadowStack(MemorySegment code) {
        int at = (LittleEndian.u8(code, 0) & 0xf0) == 0x40 ? 1 : 0;
        return at + 3 <= code.byteSize()
                && LittleEndian.u16(code, at) == 0x380f
                && LittleEndian.u8(code, at + 2) == 0xf6;
    }
}
