package dev.suture.engine;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.engine.ActionReport.Ended;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Incarnation;
import dev.suture.target.LiveTarget;
import dev.suture.target.LoadedPayload;
import dev.suture.target.Seen;
import dev.suture.target.State;
import dev.suture.target.Watched;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Keeps payloads applied in targets that come and go: those that are new, that start another program, or that close a file
 * and open it again get them.
 *
 * <p>Looks around from time to time. A target is touched only when two looks, one after the other, found the same program
 * and the same code in it: what is just starting is left to start. A payload that was applied and that somebody took out is
 * left out. What cannot be loaded is tried again after a time that doubles, and if targets crash of what was loaded, nothing
 * is loaded any more.
 */
public final class Follow {
    private static final int MOST_CRASHES = 3;
    /** Of targets in a row that ended at once, if it is not known how. */
    private static final int MOST_ENDS = 10;

    private static final long LONGEST_PAUSE_NANOS = Duration.ofMinutes(10).toNanos();
    /** Looking takes no more than one part in so many of the time. */
    private static final int SHARE = 10;

    /**
     * What to keep applied.
     *
     * @param name by which it is loaded
     */
    public record Wanted(String name, Payload payload) {}

    private final List<Wanted> wanted;
    private final Supplier<List<LiveTarget>> find;
    private final ApplyOptions options;
    private final Duration interval;
    private final Duration watch;
    private final Consumer<FollowEvent> journal;
    private final Map<String, Known> known = new HashMap<>();
    private long patched;
    private int crashes;
    private int losses;
    /** Whether the last target that was patched went on. */
    private boolean isProven;

    private long notBefore;
    private long changingNanos;

    /** What is known of one target since its program started. */
    private static final class Known {
        private Incarnation incarnation;
        private boolean isSettled;
        private int failures;
        private long notBefore;
        private final Set<String> applied = new HashSet<>();
        private final Set<String> told = new HashSet<>();

        Known(Incarnation incarnation) {
            this.incarnation = incarnation;
        }
    }

    private record Loaded(LiveTarget target, String payload, Watched watched) {}

    /** How it ended. */
    public enum End {
        /** There is none of the targets any more, and there will be none. */
        NOTHING_LEFT,
        INTERRUPTED,
        GAVE_UP
    }

    /**
     * Prepares.
     *
     * @param wanted in the order in which they are to be applied
     * @param find the targets there are at a time
     * @param interval how long to wait between two looks, at least
     * @param watch how long to look, after a change, what becomes of the target
     * @param journal hears of everything as it happens; what it throws ends it all
     */
    public Follow(
            List<Wanted> wanted,
            Supplier<List<LiveTarget>> find,
            ApplyOptions options,
            Duration interval,
            Duration watch,
            Consumer<FollowEvent> journal) {
        this.wanted = List.copyOf(wanted);
        this.find = find;
        this.options = options;
        this.interval = interval;
        this.watch = watch;
        this.journal = journal;
    }

    /** {@return how often a payload was loaded so far} */
    public long patched() {
        return patched;
    }

    /**
     * Goes on until the thread is interrupted, targets crash, or there will be none.
     *
     * @param isOver asked when there is no target: whether there will be none any more
     */
    public End run(Supplier<Boolean> isOver) {
        tell(new FollowEvent(FollowEvent.Kind.STARTED, "", "", "follows"));
        while (true) {
            long start = System.nanoTime();
            changingNanos = 0;
            List<LiveTarget> targets = find.get();
            if (targets.isEmpty() && isOver.get()) {
                return stop(End.NOTHING_LEFT, "nothing is left to follow");
            }
            List<Loaded> loaded = new ArrayList<>();
            Set<String> there = new HashSet<>();
            try {
                for (LiveTarget target : targets) {
                    if (Thread.currentThread().isInterrupted()) {
                        break;
                    }
                    look(target, there, loaded);
                    if (!isProven) {
                        // Nobody else gets what the first one has not survived.
                        settle(loaded);
                    }
                    if (isTooMuch()) {
                        return gaveUp();
                    }
                }
                known.keySet().retainAll(there);
                long lookedMillis = (System.nanoTime() - start - changingNanos) / 1_000_000;
                settle(loaded);
                if (isTooMuch()) {
                    return gaveUp();
                }
                Thread.sleep(Math.max(interval.toMillis(), lookedMillis * SHARE));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return stop(End.INTERRUPTED, "was told to end");
            }
        }
    }

    private boolean isTooMuch() {
        return crashes >= MOST_CRASHES || losses >= MOST_ENDS;
    }

    private End stop(End end, String how) {
        tell(new FollowEvent(FollowEvent.Kind.STOPPED, "", "", how));
        return end;
    }

    private End gaveUp() {
        tell(new FollowEvent(
                FollowEvent.Kind.GAVE_UP,
                "",
                "",
                crashes > 0
                        ? "%d targets crashed soon after they were patched".formatted(crashes)
                        : "%d targets in a row ended soon after they were patched".formatted(losses)));
        return stop(End.GAVE_UP, "gave up");
    }

    private void tell(FollowEvent event) {
        journal.accept(event);
    }

    private void look(LiveTarget target, Set<String> there, List<Loaded> loaded) {
        Optional<Incarnation> now = unlessBlind(target, there);
        if (now.isEmpty()) {
            return;
        }
        String key = now.get().process();
        there.add(key);
        Known before = known.get(key);
        boolean isSameProgram =
                before != null && before.incarnation.program().equals(now.get().program());
        if (!isSameProgram) {
            known.put(key, new Known(now.get()));
            return;
        }
        if (!before.incarnation.equals(now.get())) {
            before.incarnation = now.get();
            before.isSettled = false;
            return;
        }
        long time = System.nanoTime();
        if (before.isSettled || before.notBefore != 0 && time - before.notBefore < 0) {
            return;
        }
        try {
            update(target, before, loaded);
        } catch (LivePatchException | OutOfMemoryError e) {
            if (target.incarnation().isPresent()) {
                failed(target, before, "", List.of(new Refusal(target.name(), "", String.valueOf(e.getMessage()), "")));
            }
        }
    }

    // Who lets nobody look at him costs time and a thread each time.
    private Optional<Incarnation> unlessBlind(LiveTarget target, Set<String> there) {
        Known blind = known.get(target.name());
        if (blind != null && System.nanoTime() - blind.notBefore < 0) {
            there.add(target.name());
            return Optional.empty();
        }
        Optional<Incarnation> now = target.incarnation();
        if (now.isEmpty() && !target.hasEnded()) {
            Known about = blind == null ? new Known(new Incarnation("", "", "")) : blind;
            known.put(target.name(), about);
            there.add(target.name());
            failed(target, about, "", List.of(new Refusal(target.name(), "", "it cannot be looked at", "")));
        }
        return now;
    }

    // One after the other, as they are stacked; where one is not applied, those behind it are not tried.
    private void update(LiveTarget target, Known about, List<Loaded> loaded) {
        Seen seen = target.see();
        boolean isAny = false;
        for (Wanted one : wanted) {
            State state = seen.payloads().stream()
                    .filter(payload -> payload.name().equals(one.name()))
                    .map(LoadedPayload::state)
                    .findFirst()
                    .orElse(State.ABSENT);
            boolean isLost = seen.lost().contains(one.name());
            if (state == State.APPLIED) {
                about.applied.add(one.name());
                isAny = true;
                continue;
            }
            String changed = one.payload().changedFile().orElseThrow();
            if (state == State.ABSENT && !about.applied.contains(one.name()) && !target.has(changed)) {
                continue;
            }
            isAny = true;
            if (!isLost && (state != State.ABSENT || about.applied.contains(one.name()))) {
                leave(target, about, one.name());
                break;
            }
            if (isLost && !target.has(changed)) {
                break;
            }
            if (isWaiting() || !load(target, about, one, isLost, loaded)) {
                break;
            }
        }
        // What has nothing to do with the payloads is looked at again when it opens or closes a file.
        about.isSettled = !isAny;
    }

    private boolean isWaiting() {
        return notBefore != 0 && System.nanoTime() - notBefore < 0;
    }

    private void leave(LiveTarget target, Known about, String name) {
        if (about.told.add(name)) {
            tell(new FollowEvent(
                    FollowEvent.Kind.LEFT_ALONE,
                    target.name(),
                    name,
                    "somebody else took it out, or brought it in without applying it"));
        }
    }

    private boolean load(LiveTarget target, Known about, Wanted one, boolean isLost, List<Loaded> loaded) {
        long start = System.nanoTime();
        try {
            return tryToLoad(target, about, one, isLost, loaded);
        } finally {
            changingNanos += System.nanoTime() - start;
        }
    }

    private boolean tryToLoad(LiveTarget target, Known about, Wanted one, boolean isLost, List<Loaded> loaded) {
        Actions actions = new Actions(options);
        if (isLost) {
            ActionReport gone = actions.run(Verb.UNLOAD, one.name(), Optional.empty(), List.of(target), false)
                    .getFirst();
            if (gone.ended() != Ended.DONE) {
                failed(target, about, one.name(), gone.refusals());
                return false;
            }
            about.applied.remove(one.name());
        }
        Watched watched = target.watch();
        ActionReport report = actions.run(Verb.LOAD, one.name(), Optional.of(one.payload()), List.of(target), false)
                .getFirst();
        if (report.ended() != Ended.DONE && target.hasEnded()) {
            // Of the change, perhaps.
            watched.begin(Duration.ZERO);
            loaded.add(new Loaded(target, one.name(), watched));
            return false;
        }
        if (report.ended() != Ended.DONE) {
            watched.close();
            failed(target, about, one.name(), report.refusals());
            return false;
        }
        watched.begin(watch, one.name());
        loaded.add(new Loaded(target, one.name(), watched));
        patched++;
        about.applied.add(one.name());
        about.failures = 0;
        tell(new FollowEvent(
                FollowEvent.Kind.PATCHED,
                target.name(),
                one.name(),
                "%s%s, stopped for %.3f ms"
                        .formatted(
                                report.target().what(),
                                isLost ? " has what it changes in memory again" : "",
                                report.stoppedMicros() / 1000.0)));
        return true;
    }

    private void failed(LiveTarget target, Known about, String payload, List<Refusal> reasons) {
        if (Thread.currentThread().isInterrupted()) {
            return;
        }
        about.failures++;
        long pause = pauseNanos(about.failures);
        about.notBefore = System.nanoTime() + pause;
        tell(new FollowEvent(
                FollowEvent.Kind.FAILED,
                target.name(),
                payload,
                "attempt %d".formatted(about.failures),
                reasons,
                Duration.ofNanos(pause).toSeconds()));
    }

    private long pauseNanos(int failures) {
        long pause = interval.toNanos();
        for (int i = 0; i < failures && pause < LONGEST_PAUSE_NANOS; i++) {
            pause *= 2;
        }
        return Math.min(LONGEST_PAUSE_NANOS, pause);
    }

    // Who ends soon may have ended of the patch: then new ones wait, and longer each time.
    private void settle(List<Loaded> loaded) throws InterruptedException {
        long start = System.nanoTime();
        for (Loaded one : loaded) {
            settle(one);
        }
        loaded.clear();
        changingNanos += System.nanoTime() - start;
    }

    private void settle(Loaded one) throws InterruptedException {
        try (Watched watched = one.watched()) {
            Optional<Watched.Loss> loss = watched.await();
            if (loss.isEmpty()) {
                crashes = 0;
                losses = 0;
                notBefore = 0;
                isProven = true;
                return;
            }
            isProven = false;
            // Who has nothing more to do says so with his status.
            losses += loss.get().ending() == Watched.Ending.ORDERLY ? 0 : 1;
            boolean isFault =
                    loss.get().ending() == Watched.Ending.FAULT || loss.get().ending() == Watched.Ending.STUCK;
            crashes += isFault ? 1 : 0;
            long pause = pauseNanos(losses);
            notBefore = System.nanoTime() + pause;
            tell(new FollowEvent(
                    FollowEvent.Kind.LOST,
                    one.target().name(),
                    one.payload(),
                    loss.get().text(),
                    List.of(),
                    Duration.ofNanos(pause).toSeconds()));
        }
    }
}
