package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Ptrace;
import dev.suture.linux.Registers;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Stops one thread for a moment and has it do something, while the others run: preferably one that waits in a system
 * call, so that nobody waits for it.
 */
final class BorrowThread {
    private static final long STOP_NANOS = 500_000_000;
    private static final int SLEEP_NANOS = 2_000;
    private static final int PLAIN_OPTIONS = Ptrace.OPTION_SYSGOOD | Ptrace.OPTION_EXEC;

    private final Session session;
    private final long stub;
    private final KeepTimeouts timeouts = new KeepTimeouts();
    private final int options;
    private long stoppedNanos;
    private int neverStopped;

    BorrowThread(Session session, long stub, boolean filters) {
        this.session = session;
        this.stub = stub;
        this.options = PLAIN_OPTIONS | (filters ? Ptrace.OPTION_SUSPEND_SECCOMP : 0);
    }

    /** {@return how long the last thread was stopped, in nanoseconds} */
    long stoppedNanos() {
        return stoppedNanos;
    }

    /** {@return what the work gives, done in some thread of the process} */
    <T> T with(Function<BorrowedThread, T> work) {
        boolean wasFiltered = false;
        for (int tid : candidates()) {
            Ptrace ptrace = session.ptrace();
            boolean isAtRisk = options == PLAIN_OPTIONS && session.isFiltered(tid);
            if (isAtRisk || ptrace.seize(tid, options) < 0) {
                wasFiltered |= isAtRisk;
                continue;
            }
            long start = System.nanoTime();
            ptrace.interrupt(tid);
            int signal = awaitStop(tid);
            if (signal < 0) {
                neverStopped = tid;
                continue;
            }
            MemorySegment registers = session.arena().allocate(Registers.BYTES, 8);
            boolean fit = signal == 0 && ptrace.registers(tid, registers) >= 0 && BorrowedThread.isFit(registers);
            if (fit) {
                timeouts.mend(ptrace, tid, registers);
            }
            if (!fit) {
                letGo(tid, registers, signal);
                continue;
            }
            BorrowedThread thread = new BorrowedThread(session, tid, registers, stub);
            try {
                return work.apply(thread);
            } finally {
                thread.giveBack();
                if (!thread.isLost()) {
                    letGo(tid, registers, signal);
                }
                stoppedNanos = System.nanoTime() - start;
            }
        }
        if (wasFiltered || options != PLAIN_OPTIONS) {
            throw BorrowedThread.filtered(session.pid());
        }
        if (neverStopped != 0) {
            throw new ProcessException(
                    session.pid(),
                    "its thread %d does not stop: it waits for the disk, or for a child".formatted(neverStopped));
        }
        throw Permissions.explain(session.pid(), "tracing any of its threads");
    }

    private void letGo(int tid, MemorySegment registers, int signal) {
        timeouts.letSignalsThrough(session.ptrace(), tid, registers);
        session.ptrace().detach(tid, signal);
    }

    // A thread that does not stop in time is let go by the kernel when our thread ends.
    private int awaitStop(int tid) {
        long deadline = System.nanoTime() + STOP_NANOS;
        while (System.nanoTime() < deadline) {
            long result = session.ptrace().poll(tid);
            if (result != 0) {
                int status = session.ptrace().status();
                if (result < 0 || !Ptrace.isStop(status)) {
                    return -1;
                }
                return Ptrace.event(status) == 0 ? Ptrace.signal(status) : 0;
            }
            session.sleepNanos(SLEEP_NANOS);
        }
        return -1;
    }

    private List<Integer> candidates() {
        List<Integer> waiting = new ArrayList<>();
        List<Integer> others = new ArrayList<>();
        for (int tid : session.threadIds()) {
            (isWaiting(tid) ? waiting : others).add(tid);
            if (waiting.size() == 4) {
                break;
            }
        }
        waiting.addAll(others);
        return waiting;
    }

    private boolean isWaiting(int tid) {
        try {
            String text = Files.readString(Path.of("/proc/" + session.pid() + "/task/" + tid + "/syscall"));
            return !text.startsWith("running") && !text.startsWith("-1") && !text.startsWith(Calls.EPOLL_WAIT + " ");
        } catch (IOException e) {
            return false;
        }
    }
}
