package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.linux.Registers;
import dev.suture.process.CheckThreads.Range;
import dev.suture.process.CheckThreads.Suspect;
import dev.suture.target.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Finds a moment in which no thread is in the way, and does something in it.
 *
 * <p>All threads are stopped, looked at and, if one is in the way, let go again for a while. Words on a stack that only
 * look like return addresses are told from real ones by following the call chain; the first time that is done on copies,
 * while the program runs on, so that the tables it takes are read by then.
 */
final class Quiesce {
    private static final long STOP_NANOS = 50_000_000;
    private static final long LATE_NANOS = 500_000_000;
    private static final int FIRST_PAUSE_MILLIS = 1;
    private static final int LONGEST_PAUSE_MILLIS = 100;
    private static final int MOST_NAMED = 8;

    private final Session session;
    private final LoadedFiles files;
    private final long stub;
    private final boolean filters;
    private final KeepTimeouts timeouts = new KeepTimeouts();
    private final Unwind unwind;
    private long stoppedNanos;
    private int attempts;

    Quiesce(Session session, LoadedFiles files, Ledger ledger, long stub, boolean filters) {
        this.session = session;
        this.files = files;
        this.stub = stub;
        this.filters = filters;
        this.unwind = new Unwind(session.memory(), files, ledger);
    }

    /**
     * What came of it.
     *
     * @param isDone whether it was done
     * @param cost what that took
     * @param inTheWay who was in the way last, if not
     */
    record Result(boolean isDone, Outcome.Cost cost, List<Refusal> inTheWay) {}

    /** {@return what came of doing something while all threads are stopped and none is in the ranges} */
    Result run(List<Range> ranges, Duration timeout, Consumer<BorrowedThread> work) throws InterruptedException {
        long start = System.nanoTime();
        long deadline = start + timeout.toNanos();
        CheckThreads check = new CheckThreads(session, files.mappings(), ranges);
        Threads threads = new Threads(session, timeouts, filters);
        int pauseMillis = FIRST_PAUSE_MILLIS;
        boolean unwindsInStop = false;
        while (true) {
            attempts++;
            List<Obstacle> obstacles = attempt(threads, check, unwindsInStop, work);
            boolean wasSuspected =
                    !check.suspects().isEmpty() && check.obstacles().isEmpty();
            if (obstacles == null) {
                return new Result(true, cost(start), List.of());
            }
            if (wasSuspected && !unwindsInStop) {
                obstacles = unwound(check);
                unwindsInStop = true;
                if (obstacles.isEmpty()) {
                    continue;
                }
            }
            if (System.nanoTime() > deadline) {
                threads.awaitLate(System.nanoTime() + LATE_NANOS);
                return new Result(false, cost(start), refusals(obstacles));
            }
            Thread.sleep(Math.min(pauseMillis, Math.max(1, (deadline - System.nanoTime()) / 1_000_000)));
            pauseMillis = Math.min(LONGEST_PAUSE_MILLIS, pauseMillis * 2);
            threads.releaseLate();
        }
    }

    private Outcome.Cost cost(long start) {
        return new Outcome.Cost(stoppedNanos / 1000, (System.nanoTime() - start) / 1000, attempts);
    }

    /** {@return null if the work was done, else who was in the way} */
    private List<Obstacle> attempt(
            Threads threads, CheckThreads check, boolean unwindsInStop, Consumer<BorrowedThread> work) {
        threads.seizeAll();
        long start = System.nanoTime();
        try {
            if (!threads.stopAll(start + STOP_NANOS)) {
                return List.of(new Obstacle(threads.firstRunning(), "", 0, true));
            }
            if (threads.isExecuting()) {
                throw new ProcessException(session.pid(), "it executed another program meanwhile");
            }
            if (!check.isClear(threads)) {
                boolean mayGo = unwindsInStop
                        && check.obstacles().isEmpty()
                        && unwound(check).isEmpty();
                if (!mayGo) {
                    return check.obstacles().isEmpty()
                            ? check.suspects().stream().map(Suspect::obstacle).toList()
                            : check.obstacles();
                }
            }
            int chosen = choose(threads);
            BorrowedThread thread = new BorrowedThread(session, threads.id(chosen), threads.registers(chosen), stub);
            try {
                work.accept(thread);
            } finally {
                thread.giveBack();
            }
            return null;
        } finally {
            threads.releaseAll();
            stoppedNanos = System.nanoTime() - start;
        }
    }

    private int choose(Threads threads) {
        int fit = -1;
        for (int i = 0; i < threads.count(); i++) {
            if (threads.isStopped(i) && threads.signal(i) == 0 && BorrowedThread.isFit(threads.registers(i))) {
                boolean isWaiting = Registers.get(threads.registers(i), Registers.ORIG_RAX) >= 0;
                if ((isWaiting || fit < 0) && (filters || !session.isFiltered(threads.id(i)))) {
                    fit = i;
                }
                if (fit == i && isWaiting) {
                    return i;
                }
            }
        }
        if (fit < 0) {
            throw new ProcessException(
                    session.pid(),
                    "it has no thread that runs 64-bit code, has no signal waiting and no seccomp filter");
        }
        return fit;
    }

    private List<Obstacle> unwound(CheckThreads check) {
        List<Obstacle> real = new ArrayList<>();
        for (Suspect suspect : check.suspects()) {
            Unwind.Chain chain = unwind.chain(suspect.registers(), suspect.stackPointer(), suspect.stack());
            if (!chain.isComplete()) {
                real.add(suspect.obstacle());
                continue;
            }
            for (long address : chain.returnAddresses()) {
                check.into(address)
                        .ifPresent(range ->
                                real.add(new Obstacle(suspect.obstacle().tid(), range.function(), address, false)));
            }
        }
        return real;
    }

    private List<Refusal> refusals(List<Obstacle> obstacles) {
        List<Refusal> refusals = new ArrayList<>();
        for (Obstacle obstacle : obstacles.stream().limit(MOST_NAMED).toList()) {
            String who = "thread %d (%s)".formatted(obstacle.tid(), threadName(obstacle.tid()));
            String what;
            if (obstacle.function().isEmpty()) {
                what = who + " does not stop: it waits for the disk, or for a child made by vfork";
            } else if (obstacle.isRunning()) {
                what = "%s runs in %s, at 0x%x".formatted(who, obstacle.function(), obstacle.address());
            } else {
                what = "%s will return into %s, to 0x%x".formatted(who, obstacle.function(), obstacle.address());
            }
            refusals.add(new Refusal("pid " + session.pid(), obstacle.function(), what, remedy()));
        }
        return refusals;
    }

    private String remedy() {
        try {
            if (ProcStatus.read(session.pid()).state() == 'T') {
                return "The program is stopped (SIGSTOP, or by its terminal), and leaves no function: continue it first.";
            }
        } catch (IOException e) {
            return "The program has ended.";
        }
        return "Give it more time (--timeout), make the program leave the function, or, if old calls may end in the old"
                + " code while new ones run the new, use --policy bytes.";
    }

    private String threadName(int tid) {
        try {
            return Files.readString(Path.of("/proc/" + session.pid() + "/task/" + tid + "/comm"))
                    .strip();
        } catch (IOException e) {
            return "ended";
        }
    }
}
