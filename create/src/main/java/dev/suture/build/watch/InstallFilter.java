package dev.suture.build.watch;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Makes a stopped process put itself under the filter: it is led through the call, which stands right before where it
 * stopped, with other registers.
 *
 * @see "seccomp(2); linux arch/x86/include/asm/user_64.h, struct user_regs_struct"
 */
final class InstallFilter {
    private static final int RAX = 80;
    private static final int RDX = 96;
    private static final int RSI = 104;
    private static final int RDI = 112;
    private static final int ORIG_RAX = 120;
    private static final int RIP = 128;
    private static final int RSP = 152;

    private static final int CALL_BYTES = 2;
    private static final int RED_ZONE = 128;
    private static final int SET_MODE_FILTER = 1;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int EACCES = 13;
    private static final int MOST_STOPS = 8;

    private final Tracee tracee;
    private final int tid;
    private final MemorySegment saved;
    private final MemorySegment changed;

    private InstallFilter(Tracee tracee, Arena arena, int tid) {
        this.tracee = tracee;
        this.tid = tid;
        saved = tracee.registers(arena);
        changed = tracee.registers(arena);
    }

    /**
     * Installs it.
     *
     * @param tid a process in a stop behind a system call
     * @return whether the process is under the filter and otherwise as it was
     */
    static boolean install(Tracee tracee, Arena arena, int tid) {
        return new InstallFilter(tracee, arena, tid).install(arena);
    }

    private boolean install(Arena arena) {
        if (tracee.readRegisters(tid, saved) < 0) {
            return false;
        }
        byte[] code = Filter.program();
        MemorySegment data = arena.allocate(16L + code.length, 16);
        long address = saved.get(ValueLayout.JAVA_LONG, RSP) - RED_ZONE - data.byteSize() & -16L;
        data.set(ValueLayout.JAVA_SHORT, 0, (short) (code.length / Filter.INSTRUCTION));
        data.set(ValueLayout.JAVA_LONG, 8, address + 16);
        MemorySegment.copy(code, 0, data, ValueLayout.JAVA_BYTE, 16, code.length);
        if (tracee.write(tid, address, data) != data.byteSize()) {
            return false;
        }
        long result = call(Kernel.SECCOMP, SET_MODE_FILTER, 0, address);
        if (result == -EACCES) {
            // Who may not do everything must give up setuid programs, which a traced process does not get anyway.
            call(Kernel.PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0);
            result = call(Kernel.SECCOMP, SET_MODE_FILTER, 0, address);
        }
        return tracee.writeRegisters(tid, saved) == 0 && result == 0;
    }

    private long call(int number, long a, long b, long c) {
        changed.copyFrom(saved);
        changed.set(ValueLayout.JAVA_LONG, RIP, saved.get(ValueLayout.JAVA_LONG, RIP) - CALL_BYTES);
        changed.set(ValueLayout.JAVA_LONG, RAX, number);
        // No call is to be made again.
        changed.set(ValueLayout.JAVA_LONG, ORIG_RAX, -1);
        changed.set(ValueLayout.JAVA_LONG, RDI, a);
        changed.set(ValueLayout.JAVA_LONG, RSI, b);
        changed.set(ValueLayout.JAVA_LONG, RDX, c);
        boolean made = tracee.writeRegisters(tid, changed) == 0
                && toCall()
                && toCall()
                && tracee.readRegisters(tid, changed) == 0;
        return made ? changed.get(ValueLayout.JAVA_LONG, RAX) : Long.MIN_VALUE;
    }

    private boolean toCall() {
        for (int i = 0; i < MOST_STOPS; i++) {
            if (tracee.goToCall(tid) < 0 || tracee.await(tid) != tid || !tracee.isStopped()) {
                return false;
            }
            if (tracee.signal() == Tracee.SIGTRAP_CALL) {
                return true;
            }
        }
        return false;
    }
}
