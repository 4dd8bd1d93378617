package dev.suture.process;

import dev.suture.linux.Errno;
import dev.suture.linux.Ptrace;
import dev.suture.linux.Registers;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * All threads of a process, to be stopped and let go again.
 *
 * <p>They are first made ours, while they run, and then stopped. Threads that were born meanwhile are found because the
 * kernel counts the threads: when as many are stopped as there are, nobody is left who could make another. A thread that
 * is in a system call is stopped as well; when let go it makes the call again where the kernel alone would have ended it
 * with EINTR.
 */
final class Threads {
    private static final int OPTIONS = Ptrace.OPTION_SYSGOOD | Ptrace.OPTION_EXEC;
    private static final int MOST_ROUNDS = 64;
    private static final int SWEEPS_WITHOUT_SLEEP = 100;
    private static final int SLEEP_NANOS = 2_000;
    private static final int SEIZED = 0;
    private static final int STOPPED = 1;
    private static final int GONE = 2;

    private final Session session;
    private final Ptrace ptrace;
    private final int options;
    private int[] ids = new int[64];
    private int[] states = new int[64];
    private int[] signals = new int[64];
    private int count;
    private MemorySegment registers;
    private final MemorySegment[] slots;
    private final KeepTimeouts timeouts;
    private boolean isExecuting;

    /**
     * @param timeouts remembers calls with a time-out over several stops
     * @param mayFilterCalls whether the process has a seccomp filter, which is then set aside
     */
    Threads(Session session, KeepTimeouts timeouts, boolean mayFilterCalls) {
        this.session = session;
        this.ptrace = session.ptrace();
        this.timeouts = timeouts;
        this.options = OPTIONS | (mayFilterCalls ? Ptrace.OPTION_SUSPEND_SECCOMP : 0);
        int capacity = (int) Math.min(1 << 20, session.threadCount() * 2 + 256);
        registers = session.arena().allocate((long) capacity * Registers.BYTES, 8);
        slots = new MemorySegment[capacity];
    }

    int count() {
        return count;
    }

    int id(int index) {
        return ids[index];
    }

    /** {@return whether the thread of that index is stopped, and not gone} */
    boolean isStopped(int index) {
        return states[index] == STOPPED;
    }

    /** {@return the signal that is about to be delivered to a thread; 0 if none is} */
    int signal(int index) {
        return signals[index];
    }

    MemorySegment registers(int index) {
        return slots[index];
    }

    /** {@return whether the process executed another program meanwhile} */
    boolean isExecuting() {
        return isExecuting;
    }

    /** Makes all threads ours, while they run. */
    void seizeAll() {
        for (int id : session.threadIds()) {
            if (indexOf(id) < 0) {
                seize(id);
            }
        }
    }

    private int indexOf(int id) {
        for (int i = 0; i < count; i++) {
            if (ids[i] == id) {
                return i;
            }
        }
        return -1;
    }

    private void seize(int id) {
        long result = ptrace.seize(id, options);
        if (result < 0 && !isGone(id)) {
            throw refused(id, -result);
        }
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, count * 2);
            states = Arrays.copyOf(states, count * 2);
            signals = Arrays.copyOf(signals, count * 2);
        }
        if (count == slots.length) {
            throw new ProcessException(session.pid(), "it makes threads faster than they can be stopped");
        }
        if (slots[count] == null) {
            slots[count] = registers.asSlice((long) count * Registers.BYTES, Registers.BYTES);
        }
        ids[count] = id;
        signals[count] = 0;
        states[count++] = result < 0 ? GONE : SEIZED;
    }

    private ProcessException refused(int id, long errno) {
        if (errno == Errno.EINVAL || (options & Ptrace.OPTION_SUSPEND_SECCOMP) != 0) {
            return BorrowedThread.filtered(session.pid());
        }
        return Permissions.explain(session.pid(), "tracing its thread " + id);
    }

    private boolean isGone(int id) {
        try {
            return ProcStatus.ofThread(session.pid(), id).hasEnded();
        } catch (java.io.IOException e) {
            return true;
        }
    }

    /**
     * Stops all threads.
     *
     * @param deadlineNanos {@link System#nanoTime} by which it must have happened
     * @return whether all are stopped; if not, those that are must be let go, and {@link #firstRunning} tells of another
     */
    boolean stopAll(long deadlineNanos) {
        int interrupted = 0;
        for (int round = 0; round < MOST_ROUNDS; round++) {
            for (; interrupted < count; interrupted++) {
                if (states[interrupted] == SEIZED && ptrace.interrupt(ids[interrupted]) < 0) {
                    states[interrupted] = GONE;
                }
            }
            if (!awaitStops(deadlineNanos)) {
                return false;
            }
            if (session.threadCount() == stoppedCount()) {
                return true;
            }
            seizeAll();
            if (interrupted == count && session.threadCount() == stoppedCount() + zombies()) {
                return true;
            }
            if (System.nanoTime() > deadlineNanos) {
                return false;
            }
        }
        return false;
    }

    // A thread that ended stays in the count until it is taken away: the first thread until the process ends.
    private int zombies() {
        int zombies = 0;
        for (int i = 0; i < count; i++) {
            if (states[i] == GONE) {
                try {
                    zombies += ProcStatus.ofThread(session.pid(), ids[i]).hasEnded() ? 1 : 0;
                } catch (java.io.IOException e) {
                    // Taken away by now.
                    continue;
                }
            }
        }
        return zombies;
    }

    private boolean awaitStops(long deadlineNanos) {
        int from = 0;
        for (int sweep = 0; ; sweep++) {
            boolean done = true;
            for (int i = from; i < count; i++) {
                if (states[i] == SEIZED) {
                    take(i);
                    done &= states[i] != SEIZED;
                }
                if (done) {
                    from = i;
                }
            }
            if (done) {
                return true;
            }
            if (System.nanoTime() > deadlineNanos) {
                return false;
            }
            if (sweep < SWEEPS_WITHOUT_SLEEP) {
                session.yieldProcessor();
            } else {
                session.sleepNanos(SLEEP_NANOS);
            }
        }
    }

    private void take(int index) {
        long result = ptrace.poll(ids[index]);
        if (result == 0) {
            return;
        }
        int status = ptrace.status();
        if (result < 0 || !Ptrace.isStop(status)) {
            states[index] = GONE;
            return;
        }
        states[index] = STOPPED;
        int event = Ptrace.event(status);
        signals[index] = event == 0 ? Ptrace.signal(status) : 0;
        isExecuting |= event == Ptrace.EVENT_EXEC;
        if (ptrace.registers(ids[index], slots[index]) < 0) {
            states[index] = GONE;
        } else if (signals[index] == 0) {
            timeouts.mend(ptrace, ids[index], slots[index]);
        }
    }

    private int stoppedCount() {
        int stopped = 0;
        for (int i = 0; i < count; i++) {
            stopped += states[i] == STOPPED ? 1 : 0;
        }
        return stopped;
    }

    /** {@return the id of a thread that did not stop; 0 if all did} */
    int firstRunning() {
        for (int i = 0; i < count; i++) {
            if (states[i] == SEIZED) {
                return ids[i];
            }
        }
        return 0;
    }

    /** Lets all threads go. One that did not stop is waited for until {@link #releaseLate} or the end of our thread. */
    void releaseAll() {
        for (int i = 0; i < count; i++) {
            if (states[i] == STOPPED) {
                release(i);
            }
        }
        releaseLate();
    }

    private void release(int index) {
        if (signals[index] == 0) {
            timeouts.letSignalsThrough(ptrace, ids[index], slots[index]);
        }
        ptrace.detach(ids[index], signals[index]);
        states[index] = GONE;
    }

    /** Lets go what has stopped too late, and forgets all that are gone. */
    void releaseLate() {
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (states[i] == SEIZED) {
                take(i);
            }
            if (states[i] == STOPPED) {
                release(i);
            }
            if (states[i] == SEIZED) {
                MemorySegment slot = slots[kept];
                slots[kept] = slots[i];
                slots[i] = slot;
                ids[kept] = ids[i];
                signals[kept] = 0;
                states[kept++] = SEIZED;
            }
        }
        count = kept;
    }

    /** Waits for those that are about to stop too late, and lets them go: they cannot be seized again before that. */
    void awaitLate(long deadlineNanos) {
        releaseLate();
        while (count > 0 && System.nanoTime() < deadlineNanos) {
            session.sleepNanos(SLEEP_NANOS);
            releaseLate();
        }
    }
}
