package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Keeper;
import dev.suture.linux.Ptrace;
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
    private static final int PLAIN_OPTIONS = Ptrace.OPTION_SYSGOOD | Ptrace.OPTION_EXEC;

    private final Session session;
    private final Room room;
    private final int options;
    private long stoppedNanos;
    private int neverStopped;

    BorrowThread(Session session, Room room, boolean filters) {
        this.session = session;
        this.room = room;
        this.options = PLAIN_OPTIONS | (filters ? Ptrace.OPTION_SUSPEND_SECCOMP : 0);
    }

    /** {@return how long the last thread was stopped, in nanoseconds} */
    long stoppedNanos() {
        return stoppedNanos;
    }

    /** {@return what the work gives, done in some thread of the process} */
    <T> T with(Function<BorrowedThread, T> work) {
        boolean wasFiltered = false;
        Keeper keeper = session.keeper();
        for (int tid : candidates()) {
            keeper.removeGone();
            int index = keeper.threadCount();
            boolean isAtRisk = options == PLAIN_OPTIONS && session.isFiltered(tid);
            if (isAtRisk || isKnown(keeper, tid) || session.ptrace().seize(tid, options) < 0) {
                wasFiltered |= isAtRisk;
                continue;
            }
            keeper.addThread(tid);
            try {
                keeper.noCalls();
                keeper.setRanges(new long[0], new long[0]);
                keeper.stop(System.nanoTime() + STOP_NANOS, true);
                if (keeper.state(index) == Keeper.State.SEIZED) {
                    neverStopped = tid;
                } else if (isFit(keeper, index)) {
                    return borrowed(work, tid, keeper.registers(index));
                }
            } finally {
                keeper.release();
                stoppedNanos = keeper.stoppedNanos();
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

    private static boolean isKnown(Keeper keeper, int tid) {
        for (int i = 0; i < keeper.threadCount(); i++) {
            if (keeper.tid(i) == tid) {
                return true;
            }
        }
        return false;
    }

    private boolean isFit(Keeper keeper, int index) {
        return keeper.state(index) == Keeper.State.STOPPED
                && keeper.signal(index) == 0
                && BorrowedThread.isFit(session, keeper.tid(index), keeper.registers(index));
    }

    private <T> T borrowed(Function<BorrowedThread, T> work, int tid, MemorySegment registers) {
        BorrowedThread thread = new BorrowedThread(session, tid, registers, room);
        try {
            return work.apply(thread);
        } finally {
            thread.giveBack();
        }
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
