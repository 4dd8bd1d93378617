package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.linux.Keeper;
import dev.suture.linux.Registers;
import dev.suture.process.CheckThreads.Range;
import dev.suture.process.CheckThreads.Suspect;
import dev.suture.process.Obstacle.How;
import dev.suture.target.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Finds a moment in which no thread is in the way, and does something in it.
 *
 * <p>All threads are stopped, looked at and, if one is in the way, let go again for a while. Words on a stack that only
 * look like return addresses are told from real ones by following the call chain; the first time that is done on copies,
 * while the program runs on, so that the tables it takes are read by then.
 */
final class Quiesce {
    private static final long STOP_NANOS = 50_000_000;
    /** How long to look at who sleeps before all are stopped. */
    private static final long LOOK_NANOS = 10_000_000;

    private static final long LATE_NANOS = 500_000_000;
    private static final int FIRST_PAUSE_MILLIS = 1;
    private static final int LONGEST_PAUSE_MILLIS = 20;
    private static final int MOST_NAMED = 8;

    private final Session session;
    private final Keeper keeper;
    private final Room room;
    private final boolean filters;
    private final Threads threads;
    private final WhoElse others;
    private final Ledger ledger;
    private LoadedFiles files;
    private Unwind unwind;
    private Set<Long> signalReturns;
    private boolean unwindsInStop;
    private long stoppedNanos;
    private int attempts;
    /** How many threads were in the way at a time, by function. */
    private final Map<String, Long> most = new LinkedHashMap<>();

    Quiesce(Session session, LoadedFiles files, Ledger ledger, Room room, boolean filters) {
        this.session = session;
        session.letOthersRun();
        this.keeper = session.keeper();
        session.letOthersRun();
        this.files = files;
        this.room = room;
        this.filters = filters;
        this.ledger = ledger;
        this.others = new WhoElse(session);
        this.threads = new Threads(session, filters);
        this.unwind = new Unwind(session.memory(), files, ledger);
    }

    /**
     * What came of it.
     *
     * @param isDone whether it was done
     * @param cost what that took
     * @param inTheWay who was in the way last, if not
     * @param notes where words of stacks said something else than calls
     */
    record Result(boolean isDone, Outcome.Cost cost, List<Refusal> inTheWay, List<Refusal> notes) {}

    /**
     * {@return what came of making a change while all threads are stopped and none is in the ranges}
     *
     * @param isChainEnough whether a call chain that was followed to its end decides against any words of the stack
     */
    Result run(List<Range> ranges, Duration timeout, boolean isChainEnough, Change change) throws InterruptedException {
        long start = System.nanoTime();
        long deadline = start + timeout.toNanos();
        CheckThreads check = new CheckThreads(session, files.mappings(), ranges, isChainEnough);
        LookAsleep asleep = new LookAsleep(session, check);
        int pauseMillis = FIRST_PAUSE_MILLIS;
        List<Obstacle> obstacles = List.of();
        List<Obstacle> lastSeen = List.of();
        Tracer.pause(0);
        while (true) {
            check.forget();
            update(check, !ranges.isEmpty());
            boolean isProbe = obstacles.stream().anyMatch(Obstacle::isSeen);
            obstacles = isProbe ? stillThere(obstacles, check, asleep) : attemptUnlessAsleep(check, asleep, change);
            if (obstacles == null) {
                return new Result(true, cost(start), List.of(), notes(check.leftovers()));
            }
            boolean isSuspicion =
                    !check.suspects().isEmpty() && check.obstacles().isEmpty();
            if (isSuspicion && (isProbe || !unwindsInStop)) {
                obstacles = check.unwound(unwind);
                unwindsInStop = true;
            }
            byFunction(obstacles).forEach((function, same) -> most.merge(function, threads(same), Math::max));
            // At the very end nobody may be there, who was all the time before.
            lastSeen = obstacles.isEmpty() ? lastSeen : obstacles;
            boolean isLate = System.nanoTime() > deadline;
            if (obstacles.isEmpty() && !isLate) {
                continue;
            }
            if (isLate) {
                threads.awaitLate(System.nanoTime() + LATE_NANOS);
                return new Result(false, cost(start), refusals(lastSeen), List.of());
            }
            Tracer.pause(Math.min(pauseMillis, Math.max(1, (deadline - System.nanoTime()) / 1_000_000)));
            pauseMillis = Math.min(LONGEST_PAUSE_MILLIS, pauseMillis * 2);
            threads.releaseAll();
        }
    }

    // Libraries are opened and stacks are made while we wait.
    private void update(CheckThreads check, boolean searches) {
        Mappings now = Mappings.read(session.pid());
        if (signalReturns == null || !now.hasSameCode(files.mappings())) {
            signalReturns = searches ? SignalReturns.find(session.memory(), now) : Set.of();
            if (!now.hasSameCode(files.mappings())) {
                files = new LoadedFiles(session.pid(), session.memory(), now);
                unwind = new Unwind(session.memory(), files, ledger);
            }
        }
        check.update(now, signalReturns);
    }

    private Outcome.Cost cost(long start) {
        return new Outcome.Cost(stoppedNanos / 1000, (System.nanoTime() - start) / 1000, attempts);
    }

    // Who was in the way is looked at where he sleeps; only if that does not tell he is stopped, and alone: each stop
    // makes calls start anew.
    private List<Obstacle> stillThere(List<Obstacle> obstacles, CheckThreads check, LookAsleep asleep) {
        Set<Integer> untold = new LinkedHashSet<>();
        List<Obstacle> seen = new ArrayList<>();
        for (Obstacle obstacle : obstacles) {
            switch (asleep.look(obstacle.tid(), unwind)) {
                case IN_THE_WAY -> seen.add(obstacle);
                case NOT_IN_THE_WAY -> {}
                case UNTOLD -> untold.add(obstacle.tid());
            }
        }
        if (!seen.isEmpty() || untold.isEmpty()) {
            return seen;
        }
        untold.forEach(asleep::isStopped);
        return probe(untold, check);
    }

    private List<Obstacle> probe(Set<Integer> tids, CheckThreads check) {
        threads.seize(List.copyOf(tids));
        try {
            attempts++;
            keeper.noCalls();
            if (keeper.stop(System.nanoTime() + STOP_NANOS, true) == Keeper.Stop.LATE) {
                return List.of();
            }
            return check.isClear(keeper, true) ? List.of() : inTheWay(check);
        } finally {
            threads.releaseAll();
            stoppedNanos += keeper.stoppedNanos();
        }
    }

    private static List<Obstacle> inTheWay(CheckThreads check) {
        return check.obstacles().isEmpty()
                ? check.suspects().stream().map(Suspect::obstacle).toList()
                : check.obstacles();
    }

    // As long as somebody sleeps in the way, a stop would only disturb him.
    private List<Obstacle> attemptUnlessAsleep(CheckThreads check, LookAsleep asleep, Change change) {
        List<Obstacle> sleepers =
                check.isOfInterest() ? asleep.asleep(session.threadIds(), unwind, LOOK_NANOS) : List.of();
        return sleepers.isEmpty() ? attempt(check, change) : sleepers;
    }

    /** {@return null if the work was done, else who was in the way} */
    private List<Obstacle> attempt(CheckThreads check, Change change) {
        Optional<Obstacle> unstoppable = others.unstoppable();
        if (unstoppable.isPresent()) {
            return List.of(unstoppable.get());
        }
        List<Integer> sharers = others.sharers();
        if (!sharers.isEmpty()) {
            return List.of(new Obstacle(sharers.getFirst(), "", 0, How.SHARES));
        }
        attempts++;
        session.letOthersRun();
        threads.seizeAll();
        Step.THREADS_SEIZED.isDone();
        session.letOthersRun();
        check.tell(keeper);
        session.letOthersRun();
        boolean isLetGo = false;
        try {
            Keeper.Stop stop = threads.stopAll(System.nanoTime() + STOP_NANOS, change);
            if (stop == Keeper.Stop.LATE) {
                return List.of(new Obstacle(threads.firstRunning(), "", 0, How.NEVER_STOPS));
            }
            if (stop == Keeper.Stop.DONE) {
                isLetGo = true;
                change.made(keeper);
                session.letOthersRun();
                return null;
            }
            if (stop == Keeper.Stop.FOUND && !check.isClear(keeper, false)) {
                List<Obstacle> found =
                        unwindsInStop && check.obstacles().isEmpty() ? check.unwound(unwind) : inTheWay(check);
                if (!found.isEmpty()) {
                    return found;
                }
            }
            return make(change, stop);
        } finally {
            if (isLetGo) {
                keeper.removeGone();
            } else {
                threads.releaseAll();
            }
            stoppedNanos += keeper.stoppedNanos();
        }
    }

    // Null if it was made. Not if a thread of the process is needed, and none is where it can be borrowed at this
    // moment.
    private List<Obstacle> make(Change change, Keeper.Stop stop) {
        keeper.noCalls();
        change.addCalls(keeper);
        if (keeper.hasCalls()) {
            if (stop == Keeper.Stop.ABORTED || !keeper.makeCalls()) {
                throw Splice.changedMeanwhile(session.pid());
            }
            change.made(keeper);
            return null;
        }
        OptionalInt chosen = choose();
        if (chosen.isEmpty()) {
            return List.of(notFit());
        }
        int index = chosen.getAsInt();
        BorrowedThread thread = new BorrowedThread(session, keeper.tid(index), keeper.registers(index), room);
        try {
            change.with(thread);
        } finally {
            thread.giveBack();
        }
        return null;
    }

    private Obstacle notFit() {
        for (int i = 0; i < keeper.threadCount(); i++) {
            if (keeper.state(i) == Keeper.State.STOPPED) {
                long address = Registers.get(keeper.registers(i), Registers.RIP);
                return new Obstacle(keeper.tid(i), "", address, How.NOT_FIT);
            }
        }
        throw new ProcessException(session.pid(), "it has ended");
    }

    private OptionalInt choose() {
        OptionalInt fit = OptionalInt.empty();
        boolean isAny = false;
        for (int i = 0; i < keeper.threadCount(); i++) {
            if (keeper.state(i) == Keeper.State.STOPPED
                    && keeper.signal(i) == 0
                    && BorrowedThread.is64Bit(keeper.registers(i))
                    && (filters || !session.isFiltered(keeper.tid(i)))) {
                isAny = true;
                if (BorrowedThread.whyUnfit(session, keeper.tid(i), keeper.registers(i))
                        .isEmpty()) {
                    fit = OptionalInt.of(i);
                    if (Registers.get(keeper.registers(i), Registers.ORIG_RAX) >= 0) {
                        return fit;
                    }
                }
            }
        }
        if (!isAny) {
            throw new ProcessException(
                    session.pid(),
                    "it has no thread that runs 64-bit code, has no signal waiting and no seccomp filter");
        }
        return fit;
    }

    private List<Refusal> notes(List<Obstacle> leftovers) {
        return leftovers.stream()
                .limit(MOST_NAMED)
                .map(it -> new Refusal("pid " + session.pid(), it.function(), what(it), "It was not waited for."))
                .toList();
    }

    private List<Refusal> refusals(List<Obstacle> obstacles) {
        return byFunction(obstacles).values().stream()
                .limit(MOST_NAMED)
                .map(same -> new Refusal("pid " + session.pid(), same.getFirst().function(), what(same), remedy(same)))
                .toList();
    }

    private static Map<String, List<Obstacle>> byFunction(List<Obstacle> obstacles) {
        Map<String, List<Obstacle>> byFunction = new LinkedHashMap<>();
        for (Obstacle obstacle : obstacles) {
            // Without a function each is a case of its own.
            String key = obstacle.function().isEmpty() ? obstacle.how() + " " + obstacle.tid() : obstacle.function();
            byFunction.computeIfAbsent(key, _ -> new ArrayList<>()).add(obstacle);
        }
        return byFunction;
    }

    private static long threads(List<Obstacle> same) {
        return same.stream().mapToInt(Obstacle::tid).distinct().count();
    }

    // Of those that come and go all but one may have left by the last look.
    private String what(List<Obstacle> same) {
        String function = same.getFirst().function();
        long now = threads(same);
        long before = most.getOrDefault(function, now);
        String one = what(same.getFirst());
        if (before > now) {
            return "%d threads at a time were in %s or might have returned into it; %s: %s"
                    .formatted(
                            before,
                            function,
                            now == 1 ? "at last one was" : "at last one of %d was".formatted(now),
                            one);
        }
        return now == 1
                ? one
                : "%d threads are in %s or may return into it; one of them: %s".formatted(now, function, one);
    }

    private String what(Obstacle obstacle) {
        String who = "thread %d (%s)".formatted(obstacle.tid(), threadName(obstacle.tid()));
        return switch (obstacle.how()) {
            case RUNS -> "%s runs in %s, at 0x%x".formatted(who, obstacle.function(), obstacle.address());
            case RETURNS -> "%s will return into %s, to 0x%x".formatted(who, obstacle.function(), obstacle.address());
            case MAY_RETURN ->
                "%s may return into %s, to 0x%x: that is on its stack, and its calls cannot be followed"
                        .formatted(who, obstacle.function(), obstacle.address());
            case DISAGREES ->
                "%s may return into %s, to 0x%x: that is on its stack, its calls do not say so, and the code does not confirm"
                                .formatted(who, obstacle.function(), obstacle.address())
                        + " them";
            case LEFT_OVER ->
                "%s has 0x%x on its stack, which leads into %s, and is in no call of it, as its calls and the code say"
                        .formatted(who, obstacle.address(), obstacle.function());
            case HAS_LEFT ->
                "%s may return into %s, to 0x%x, when it comes back to the stack that it has left"
                        .formatted(who, obstacle.function(), obstacle.address());
            case UNKNOWN ->
                "where %s will return to cannot be told: it is not on the stack that it began on, and its calls cannot be"
                                .formatted(who)
                        + " followed beyond 0x%x".formatted(obstacle.address());
            case NEVER_STOPS -> who + " does not stop: it waits for the disk, or for a child made by vfork";
            case NOT_FIT ->
                "no thread was where it can be borrowed to make the change; %s was at 0x%x, where it may be in a restartable"
                                .formatted(who, obstacle.address())
                        + " sequence (rseq)";
            case SHARES -> "process %d has the same memory, and is not stopped with this one".formatted(obstacle.tid());
        };
    }

    private String remedy(List<Obstacle> same) {
        try {
            if (ProcStatus.read(session.pid()).state() == 'T') {
                return "The program is stopped (SIGSTOP, or by its terminal), and leaves no function: continue it first.";
            }
        } catch (IOException e) {
            return "The program has ended.";
        }
        if (same.stream().allMatch(obstacle -> obstacle.how() == How.DISAGREES)) {
            return "Give it more time (--timeout); or, if you know that the word is left over from an earlier call, use"
                    + " --policy calls.";
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
