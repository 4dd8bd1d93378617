package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Errno;
import dev.suture.linux.Keeper;
import dev.suture.linux.Keeper.State;
import dev.suture.linux.Ptrace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * All threads of a process, to be stopped and let go again.
 *
 * <p>They are first made ours, while they run, and then stopped. Threads that were born meanwhile are found because the
 * kernel counts the threads: when as many are stopped as there are, nobody is left who could make another. The kernel's
 * own threads in the process are left alone: they never run its code, and a stop would end what they wait for. A thread that
 * is in a system call is stopped as well; when let go it makes the call again where the kernel alone would have ended it
 * with EINTR.
 */
final class Threads {
    private static final int OPTIONS = Ptrace.OPTION_SYSGOOD | Ptrace.OPTION_EXEC;
    private static final int MOST_ROUNDS = 64;
    private static final int LATE_LOOK_NANOS = 50_000;

    private final Session session;
    private final Keeper keeper;
    private final int options;

    /** @param mayFilterCalls whether the process has a seccomp filter, which is then set aside */
    Threads(Session session, boolean mayFilterCalls) {
        this.session = session;
        this.keeper = session.keeper();
        this.options = OPTIONS | (mayFilterCalls ? Ptrace.OPTION_SUSPEND_SECCOMP : 0);
    }

    /**
     * Makes all threads of the program ours, while they run.
     *
     * @return the others, which are the kernel's
     */
    Set<Integer> seizeAll() {
        Set<Integer> ofKernel = new HashSet<>();
        List<Integer> ids = new ArrayList<>();
        Set<Integer> known = known();
        for (int id : session.threadIds()) {
            if (!known.contains(id)) {
                boolean isOfKernel = session.isOfKernel(id);
                (isOfKernel ? ofKernel : ids).add(id);
            }
        }
        seize(ids);
        return ofKernel;
    }

    private Set<Integer> known() {
        Set<Integer> known = new HashSet<>();
        for (int i = 0; i < keeper.threadCount(); i++) {
            known.add(keeper.tid(i));
        }
        return known;
    }

    /** Makes some threads ours, while they run. */
    void seize(List<Integer> ids) {
        Set<Integer> known = known();
        List<Integer> rest = ids.stream().filter(id -> !known.contains(id)).toList();
        for (int from = 0; from < rest.size(); from += Keeper.MOST_CALLS) {
            seizePart(rest.subList(from, Math.min(rest.size(), from + Keeper.MOST_CALLS)));
        }
    }

    private void seizePart(List<Integer> ids) {
        int first = keeper.threadCount();
        keeper.noCalls();
        for (int id : ids) {
            keeper.addThread(id);
            keeper.addCall(Calls.PTRACE, Ptrace.SEIZE, id, 0, options, 0, 0);
        }
        keeper.makeCalls();
        for (int i = 0; i < ids.size(); i++) {
            long result = keeper.result(i);
            if (result < 0) {
                keeper.isGone(first + i);
                if (!hasEnded(ids.get(i))) {
                    throw refused(ids.get(i), -result);
                }
            }
        }
    }

    private ProcessException refused(int id, long errno) {
        if (errno == Errno.EINVAL || (options & Ptrace.OPTION_SUSPEND_SECCOMP) != 0) {
            return BorrowedThread.filtered(session.pid());
        }
        return Permissions.explainTracing(session.pid(), "tracing its thread " + id);
    }

    private boolean hasEnded(int id) {
        try {
            return ProcStatus.ofThread(session.pid(), id).hasEnded();
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * Stops all threads, and makes a change if none is in the way.
     *
     * @param deadlineNanos {@link System#nanoTime} by which it must have happened
     * @return what came of it; if not DONE, those that are stopped must be let go. After LATE {@link #firstRunning} tells
     *     of one that is not
     */
    Keeper.Stop stopAll(long deadlineNanos, Change change) {
        keeper.setEnded(0);
        for (int round = 0; round < MOST_ROUNDS; round++) {
            keeper.noCalls();
            change.addCalls(keeper);
            Keeper.Stop result = keeper.stop(deadlineNanos, round == 0);
            if (result != Keeper.Stop.MORE) {
                return result;
            }
            keeper.setEnded(notStopped());
            if (System.nanoTime() > deadlineNanos) {
                return Keeper.Stop.LATE;
            }
        }
        return Keeper.Stop.LATE;
    }

    // How many of those that the kernel counts need no stop; 0 if there are others that do, or that come and go. All
    // that
    // were ours have stopped by now: who still comes is the kernel's.
    private int notStopped() {
        int before = keeper.threadCount();
        Set<Integer> ofKernel = seizeAll();
        boolean isSame = ofKernel.isEmpty() || ofKernel.equals(seizeAll());
        return isSame && keeper.threadCount() == before ? ended() + ofKernel.size() : 0;
    }

    // A thread that ended stays in the count until it is taken away: the first thread until the process ends.
    private int ended() {
        int ended = 0;
        for (int i = 0; i < keeper.threadCount(); i++) {
            if (keeper.state(i) == State.GONE) {
                try {
                    ended += ProcStatus.ofThread(session.pid(), keeper.tid(i)).hasEnded() ? 1 : 0;
                } catch (IOException e) {
                    // Taken away by now.
                    continue;
                }
            }
        }
        return ended;
    }

    /** {@return the number of a thread that did not stop; 0 if all did} */
    int firstRunning() {
        for (int i = 0; i < keeper.threadCount(); i++) {
            if (keeper.state(i) == State.SEIZED) {
                return keeper.tid(i);
            }
        }
        return 0;
    }

    /** Lets all threads go, those too that have stopped too late, and forgets all that are gone. */
    void releaseAll() {
        keeper.release();
        keeper.collect();
        keeper.release();
        keeper.removeGone();
    }

    /** Waits for those that are about to stop too late, and lets them go: they cannot be seized again before that. */
    void awaitLate(long deadlineNanos) {
        releaseAll();
        while (firstRunning() != 0 && System.nanoTime() < deadlineNanos) {
            session.sleepNanos(LATE_LOOK_NANOS);
            releaseAll();
        }
    }
}
