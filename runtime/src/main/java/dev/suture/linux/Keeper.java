package dev.suture.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The tracer: a process of a few hundred instructions that stops the threads of a target, looks at them, has the change
 * made and lets them go, all in one go and at native speed.
 *
 * <p>It shares the memory and the open files of the JVM, and nothing else: it is no thread of the JVM, has its own signal
 * handlers and session, and survives the JVM being killed. It then finishes what it is doing, lets every thread go with
 * whatever signal was about to be delivered, and ends. Between the moment in which a thread stops and the one in which
 * its interrupted system call is told to be made again it never waits for the JVM. Calls given to it as a list are all
 * made or, from a comparison that fails on, none.
 *
 * <p>Belongs to one thread.
 */
@SuppressWarnings("restricted")
public final class Keeper implements SystemCalls, AutoCloseable {
    /** What a thread is to us. */
    public enum State {
        /** Ours, and it runs. */
        SEIZED,
        STOPPED,
        /** Ended or let go. */
        GONE
    }

    /** How a stop ended. The threads are still stopped, except after DONE. */
    public enum Stop {
        /** All have stopped, none is in the way, and there was nothing else to do. */
        CLEAR,
        /** One did not stop in time. */
        LATE,
        /** There are threads that are not in the table. */
        MORE,
        /** {@link #isFound} says of which threads the instruction or the stack leads into the ranges. */
        FOUND,
        /** A comparison in the list of calls failed. */
        ABORTED,
        /** All calls of the list were made and all threads let go. */
        DONE
    }

    private static final int CODE_BYTES = 4096;
    private static final int STACK_BYTES = 1 << 16;
    /** How many calls a list holds. */
    public static final int MOST_CALLS = 4096;

    private static final int LOOK_MILLIS = 1;
    private static final int ALARM_MICROS = 5_000;
    private static final int ANSWER_MILLIS = 200;
    /** Nobody is to send it a signal for each thread that stops. */
    private static final long SA_NOCLDSTOP = 1;

    private static final long SA_RESTORER = 0x0400_0000;
    private static final int SIGALRM = 14;
    private static final int FUTEX_WAIT_PRIVATE = 128;
    private static final int FUTEX_WAKE_PRIVATE = 129;
    private static final int SCHED_FIFO_RESET_ON_FORK = 1 | 0x4000_0000;
    private static final int HIGHEST_PRIORITY = -20;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private static MemorySegment code;
    private static Assembler labels;

    private final Kernel kernel;
    private final Arena arena;
    private final int pid;
    private final MemorySegment block;
    private final MemorySegment calls;
    private int callCount;
    private MemorySegment threads;
    private int threadCount;
    private boolean isDead;

    /**
     * Starts the process.
     *
     * @param arena stays open until this is closed
     * @param target the process that is going to be stopped
     */
    public Keeper(Kernel kernel, Arena arena, int target) {
        this.kernel = kernel;
        this.arena = arena;
        block = arena.allocate(KeeperLayout.BYTES, 64);
        calls = arena.allocate((long) MOST_CALLS * KeeperLayout.CALL_BYTES, 64);
        threads = arena.allocate(64L * KeeperLayout.THREAD_BYTES, 64);
        MemorySegment buffer = arena.allocate(KeeperLayout.BUFFER_BYTES, 4096);
        MemorySegment stack = arena.allocate(STACK_BYTES, 64);
        set(KeeperLayout.PARENT, kernel.call(Calls.GETPID, 0, 0, 0, 0));
        set(KeeperLayout.CALLS, calls.address());
        set(KeeperLayout.TARGET, target);
        set(KeeperLayout.BUFFER, buffer.address());
        set(KeeperLayout.STACK_TOP, stack.address() + STACK_BYTES);
        set(
                KeeperLayout.TASK_PATH,
                arena.allocateFrom("/proc/" + target + "/task").address());
        set(KeeperLayout.FUTEX_TIMEOUT + 8, LOOK_MILLIS * 1_000_000L);
        set(KeeperLayout.PAUSE + 8, LOOK_MILLIS * 500_000L);
        set(KeeperLayout.TIMER_ON + 8, ALARM_MICROS);
        set(KeeperLayout.TIMER_ON + 24, ALARM_MICROS);
        set(KeeperLayout.MASK_ALL, -1);
        set(KeeperLayout.MASK_OF_KEEPER, ~(1L << (SIGALRM - 1)));
        block.setString(KeeperLayout.NAME, "suture-keeper");
        tableMoved();
        pid = (int) launch();
        if (pid < 0) {
            throw new IllegalStateException("clone: " + Errno.text(-pid));
        }
        raisePriority();
    }

    // What wakes up when it is let go must not take the processor from who lets go the others. It never computes long.
    private void raisePriority() {
        MemorySegment priority = arena.allocateFrom(ValueLayout.JAVA_INT, 1);
        if (call(Calls.SCHED_SETSCHEDULER, 0, SCHED_FIFO_RESET_ON_FORK, priority.address(), 0) < 0) {
            call(Calls.SETPRIORITY, 0, 0, HIGHEST_PRIORITY, 0);
        }
    }

    private long launch() {
        synchronized (Keeper.class) {
            if (code == null) {
                place();
            }
        }
        set(KeeperLayout.ALARM_ACTION, code.address() + labels.offset(KeeperCode.ALARM));
        set(KeeperLayout.ALARM_ACTION + 8, SA_RESTORER);
        set(KeeperLayout.ALARM_ACTION + 16, code.address() + labels.offset(KeeperCode.ALARM_RETURN));
        set(KeeperLayout.CHILD_ACTION + 8, SA_NOCLDSTOP);
        return kernel.invoke(code.asSlice(labels.offset(KeeperCode.START)), block.address());
    }

    // Once for each JVM, and for good: a keeper may outlive the one who started it.
    private void place() {
        int writable = Calls.PROT_READ | Calls.PROT_WRITE;
        int flags = Calls.MAP_PRIVATE | Calls.MAP_ANONYMOUS;
        long address = kernel.call(Calls.MMAP, 0, CODE_BYTES, writable, flags, -1, 0);
        if (address < 0) {
            throw new IllegalStateException("mmap: " + Errno.text(-address));
        }
        labels = KeeperCode.write();
        byte[] bytes = labels.assemble();
        MemorySegment memory = MemorySegment.ofAddress(address).reinterpret(CODE_BYTES);
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
        long result = kernel.call(Calls.MPROTECT, address, CODE_BYTES, Calls.PROT_READ | Calls.PROT_EXEC, 0);
        if (result < 0) {
            throw new IllegalStateException("mprotect: " + Errno.text(-result));
        }
        code = memory;
    }

    private void set(long offset, long value) {
        block.set(LONG, offset, value);
    }

    private long get(long offset) {
        return block.get(LONG, offset);
    }

    // The system calls around them keep the accesses to the block in order.
    private void command(int command) {
        if (isDead) {
            throw new TracerKilledException(pid);
        }
        set(KeeperLayout.COMMAND, command);
        block.set(ValueLayout.JAVA_INT, KeeperLayout.STATE, 1);
        long state = block.address() + KeeperLayout.STATE;
        kernel.call(Calls.FUTEX, state, FUTEX_WAKE_PRIVATE, 1, 0);
        try (Arena local = Arena.ofConfined()) {
            MemorySegment timeout = local.allocateFrom(LONG, 0, ANSWER_MILLIS * 1_000_000L);
            while (block.get(ValueLayout.JAVA_INT, KeeperLayout.STATE) == 1) {
                long result = kernel.call(Calls.FUTEX, state, FUTEX_WAIT_PRIVATE, 1, timeout.address());
                if (result < 0 && kernel.call(Calls.WAIT4, pid, 0, Calls.WALL | Calls.WNOHANG, 0) != 0) {
                    isDead = true;
                    throw new TracerKilledException(pid);
                }
            }
        }
    }

    @Override
    public long call(long number, long a, long b, long c, long d, long e, long f) {
        noCalls();
        addCall(number, a, b, c, d, e, f);
        makeCalls();
        return result(0);
    }

    /** Empties the list of calls. */
    public void noCalls() {
        callCount = 0;
        set(KeeperLayout.CALL_COUNT, 0);
    }

    /** {@return whether there are calls in the list} */
    public boolean hasCalls() {
        return callCount > 0;
    }

    /** Adds a system call to the list. */
    public void addCall(long number, long a, long b, long c, long d, long e, long f) {
        long at = (long) callCount++ * KeeperLayout.CALL_BYTES;
        long[] words = {number, a, b, c, d, e, f, -Errno.EAGAIN};
        MemorySegment.copy(words, 0, calls, LONG, at, words.length);
        set(KeeperLayout.CALL_COUNT, callCount);
    }

    /** Adds the condition that bytes of ours, at least one, equal others; if they do not, no further call is made. */
    public void addComparison(MemorySegment some, MemorySegment others) {
        addCall(-1, some.address(), others.address(), some.byteSize(), 0, 0, 0);
    }

    /** {@return whether all calls of the list were made} They are, or none from a failed comparison on. */
    public boolean makeCalls() {
        command(KeeperLayout.COMMAND_CALLS);
        return get(KeeperLayout.CALLS_LEFT) == 0;
    }

    /** {@return what a call of the list gave} */
    public long result(int index) {
        return calls.get(LONG, (long) index * KeeperLayout.CALL_BYTES + KeeperLayout.CALL_RESULT);
    }

    /** {@return how many threads are in the table} */
    public int threadCount() {
        return threadCount;
    }

    /** Puts a thread into the table that is about to be seized. */
    public void addThread(int tid) {
        if ((threadCount + 1L) * KeeperLayout.THREAD_BYTES > threads.byteSize()) {
            MemorySegment larger = arena.allocate(threads.byteSize() * 2, 64);
            larger.copyFrom(threads);
            threads = larger;
        }
        threads.set(LONG, field(threadCount, KeeperLayout.THREAD_ID), tid);
        threads.set(LONG, field(threadCount, KeeperLayout.THREAD_STATE), State.SEIZED.ordinal());
        threadCount++;
        tableMoved();
    }

    /** Takes all threads out of the table that are neither running nor stopped. */
    public void removeGone() {
        int kept = 0;
        for (int i = 0; i < threadCount; i++) {
            if (state(i) != State.GONE) {
                MemorySegment.copy(threads, field(i, 0), threads, field(kept++, 0), KeeperLayout.THREAD_BYTES);
            }
        }
        threadCount = kept;
        tableMoved();
    }

    // Whatever we are killed in, the end is never behind what is there.
    private void tableMoved() {
        set(KeeperLayout.THREADS_END, 0);
        set(KeeperLayout.THREADS, threads.address());
        set(KeeperLayout.THREADS_END, threads.address() + (long) threadCount * KeeperLayout.THREAD_BYTES);
    }

    private static long field(int index, int field) {
        return (long) index * KeeperLayout.THREAD_BYTES + field;
    }

    /** {@return the number of a thread of the table} */
    public int tid(int index) {
        return (int) threads.get(LONG, field(index, KeeperLayout.THREAD_ID));
    }

    public State state(int index) {
        return State.values()[(int) threads.get(LONG, field(index, KeeperLayout.THREAD_STATE))];
    }

    /** Says that a thread could not be seized or is no longer ours. */
    public void isGone(int index) {
        threads.set(LONG, field(index, KeeperLayout.THREAD_STATE), State.GONE.ordinal());
    }

    /** {@return the signal that is about to be delivered to a stopped thread; 0 if none is} */
    public int signal(int index) {
        return (int) threads.get(LONG, field(index, KeeperLayout.THREAD_SIGNAL));
    }

    /** {@return why a thread stopped, such as {@link Ptrace#EVENT_EXEC}; 0 for a signal} */
    public int event(int index) {
        return (int) threads.get(LONG, field(index, KeeperLayout.THREAD_EVENT));
    }

    /** {@return whether the last stop found a thread where it must not be, or where that cannot be told} */
    public boolean isFound(int index) {
        return threads.get(LONG, field(index, KeeperLayout.THREAD_FOUND)) != 0;
    }

    /** {@return the registers with which a thread stopped, as {@link Registers} describes them; valid until others stop} */
    public MemorySegment registers(int index) {
        return threads.asSlice(field(index, KeeperLayout.THREAD_REGISTERS), Registers.BYTES);
    }

    /**
     * Sets where no thread may be when it is stopped, or return to.
     *
     * @param ranges pairs of lowest and highest address, in their order, not overlapping
     * @param mappings memory of the target that can be read, in the same form, neighbours joined
     */
    public void setRanges(long[] ranges, long[] mappings) {
        set(KeeperLayout.RANGES, arena.allocateFrom(LONG, ranges).address());
        set(KeeperLayout.RANGE_COUNT, ranges.length / 2);
        set(KeeperLayout.MAPPINGS, arena.allocateFrom(LONG, mappings).address());
        set(KeeperLayout.MAPPING_COUNT, mappings.length / 2);
        if (ranges.length > 0) {
            int upper = widestGap(ranges);
            set(KeeperLayout.LOWEST, ranges[0]);
            set(KeeperLayout.SPAN, ranges[upper == 0 ? ranges.length - 1 : upper - 1] - ranges[0]);
            set(KeeperLayout.UPPER_LOWEST, ranges[upper]);
            set(KeeperLayout.UPPER_SPAN, ranges[ranges.length - 1] - ranges[upper]);
        }
    }

    // Behind which of the ranges' bounds the second window starts: where signal handlers return to is in another file
    // than most code, and what is between them are the stacks themselves. 0 if there is one range.
    private static int widestGap(long[] ranges) {
        int widest = 0;
        long gap = 0;
        for (int i = 2; i < ranges.length; i += 2) {
            if (ranges[i] - ranges[i - 1] > gap) {
                gap = ranges[i] - ranges[i - 1];
                widest = i;
            }
        }
        return widest;
    }

    /**
     * Sets where the stack is that the kernel gave the first thread.
     *
     * @param tid of that thread
     * @param start of memory without a gap that the stack is in
     * @param end the address behind the stack
     */
    public void setFirstStack(int tid, long start, long end) {
        set(KeeperLayout.FIRST_THREAD, tid);
        set(KeeperLayout.FIRST_STACK, start);
        set(KeeperLayout.FIRST_STACK_END, end);
    }

    /** Sets how many ended threads the kernel still counts. */
    public void setEnded(int ended) {
        set(KeeperLayout.ENDED_THREADS, ended);
    }

    /**
     * Stops all seized threads of the table and looks at them. If none is where it must not be, and the list of calls is
     * not empty, it makes these calls and lets all threads go.
     *
     * @param deadlineNanos {@link System#nanoTime} by which all must have stopped
     * @param isFirst whether the clock starts anew, and does not go on from the last stop
     */
    public Stop stop(long deadlineNanos, boolean isFirst) {
        set(KeeperLayout.DEADLINE, deadlineNanos);
        if (isFirst) {
            set(KeeperLayout.STARTED, 0);
        }
        command(KeeperLayout.COMMAND_STOP);
        return Stop.values()[(int) get(KeeperLayout.RESULT)];
    }

    /** Takes note of seized threads that have stopped by now. */
    public void collect() {
        command(KeeperLayout.COMMAND_COLLECT);
    }

    /** Lets all stopped threads go, with the signals that were about to be delivered. */
    public void release() {
        command(KeeperLayout.COMMAND_RELEASE);
    }

    /** {@return from when the first thread was interrupted until the last was let go, in nanoseconds} */
    public long stoppedNanos() {
        return get(KeeperLayout.ENDED_AT) - get(KeeperLayout.STARTED);
    }

    /** {@return after how many nanoseconds all had stopped, all were looked at, and all were let go} */
    public long[] phases() {
        long started = get(KeeperLayout.STARTED);
        return new long[] {
            get(KeeperLayout.STOPPED_AT) - started, get(KeeperLayout.CHECKED_AT) - started, stoppedNanos()
        };
    }

    /** Ends the process. What it still traces runs on. */
    @Override
    public void close() {
        if (isDead) {
            return;
        }
        set(KeeperLayout.COMMAND, KeeperLayout.COMMAND_END);
        block.set(ValueLayout.JAVA_INT, KeeperLayout.STATE, 1);
        kernel.call(Calls.FUTEX, block.address() + KeeperLayout.STATE, FUTEX_WAKE_PRIVATE, 1, 0);
        kernel.call(Calls.WAIT4, pid, 0, Calls.WALL, 0);
    }
}
