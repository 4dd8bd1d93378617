package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.linux.Keeper;
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
    private final Keeper keeper;
    private final LoadedFiles files;
    private final long stub;
    private final boolean filters;
    private final Threads threads;
    private final List<Long> signalReturns;
    private final Unwind unwind;
    private long stoppedNanos;
    private int attempts;

    Quiesce(Session session, LoadedFiles files, Ledger ledger, long stub, boolean filters) {
        this.session = session;
        session.letOthersRun();
        this.keeper = session.keeper();
        session.letOthersRun();
        this.files = files;
        this.stub = stub;
        this.filters = filters;
        this.signalReturns = ledger.signalReturns();
        this.threads = new Threads(session, filters);
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

    /** {@return what came of making a change while all threads are stopped and none is in the ranges} */
    Result run(List<Range> ranges, Duration timeout, Change change) throws InterruptedException {
        long start = System.nanoTime();
        long deadline = start + timeout.toNanos();
        CheckThreads check = new CheckThreads(session, files.mappings(), ranges, signalReturns);
        int pauseMillis = FIRST_PAUSE_MILLIS;
        boolean unwindsInStop = false;
        List<Obstacle> obstacles = List.of();
        Tracer.pause(0);
        while (true) {
            attempts++;
            boolean isProbe =
                    obstacles.stream().anyMatch(obstacle -> !obstacle.function().isEmpty());
            obstacles = isProbe ? probe(obstacles, check) : attempt(check, unwindsInStop, change);
            if (obstacles == null) {
                return new Result(true, cost(start), List.of());
            }
            boolean wasSuspected =
                    !check.suspects().isEmpty() && check.obstacles().isEmpty();
            if (wasSuspected && (isProbe || !unwindsInStop)) {
                obstacles = unwound(check);
                unwindsInStop = true;
            }
            if (obstacles.isEmpty()) {
                continue;
            }
            if (System.nanoTime() > deadline) {
                threads.awaitLate(System.nanoTime() + LATE_NANOS);
                return new Result(false, cost(start), refusals(obstacles));
            }
            Tracer.pause(Math.min(pauseMillis, Math.max(1, (deadline - System.nanoTime()) / 1_000_000)));
            pauseMillis = Math.min(LONGEST_PAUSE_MILLIS, pauseMillis * 2);
            threads.releaseAll();
        }
    }

    private Outcome.Cost cost(long start) {
        return new Outcome.Cost(stoppedNanos / 1000, (System.nanoTime() - start) / 1000, attempts);
    }

    // Who was in the way is asked alone whether he still is: each stop makes calls of the others start anew.
    private List<Obstacle> probe(List<Obstacle> obstacles, CheckThreads check) {
        threads.seize(obstacles.stream().map(Obstacle::tid).distinct().toList());
        try {
            keeper.noCalls();
            if (keeper.stop(System.nanoTime() + STOP_NANOS, true) == Keeper.Stop.LATE) {
                return List.of();
            }
            return check.isClear(keeper, true) ? List.of() : inTheWay(check);
        } finally {
            threads.releaseAll();
        }
    }

    private static List<Obstacle> inTheWay(CheckThreads check) {
        return check.obstacles().isEmpty()
                ? check.suspects().stream().map(Suspect::obstacle).toList()
                : check.obstacles();
    }

    /** {@return null if the work was done, else who was in the way} */
    private List<Obstacle> attempt(CheckThreads check, boolean unwindsInStop, Change change) {
        session.letOthersRun();
        threads.seizeAll();
        session.letOthersRun();
        check.tell(keeper);
        session.letOthersRun();
        boolean isLetGo = false;
        try {
            Keeper.Stop stop = threads.stopAll(System.nanoTime() + STOP_NANOS, change);
            if (stop == Keeper.Stop.LATE) {
                return List.of(new Obstacle(threads.firstRunning(), "", 0, true));
            }
            if (stop == Keeper.Stop.DONE) {
                isLetGo = true;
                change.made(keeper);
                session.letOthersRun();
                return null;
            }
            if (stop == Keeper.Stop.FOUND && !check.isClear(keeper, false)) {
                boolean mayGo = unwindsInStop
                        && check.obstacles().isEmpty()
                        && unwound(check).isEmpty();
                if (!mayGo) {
                    return inTheWay(check);
                }
            }
            make(change, stop);
            return null;
        } finally {
            if (isLetGo) {
                keeper.removeGone();
            } else {
                threads.releaseAll();
            }
            stoppedNanos = keeper.stoppedNanos();
        }
    }

    private void make(Change change, Keeper.Stop stop) {
        keeper.noCalls();
        change.addCalls(keeper);
        if (keeper.hasCalls()) {
            if (stop == Keeper.Stop.ABORTED || !keeper.makeCalls()) {
                throw Splice.changedMeanwhile(session.pid());
            }
            change.made(keeper);
            return;
        }
        int chosen = choose();
        BorrowedThread thread = new BorrowedThread(session, keeper.tid(chosen), keeper.registers(chosen), stub);
        try {
            change.with(thread);
        } finally {
            thread.giveBack();
        }
    }

    private int choose() {
        int fit = -1;
        for (int i = 0; i < keeper.threadCount(); i++) {
            if (keeper.state(i) == Keeper.State.STOPPED
                    && keeper.signal(i) == 0
                    && BorrowedThread.isFit(keeper.registers(i))) {
                boolean isWaiting = Registers.get(keeper.registers(i), Registers.ORIG_RAX) >= 0;
                if ((isWaiting || fit < 0) && (filters || !session.isFiltered(keeper.tid(i)))) {
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
