package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Errno;
import dev.suture.linux.Keeper;
import dev.suture.linux.Ptrace;
import dev.suture.linux.Registers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A stopped thread that makes system calls and calls functions for us, and then goes on as if nothing had been.
 *
 * <p>The thread is led to a few instructions of ours, {@link #STUB}: a call, a system call, and behind them what gives
 * it back its signal mask and all registers, which lie beside these instructions, and leads it to where it was. At each
 * system call it stops for us. If we are killed meanwhile the kernel lets it go, and it finds its way back by itself, with
 * the system call it was in made again. Of its own stack nothing is used: what is below its stack pointer may be a
 * variable, where the stack is a small one that the program made.
 */
final class BorrowedThread {
    /** {@code mov %rsp,%rbx; and $-16,%rsp; call *%rax; mov %rbx,%rsp; mov %rax,%rdi; mov $39,%eax; syscall}. */
    private static final String CALL = "4889e3 4883e4f0 ffd0 4889dc 4889c7 b827000000 0f05";

    /**
     * What the program's own code needs is read from {@link Room}: {@code lea} of the registers to rsp, pops of r15 r14 r13
     * r12 rbp rbx r9 r8, the flags and rsp; {@code rt_sigprocmask(SIG_SETMASK, mask, 0, 8)}, which leaves the flags; loads
     * of r10 rdx rsi rdi rcx r11 rax, and a jump to where it was. From the moment in which signals may come, rsp is its own.
     */
    private static final String RETURN = "488d257b000000 415f 415e 415d 415c 5d 5b 4159 4158 9d 5c"
            + " 488d355c000000 b80e000000 bf02000000 ba00000000 41ba08000000 0f05"
            + " 4c8b1596000000 488b1597000000 488b3598000000 488b3d99000000 488b0d9a000000 4c8b1d9b000000"
            + " 488b059c000000 ff259e000000 660f1f440000";

    /** The instructions; they run anywhere, with what {@link Room} says behind them. */
    static final byte[] STUB = HexFormat.of().parseHex((CALL + RETURN).replace(" ", ""));

    private static final int SYSCALL_AT = 20;
    private static final int SYSCALL_BYTES = 2;
    private static final int USER_CS = 0x33;
    // In struct rseq, and in the struct rseq_cs that it leads to.
    private static final int RSEQ_CS_AT = 8;
    private static final int RSEQ_START_AT = 8;
    private static final int RSEQ_LENGTH_AT = 16;
    private static final long CLEAR_FLAGS = ~0x0004_0500L;

    /** All signals but those that a mistake of the code itself brings about: ILL, TRAP, BUS, FPE, SEGV. */
    private static final long BLOCKED = ~(1L << 3 | 1L << 4 | 1L << 6 | 1L << 7 | 1L << 10);

    private static final int MASK_BYTES = 8;
    private static final int BLOCKED_AT = 0;
    private static final int MASK_AT = 8;
    private static final int STOPPED = 0x7f;
    private static final long MOST_NANOS = 2_000_000_000;
    private static final int SLEEP_NANOS = 1_000;
    private static final int TRIES_WITHOUT_SLEEP = 100;
    private static final int SIGTRAP = 5;
    private static final int SIGSTOP = 19;
    private static final int CALL_STOP = SIGTRAP | 0x80;
    private static final int[] SAVED = {
        Registers.R15, Registers.R14, Registers.R13, Registers.R12, Registers.RBP, Registers.RBX, Registers.R9,
        Registers.R8, Registers.FLAGS, Registers.RSP, Registers.R10, Registers.RDX, Registers.RSI, Registers.RDI,
        Registers.RCX, Registers.R11
    };

    private final Session session;
    private final Ptrace ptrace;
    private final int tid;
    private final Room room;
    private final long stub;
    private final MemorySegment original;
    private final MemorySegment working;
    private final long mask;
    private final MemorySegment masks;
    private boolean wasStoppedByJob;
    private boolean isLost;

    /**
     * Takes over a stopped thread.
     *
     * @param registers of the thread, as it stopped
     * @param room of ours in the process, which no other thread uses
     */
    BorrowedThread(Session session, int tid, MemorySegment registers, Room room) {
        this.session = session;
        this.ptrace = session.ptrace();
        this.tid = tid;
        this.room = room;
        this.stub = room.stub();
        original = registers;
        working = session.arena().allocate(Registers.BYTES, 8);
        working.copyFrom(registers);
        mask = ptrace.signalMask(tid).orElseThrow(this::lost);
        int number = session.ownNumber(tid).orElseThrow(this::lost);
        session.write(room.owner(), saved(number), "the end of a page of code");
        Registers.set(working, Registers.FLAGS, Registers.get(registers, Registers.FLAGS) & CLEAR_FLAGS);
        masks = session.arena().allocateFrom(ValueLayout.JAVA_LONG, BLOCKED, mask);
        Step.THREAD_BORROWED.isDone();
    }

    static ProcessException filtered(int pid) {
        return new ProcessException(
                pid,
                "it has a seccomp filter, which may kill it for a system call it does not expect; run suture with"
                        + " CAP_SYS_ADMIN (root), which can set the filter aside for a moment");
    }

    /** {@return whether a thread stopped in 64-bit code} */
    static boolean is64Bit(MemorySegment registers) {
        return Registers.get(registers, Registers.CS) == USER_CS;
    }

    /**
     * {@return why a thread cannot be borrowed where it stopped; empty if it can} It can in 64-bit code, and not between the
     * marks of a restartable sequence: the kernel takes whoever leaves it for finished, and the thread would end it on
     * another CPU.
     *
     * @see "linux Documentation/userspace-api/rseq.rst; kernel/rseq.c, rseq_ip_fixup"
     */
    static Optional<String> whyUnfit(Session session, int tid, MemorySegment registers) {
        if (!is64Bit(registers)) {
            return Optional.of("runs 32-bit code");
        }
        if (Registers.isOfKernel(registers)) {
            return Optional.of("never runs code of the program: it is the kernel's (io_uring)");
        }
        if (Registers.get(registers, Registers.ORIG_RAX) >= 0) {
            return Optional.empty();
        }
        OptionalLong area = session.ptrace().rseqArea(tid);
        if (area.isEmpty()) {
            return Optional.of("computes, and the kernel, older than 5.13, does not tell whether it is in a restartable"
                    + " sequence; it could be borrowed in a system call");
        }
        return isInSequence(session, area, Registers.get(registers, Registers.RIP))
                ? Optional.of("is in a restartable sequence (rseq)")
                : Optional.empty();
    }

    private static boolean isInSequence(Session session, OptionalLong area, long address) {
        long sequence = area.getAsLong() == 0 ? 0 : session.word(area.getAsLong() + RSEQ_CS_AT);
        if (sequence == 0) {
            return false;
        }
        long start = session.word(sequence + RSEQ_START_AT);
        return Long.compareUnsigned(address - start, session.word(sequence + RSEQ_LENGTH_AT)) < 0;
    }

    // What the thread finds when we are gone: its system call is then made again by leading it to the call once more.
    private byte[] saved(int number) {
        long address = Registers.get(original, Registers.RIP);
        long result = Registers.get(original, Registers.RAX);
        long call = Registers.get(original, Registers.ORIG_RAX);
        if (call >= 0) {
            if (result == -Errno.ERESTART_RESTARTBLOCK) {
                address -= SYSCALL_BYTES;
                result = Calls.RESTART_SYSCALL;
            } else if (result == -Errno.EINTR || result <= -Errno.ERESTARTSYS && result >= -Errno.ERESTARTNOHAND) {
                address -= SYSCALL_BYTES;
                result = call;
            }
        }
        ByteBuffer bytes = ByteBuffer.allocate(Room.NAME_AT - Room.OWNER_AT).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(number).putLong(mask);
        for (int register : SAVED) {
            bytes.putLong(Registers.get(original, register));
        }
        return bytes.putLong(result).putLong(address).array();
    }

    /**
     * Makes a system call in the process.
     *
     * @return its result, or a negated errno
     */
    long call(long number, long a, long b, long c, long d, long e, long f) {
        prepare(Calls.GETPID, a, b, c, d, e, f);
        runToCall();
        Step.THREAD_AT_CALL.isDone();
        // Only now, so that a thread we lose before does nothing.
        Registers.set(working, Registers.ORIG_RAX, number);
        Registers.set(working, Registers.RAX, -38);
        Registers.set(working, Registers.RIP, stub + SYSCALL_AT + SYSCALL_BYTES);
        put();
        runToCall();
        get();
        return Registers.get(working, Registers.RAX);
    }

    /**
     * Makes a system call in the process, in one list of calls: whoever kills us, it has been made before any thread is
     * let go, or is never made.
     *
     * @return its result, or a negated errno
     */
    long callAtOnce(long number, long a, long b, long c, long d, long e) {
        fill(Calls.GETPID, a, b, c, d, e, 0);
        MemorySegment atCall = session.arena().allocate(Registers.BYTES, 8);
        atCall.copyFrom(working);
        Registers.set(atCall, Registers.ORIG_RAX, number);
        Registers.set(atCall, Registers.RAX, -38);
        Registers.set(atCall, Registers.RIP, stub + SYSCALL_AT + SYSCALL_BYTES);
        MemorySegment after = session.arena().allocate(Registers.BYTES, 8);
        MemorySegment status = session.arena().allocate(ValueLayout.JAVA_INT);
        Keeper keeper = session.keeper();
        while (true) {
            keeper.noCalls();
            addRegisters(keeper, working, BLOCKED_AT);
            addRunToCall(keeper, status);
            keeper.addCall(Calls.PTRACE, Ptrace.SETREGS, tid, 0, atCall.address(), 0, 0);
            addRunToCall(keeper, status);
            keeper.addCall(Calls.PTRACE, Ptrace.GETREGS, tid, 0, after.address(), 0, 0);
            if (keeper.makeCalls()) {
                return Registers.get(after, Registers.RAX);
            }
            judge(status.get(ValueLayout.JAVA_INT, 0));
        }
    }

    private void addRunToCall(Keeper keeper, MemorySegment status) {
        MemorySegment expected = session.arena().allocateFrom(ValueLayout.JAVA_INT, CALL_STOP << 8 | STOPPED);
        keeper.addCall(Calls.PTRACE, Ptrace.SYSCALL, tid, 0, 0, 0, 0);
        keeper.addCall(Calls.WAIT4, tid, status.address(), Calls.WALL, 0, 0, 0);
        keeper.addComparison(status, expected);
    }

    // Both or neither: the mask is given back by the code that the registers lead to.
    private void addRegisters(Keeper keeper, MemorySegment registers, int maskAt) {
        keeper.addCall(Calls.PTRACE, Ptrace.SETREGS, tid, 0, registers.address(), 0, 0);
        keeper.addCall(Calls.PTRACE, Ptrace.SETSIGMASK, tid, MASK_BYTES, masks.address() + maskAt, 0, 0);
    }

    private void prepare(long number, long a, long b, long c, long d, long e, long f) {
        fill(number, a, b, c, d, e, f);
        Keeper keeper = session.keeper();
        keeper.noCalls();
        addRegisters(keeper, working, BLOCKED_AT);
        keeper.makeCalls();
        if (keeper.result(0) < 0) {
            throw lost();
        }
    }

    private void fill(long number, long a, long b, long c, long d, long e, long f) {
        Registers.set(working, Registers.RIP, stub + SYSCALL_AT);
        Registers.set(working, Registers.ORIG_RAX, -1);
        Registers.set(working, Registers.RSP, Registers.get(original, Registers.RSP));
        Registers.set(working, Registers.RAX, number);
        Registers.set(working, Registers.RDI, a);
        Registers.set(working, Registers.RSI, b);
        Registers.set(working, Registers.RDX, c);
        Registers.set(working, Registers.R10, d);
        Registers.set(working, Registers.R8, e);
        Registers.set(working, Registers.R9, f);
    }

    /**
     * Calls a function of the process, on a stack of ours.
     *
     * @return what it returned
     */
    long invoke(long function, long argument, long second) {
        if (ptrace.saveVectors(tid) < 0) {
            throw lost();
        }
        try {
            return invokeOnly(function, argument, second);
        } finally {
            // Also after code that failed: the program goes on with what was in them.
            ptrace.restoreVectors(tid);
        }
    }

    private long invokeOnly(long function, long argument, long second) {
        prepare(function, argument, second, 0, 0, 0, 0);
        Registers.set(working, Registers.RIP, stub);
        Registers.set(working, Registers.RSP, room.stackEnd());
        put();
        long deadline = System.nanoTime() + MOST_NANOS;
        while (true) {
            runToCall(deadline);
            get();
            if (Registers.get(working, Registers.RIP) == stub + SYSCALL_AT + SYSCALL_BYTES) {
                break;
            }
        }
        long result = Registers.get(working, Registers.RDI);
        runToCall();
        return result;
    }

    private void put() {
        if (ptrace.setRegisters(tid, working) < 0) {
            throw lost();
        }
    }

    private void get() {
        if (ptrace.registers(tid, working) < 0) {
            throw lost();
        }
    }

    private void runToCall() {
        runToCall(0);
    }

    // A function may not come back, and is waited for with a limit; a system call of ours does, and is waited for.
    private void runToCall(long deadline) {
        while (true) {
            if (ptrace.resumeToCall(tid, 0) < 0) {
                throw lost();
            }
            if (deadline != 0) {
                awaitStop(deadline);
            } else if (ptrace.await(tid) < 0) {
                throw lost();
            }
            if (judge(ptrace.status())) {
                return;
            }
        }
    }

    // Whether the thread is at a system call; if not, it may go on to it.
    private boolean judge(int status) {
        if (!Ptrace.isStop(status)) {
            throw lost();
        }
        if (Ptrace.event(status) == Ptrace.EVENT_EXEC) {
            isLost = true;
            throw new ProcessException(session.pid(), "it executed another program while it was being worked on");
        }
        int signal = Ptrace.signal(status);
        if (signal == CALL_STOP) {
            return true;
        }
        if (signal == SIGSTOP && Ptrace.event(status) == 0) {
            wasStoppedByJob = true;
        } else if (Ptrace.event(status) == 0) {
            throw new ProcessException(
                    session.pid(),
                    "code of the payload failed with signal %d; the program was led on from where it was"
                            .formatted(signal));
        }
        return false;
    }

    private void awaitStop(long deadline) {
        int tries = 0;
        while (true) {
            long result = ptrace.poll(tid);
            if (result < 0) {
                throw lost();
            }
            if (System.nanoTime() > deadline) {
                if (result == 0) {
                    ptrace.interrupt(tid);
                    ptrace.await(tid);
                }
                throw new ProcessException(
                        session.pid(),
                        "code run in thread %d did not come back within %d s; the program was led on from where it was"
                                .formatted(tid, MOST_NANOS / 1_000_000_000));
            }
            if (result > 0) {
                return;
            }
            if (++tries < TRIES_WITHOUT_SLEEP) {
                session.yieldProcessor();
            } else {
                session.sleepNanos(SLEEP_NANOS);
            }
        }
    }

    /** {@return whether it is no longer what was taken over, and has nothing to be given back} */
    boolean isLost() {
        return isLost;
    }

    private ProcessException lost() {
        isLost = true;
        return new ProcessException(session.pid(), "it ended while it was being worked on");
    }

    /** Gives the thread its registers back. It stays stopped; let go, it makes its system call again. */
    void giveBack() {
        if (isLost) {
            return;
        }
        Keeper keeper = session.keeper();
        keeper.noCalls();
        addRegisters(keeper, original, MASK_AT);
        keeper.makeCalls();
        Step.THREAD_LED_BACK.isDone();
        session.write(room.owner(), new byte[8], "the end of a page of code");
        if (wasStoppedByJob) {
            session.kernel().call(Calls.KILL, session.pid(), SIGSTOP, 0, 0);
        }
    }

    /** {@return a path in memory of ours, for calls that want one; until the next one} */
    long text(String text) {
        byte[] bytes = (text + '\0').getBytes(java.nio.charset.StandardCharsets.UTF_8);
        session.write(room.scratch(), bytes, "the stack for functions");
        return room.scratch();
    }

    /** {@return where calls can put what they answer, in memory of ours} */
    long scratch() {
        return room.scratch();
    }

    /** {@return the name of the ledger, for the call that makes it} */
    long ledgerName() {
        return room.name();
    }

    /** {@return one word of the thread's registers as it stopped} */
    long original(int register) {
        return original.get(ValueLayout.JAVA_LONG, register);
    }
}
