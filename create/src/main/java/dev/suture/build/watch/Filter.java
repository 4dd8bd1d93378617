package dev.suture.build.watch;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The seccomp filter under which a build runs: it stops at the calls of {@link FileCalls}, and all others cost nothing.
 *
 * @see "linux include/uapi/linux/seccomp.h, filter.h, audit.h; seccomp(2)"
 */
final class Filter {
    /** Given with a stop for a call of another calling convention, of which nothing is known. */
    static final int FOREIGN = 1;

    /** Bytes of one instruction. */
    static final int INSTRUCTION = 8;

    private static final int LOAD_WORD = 0x20;
    private static final int JUMP_EQUAL = 0x15;
    private static final int JUMP_NOT_BELOW = 0x35;
    private static final int RETURN = 0x06;

    private static final int ARCH_X86_64 = 0xc000003e;
    private static final int NR_OFFSET = 0;
    private static final int ARCH_OFFSET = 4;

    private static final int TRACE = 0x7ff00000;
    private static final int ALLOW = 0x7fff0000;
    private static final int NO_SUCH_CALL = 0x00050000 | 38;

    private Filter() {}

    /** {@return the filter's program} */
    static byte[] program() {
        List<Integer> traced = FileCalls.numbers().stream().toList();
        int count = traced.size() + 10;
        ByteBuffer code = ByteBuffer.allocate(count * INSTRUCTION).order(ByteOrder.LITTLE_ENDIAN);
        add(code, LOAD_WORD, 0, 0, ARCH_OFFSET);
        add(code, JUMP_EQUAL, 1, 0, ARCH_X86_64);
        add(code, RETURN, 0, 0, TRACE | FOREIGN);
        add(code, LOAD_WORD, 0, 0, NR_OFFSET);
        // The last three instructions: trace, allow, no such call. The calls of x32 have large numbers, too.
        int trace = count - 3;
        add(code, JUMP_NOT_BELOW, trace - code.position() / INSTRUCTION - 1, 0, FileCalls.FIRST_UNKNOWN);
        // A ring does its work behind the filter's back; programs do without it where the kernel has none.
        add(code, JUMP_EQUAL, count - 1 - code.position() / INSTRUCTION - 1, 0, FileCalls.IO_URING_SETUP);
        for (int call : traced) {
            add(code, JUMP_EQUAL, trace - code.position() / INSTRUCTION - 1, 0, call);
        }
        // What reaches this is allowed; jumps over "trace".
        add(code, JUMP_NOT_BELOW, 1, 1, 0);
        add(code, RETURN, 0, 0, TRACE);
        add(code, RETURN, 0, 0, ALLOW);
        add(code, RETURN, 0, 0, NO_SUCH_CALL);
        return code.array();
    }

    private static void add(ByteBuffer code, int operation, int ifTrue, int ifFalse, int operand) {
        code.putShort((short) operation).put((byte) ifTrue).put((byte) ifFalse).putInt(operand);
    }
}
