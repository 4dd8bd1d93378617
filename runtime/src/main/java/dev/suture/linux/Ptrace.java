package dev.suture.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.OptionalLong;

/**
 * Requests to threads of other processes. The kernel knows a tracer by its thread: one value is used by one platform
 * thread from its first call to its last, and what is still traced when that thread ends runs on by itself.
 *
 * <p>Results are those of {@link Kernel#call}.
 *
 * @see "ptrace(2)"
 */
public final class Ptrace {
    public static final int EVENT_EXEC = 4;
    public static final int EVENT_STOP = 128;

    static final int POKEUSER = 6;
    private static final int CONT = 7;
    public static final int GETREGS = 12;
    public static final int SETREGS = 13;
    static final int DETACH = 17;
    public static final int SYSCALL = 24;
    private static final int GETREGSET = 0x4204;
    private static final int SETREGSET = 0x4205;
    public static final int SEIZE = 0x4206;
    static final int INTERRUPT = 0x4207;
    private static final int LISTEN = 0x4208;
    private static final int PEEKSIGINFO = 0x4209;
    private static final int GETSIGMASK = 0x420a;
    public static final int SETSIGMASK = 0x420b;
    private static final int GET_RSEQ_CONFIGURATION = 0x420f;
    private static final int RSEQ_CONFIGURATION_BYTES = 24;
    private static final int NT_X86_XSTATE = 0x202;
    private static final int XSTATE_BYTES = 16384;

    /** Stops at system calls are told apart from signals. */
    public static final int OPTION_SYSGOOD = 1;

    public static final int OPTION_EXEC = 1 << EVENT_EXEC;
    public static final int OPTION_EXITKILL = 1 << 20;
    /** Needs CAP_SYS_ADMIN and a kernel with checkpoint and restore. */
    public static final int OPTION_SUSPEND_SECCOMP = 1 << 21;

    private static final int SIGINFO_BYTES = 128;
    private static final int PEEKED = 32;

    private final SystemCalls kernel;
    private final MemorySegment status;
    private final MemorySegment mask;
    private final MemorySegment peek;
    private final MemorySegment signals;
    private final MemorySegment xstate;
    private final MemorySegment xstateVector;

    public Ptrace(SystemCalls kernel, Arena arena) {
        this.kernel = kernel;
        status = arena.allocate(ValueLayout.JAVA_INT);
        mask = arena.allocate(ValueLayout.JAVA_LONG);
        peek = arena.allocate(16, 8);
        signals = arena.allocate((long) SIGINFO_BYTES * PEEKED, 8);
        xstate = arena.allocate(XSTATE_BYTES, 64);
        xstateVector = arena.allocate(16, 8);
    }

    private long request(int request, int tid, long address, long data) {
        return kernel.call(Calls.PTRACE, request, tid, address, data);
    }

    /** Makes this thread the tracer; the other runs on. */
    public long seize(int tid, int options) {
        return request(SEIZE, tid, 0, options);
    }

    public long interrupt(int tid) {
        return request(INTERRUPT, tid, 0, 0);
    }

    public long resume(int tid, int signal) {
        return request(CONT, tid, 0, signal);
    }

    /** Lets a thread run until it enters or leaves a system call. */
    public long resumeToCall(int tid, int signal) {
        return request(SYSCALL, tid, 0, signal);
    }

    /** Keeps a thread in the stop of its job while waiting for what happens next. */
    public long listen(int tid) {
        return request(LISTEN, tid, 0, 0);
    }

    /** Lets a stopped thread go for good. */
    public long detach(int tid, int signal) {
        return request(DETACH, tid, 0, signal);
    }

    /** @param registers {@link Registers#BYTES} long */
    public long registers(int tid, MemorySegment registers) {
        return request(GETREGS, tid, 0, registers.address());
    }

    /** @param registers {@link Registers#BYTES} long */
    public long setRegisters(int tid, MemorySegment registers) {
        return request(SETREGS, tid, 0, registers.address());
    }

    /** Keeps the floating point and vector registers of a thread for {@link #restoreVectors}. */
    public long saveVectors(int tid) {
        xstateVector.set(ValueLayout.JAVA_LONG, 0, xstate.address());
        xstateVector.set(ValueLayout.JAVA_LONG, 8, XSTATE_BYTES);
        return request(GETREGSET, tid, NT_X86_XSTATE, xstateVector.address());
    }

    /** Gives a thread what {@link #saveVectors} kept last. */
    public long restoreVectors(int tid) {
        return request(SETREGSET, tid, NT_X86_XSTATE, xstateVector.address());
    }

    /** {@return the signals a thread blocks, one bit each, signal 1 lowest; nothing if it was killed meanwhile} */
    public OptionalLong signalMask(int tid) {
        long result = request(GETSIGMASK, tid, 8, mask.address());
        return result < 0 ? OptionalLong.empty() : OptionalLong.of(mask.get(ValueLayout.JAVA_LONG, 0));
    }

    /**
     * {@return where a thread's area for restartable sequences is, 0 if it has none} Empty if that cannot be told: the kernel
     * is older than 5.13, or the thread was killed.
     */
    public OptionalLong rseqArea(int tid) {
        long result = request(GET_RSEQ_CONFIGURATION, tid, RSEQ_CONFIGURATION_BYTES, signals.address());
        return result < 0 ? OptionalLong.empty() : OptionalLong.of(signals.get(ValueLayout.JAVA_LONG, 0));
    }

    public long setSignalMask(int tid, long blocked) {
        mask.set(ValueLayout.JAVA_LONG, 0, blocked);
        return request(SETSIGMASK, tid, 8, mask.address());
    }

    /** {@return whether a signal waits that the thread does not block} */
    public boolean hasSignalPending(int tid) {
        return hasSignalPending(tid, 0) || hasSignalPending(tid, 1);
    }

    private boolean hasSignalPending(int tid, int shared) {
        peek.set(ValueLayout.JAVA_LONG, 0, 0);
        peek.set(ValueLayout.JAVA_INT, 8, shared);
        peek.set(ValueLayout.JAVA_INT, 12, PEEKED);
        long count = request(PEEKSIGINFO, tid, peek.address(), signals.address());
        if (count <= 0) {
            return false;
        }
        // A thread that was killed meanwhile does nothing about any signal.
        long blocked = signalMask(tid).orElse(-1);
        for (int i = 0; i < count; i++) {
            int signal = signals.get(ValueLayout.JAVA_INT, (long) i * SIGINFO_BYTES);
            if ((blocked >>> (signal - 1) & 1) == 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * Asks what became of a thread.
     *
     * @return the thread's number if {@link #status} tells of it, 0 if nothing happened
     */
    public long poll(int tid) {
        return kernel.call(Calls.WAIT4, tid, status.address(), Calls.WALL | Calls.WNOHANG, 0);
    }

    /** Waits until something happens to a thread; {@link #status} tells what. */
    public long await(int tid) {
        return kernel.call(Calls.WAIT4, tid, status.address(), Calls.WALL, 0);
    }

    /** {@return what the last {@link #poll} or {@link #await} said} */
    public int status() {
        return status.get(ValueLayout.JAVA_INT, 0);
    }

    /** {@return whether a status tells of a thread that is stopped, and not of its end} */
    public static boolean isStop(int status) {
        return (status & 0xff) == 0x7f;
    }

    /** {@return the signal of a stop} */
    public static int signal(int status) {
        return status >> 8 & 0xff;
    }

    /** {@return such as {@link #EVENT_STOP}; 0 if a signal stopped the thread} */
    public static int event(int status) {
        return status >>> 16;
    }
}
