package dev.suture.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Where the registers are in what {@link Ptrace#registers} fills.
 *
 * @see "linux arch/x86/include/asm/user_64.h, struct user_regs_struct"
 */
public final class Registers {
    public static final int BYTES = 27 * 8;

    public static final int R15 = 0;
    public static final int R14 = 8;
    public static final int R13 = 16;
    public static final int R12 = 24;
    public static final int RBP = 32;
    public static final int RBX = 40;
    public static final int R11 = 48;
    public static final int R10 = 56;
    public static final int R9 = 64;
    public static final int R8 = 72;
    public static final int RAX = 80;
    public static final int RCX = 88;
    public static final int RDX = 96;
    public static final int RSI = 104;
    public static final int RDI = 112;
    /** The number of the system call the thread is in; negative if it is in none. */
    public static final int ORIG_RAX = 120;

    public static final int RIP = 128;
    public static final int CS = 136;
    public static final int FLAGS = 144;
    public static final int RSP = 152;
    /** What the thread's own variables are found by. */
    public static final int FS_BASE = 168;

    private Registers() {}

    /** {@return a register} */
    public static long get(MemorySegment registers, int register) {
        return registers.get(ValueLayout.JAVA_LONG, register);
    }

    /** Changes a register. */
    public static void set(MemorySegment registers, int register, long value) {
        registers.set(ValueLayout.JAVA_LONG, register, value);
    }

    /**
     * {@return whether a thread of a process is the kernel's, which works for it and never runs its code} With no memory at
     * address 0, nobody else has these registers.
     *
     * @see "linux arch/x86/kernel/process.c, copy_thread: for tools such as gdb, sp and ip are 0"
     */
    public static boolean isOfKernel(MemorySegment registers) {
        return get(registers, RIP) == 0 && get(registers, RSP) == 0;
    }
}
