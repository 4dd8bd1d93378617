package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Errno;
import dev.suture.linux.Keeper;
import dev.suture.linux.Ptrace;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Stops one thread for a moment and has it do something, while the others run: preferably one that waits in a system
 * call, so that nobody waits for it.
 */
final class BorrowThread {
    private static final long STOP_NANOS = 500_000_000;
    private static final int MILLIS_DIGITS = 3;
    private static final int FIRST_PAUSE_NANOS = 500_000;
    private static final int LONGEST_PAUSE_NANOS = 20_000_000;
    private static final String NEVER_STOPS = " does not stop: it waits for the disk, or for a child";
    private static final int PLAIN_OPTIONS = Ptrace.OPTION_SYSGOOD | Ptrace.OPTION_EXEC;

    private final Session session;
    private final Room room;
    private final int options;
    private final Duration longest;
    private long stoppedNanos;
    private boolean isAtRisk;
    private Optional<String> unfit = Optional.empty();
    private long failure;

    /** @param longest how long to try */
    BorrowThread(Session session, Room room, boolean filters, Duration longest) {
        this.session = session;
        this.longest = longest;
        this.room = room;
        this.options = PLAIN_OPTIONS | (filters ? Ptrace.OPTION_SUSPEND_SECCOMP : 0);
    }

    /** {@return how long the last thread was stopped, in nanoseconds} */
    long stoppedNanos() {
        return stoppedNanos;
    }

    /**
     * {@return what the work gives, done in some thread of the process} A thread that cannot be borrowed where it is now may
     * be elsewhere a moment later; they are tried for some time.
     */
    <T> T with(Function<BorrowedThread, T> work) {
        return with(work, registers -> Optional.empty());
    }

    /**
     * {@return what the work gives, done in a thread that is not in the midst of what the work needs}
     *
     * @param busy what a thread with these registers is in the midst of
     */
    <T> T with(Function<BorrowedThread, T> work, Function<MemorySegment, Optional<String>> busy) {
        long deadline = System.nanoTime() + longest.toNanos();
        int pauseNanos = FIRST_PAUSE_NANOS;
        while (true) {
            isAtRisk = false;
            unfit = Optional.empty();
            failure = 0;
            for (int tid : candidates()) {
                List<T> result = tried(work, busy, tid);
                if (!result.isEmpty()) {
                    return result.getFirst();
                }
            }
            boolean isHopeless = unfit.isEmpty() && failure != Errno.ESRCH;
            if (isHopeless || System.nanoTime() > deadline) {
                throw whyNone();
            }
            session.sleepNanos(pauseNanos);
            pauseNanos = Math.min(LONGEST_PAUSE_NANOS, pauseNanos * 2);
        }
    }

    private ProcessException whyNone() {
        if (unfit.isPresent()) {
            return new ProcessException(
                    session.pid(),
                    "none of its threads could be borrowed within %s s: thread %s"
                            .formatted(
                                    BigDecimal.valueOf(longest.toMillis(), MILLIS_DIGITS)
                                            .stripTrailingZeros()
                                            .toPlainString(),
                                    unfit.get()));
        }
        if (isAtRisk || failure != 0 && options != PLAIN_OPTIONS) {
            return BorrowedThread.filtered(session.pid());
        }
        return Permissions.explainTracing(session.pid(), "tracing any of its threads");
    }

    // One element, what the work gives, or none if this thread could not do it.
    private <T> List<T> tried(
            Function<BorrowedThread, T> work, Function<MemorySegment, Optional<String>> busy, int tid) {
        Keeper keeper = session.keeper();
        if (isKnown(keeper, tid)) {
            // It did not stop in time when it was to.
            keeper.collect();
            keeper.release();
        }
        keeper.removeGone();
        int index = keeper.threadCount();
        if (isKnown(keeper, tid)) {
            unfit = Optional.of(tid + NEVER_STOPS);
            return List.of();
        }
        if (options == PLAIN_OPTIONS && session.isFiltered(tid)) {
            isAtRisk = true;
            return List.of();
        }
        long seized = session.ptrace().seize(tid, options);
        if (seized < 0) {
            long errno = hasEnded(tid) ? Errno.ESRCH : -seized;
            failure = failure == 0 || failure == Errno.ESRCH ? errno : failure;
            return List.of();
        }
        keeper.addThread(tid);
        try {
            keeper.noCalls();
            keeper.setRanges(new long[0], new long[0]);
            keeper.stop(System.nanoTime() + STOP_NANOS, true);
            Optional<String> why = whyUnfit(keeper, index)
                    .or(() -> busy.apply(keeper.registers(index)).map(what -> " " + what));
            if (why.isEmpty()) {
                // Work may give nothing.
                return Collections.singletonList(borrowed(work, tid, keeper.registers(index)));
            }
            unfit = Optional.of(tid + why.get());
            return List.of();
        } finally {
            keeper.release();
            stoppedNanos = keeper.stoppedNanos();
        }
    }

    private boolean hasEnded(int tid) {
        try {
            return ProcStatus.ofThread(session.pid(), tid).hasEnded();
        } catch (IOException e) {
            return true;
        }
    }

    private static boolean isKnown(Keeper keeper, int tid) {
        for (int i = 0; i < keeper.threadCount(); i++) {
            if (keeper.tid(i) == tid) {
                return true;
            }
        }
        return false;
    }

    private Optional<String> whyUnfit(Keeper keeper, int index) {
        return switch (keeper.state(index)) {
            case SEIZED -> Optional.of(NEVER_STOPS);
            case GONE -> Optional.of(" has ended");
            case STOPPED ->
                keeper.signal(index) != 0
                        ? Optional.of(" is about to get signal " + keeper.signal(index))
                        : BorrowedThread.whyUnfit(session, keeper.tid(index), keeper.registers(index))
                                .map(why -> " " + why);
        };
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
            if (session.isOfKernel(tid)) {
                continue;
            }
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
