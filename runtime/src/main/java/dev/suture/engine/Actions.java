package dev.suture.engine;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.engine.ActionReport.Ended;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Identity;
import dev.suture.target.LiveTarget;
import dev.suture.target.LoadedPayload;
import dev.suture.target.Outcome;
import dev.suture.target.Outcome.Cost;
import dev.suture.target.Seen;
import dev.suture.target.State;
import dev.suture.target.Watched;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Does one action on one target after the other. */
public final class Actions {
    /** For what is not to be left lying there, however little time was given for the change. */
    private static final Duration CLEAR_AWAY = Duration.ofSeconds(5);

    /** Code that nobody was in before. */
    private static final Set<Verb> BRINGS = Set.of(Verb.LOAD, Verb.REPLACE);

    private static final Set<Verb> CHANGES = Set.of(Verb.LOAD, Verb.APPLY, Verb.REVERT, Verb.REPLACE);

    private static final int LOSS_PAUSE_MILLIS = 5;

    private static final String LOST_PAYLOADS =
            "lost its payloads: it executed another program, or closed what they change";

    private final ApplyOptions options;
    private final Duration watch;
    private final boolean autoRevert;

    /** Actions after which nobody looks what becomes of the targets. */
    public Actions(ApplyOptions options) {
        this(options, Duration.ZERO);
    }

    /** @param watch how long to look, after a change of what runs, whether the targets live; all at the same time */
    public Actions(ApplyOptions options, Duration watch) {
        this(options, watch, false);
    }

    /** @param autoRevert whether what was done is taken back on the others where one target does not survive it */
    public Actions(ApplyOptions options, Duration watch, boolean autoRevert) {
        this.options = options;
        this.watch = watch;
        this.autoRevert = autoRevert;
    }

    /**
     * What came of the action on one target.
     *
     * @param watched if it was changed
     * @param before what was applied to it, if that may have to be put back
     */
    private record Tried(LiveTarget target, ActionReport report, Optional<Watched> watched, List<String> before) {
        boolean isLost() {
            return report.ended() == Ended.UNKNOWN
                    || watched.map(Watched::isLost).orElse(false);
        }
    }

    /**
     * Does an action on each target. If the thread is interrupted, the target at hand is left as it was unless its change
     * is being made already, and those behind it are not tried.
     *
     * @param payload the file; only {@link Verb#LOAD} and {@link Verb#UPLOAD} need it
     * @param allOrNothing whether to take it back everywhere if it cannot be done somewhere
     * @return a report for each target, in their order, and behind them those of what was taken back
     */
    public List<ActionReport> run(
            Verb verb, String name, Optional<Payload> payload, List<LiveTarget> targets, boolean allOrNothing) {
        List<ActionReport> reports = new ArrayList<>();
        if (allOrNothing && payload.isPresent()) {
            for (LiveTarget target : targets) {
                Optional<ActionReport> no = preflight(verb, name, payload.get(), target);
                if (no.isPresent()) {
                    return onlyRefused(verb, name, targets, target, no.get());
                }
            }
        }
        List<Tried> tried = new ArrayList<>();
        boolean isWhole = true;
        for (LiveTarget target : targets) {
            if (Thread.currentThread().isInterrupted() && !tried.isEmpty()) {
                break;
            }
            Tried one = tryOn(verb, name, payload, target, allOrNothing || autoRevert);
            tried.add(one);
            isWhole &= one.report().ended() == Ended.DONE;
            if (!isWhole && allOrNothing || autoRevert && tried.stream().anyMatch(Tried::isLost)) {
                break;
            }
        }
        if (autoRevert) {
            awaitLoss(tried);
        }
        List<Tried> done = new ArrayList<>();
        boolean isLost = false;
        for (Tried one : tried) {
            ActionReport report = settled(one);
            reports.add(report);
            isLost |= report.ended() == Ended.UNKNOWN;
            if (report.ended() == Ended.DONE) {
                done.add(one);
            }
        }
        for (LiveTarget target : targets.subList(tried.size(), targets.size())) {
            reports.add(notTried(verb, name, target));
        }
        if (allOrNothing && done.size() < tried.size() || autoRevert && isLost) {
            evenIfInterrupted(() -> done.reversed().forEach(other -> takeBack(verb, name, other, reports)));
        }
        return reports;
    }

    // Where one has died of it, the others run it no longer than that takes to be seen.
    private static void awaitLoss(List<Tried> tried) {
        List<Watched> watched =
                tried.stream().flatMap(one -> one.watched().stream()).toList();
        try {
            while (tried.stream().noneMatch(Tried::isLost) && !watched.stream().allMatch(Watched::isOver)) {
                Thread.sleep(LOSS_PAUSE_MILLIS);
            }
            if (tried.stream().anyMatch(Tried::isLost)) {
                watched.forEach(Watched::enough);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static List<ActionReport> onlyRefused(
            Verb verb, String name, List<LiveTarget> targets, LiveTarget refused, ActionReport refusal) {
        return targets.stream()
                .map(target -> target == refused ? refusal : notTried(verb, name, target))
                .toList();
    }

    /** {@return the report on a target that is not even looked at} */
    public static ActionReport refused(Verb verb, String name, LiveTarget target, Refusal why) {
        Identity identity = new Identity(target.name(), "", "");
        return new ActionReport(word(verb), name, identity, Ended.REFUSED, State.UNKNOWN, 0, 0, 0, List.of(why));
    }

    /** {@return the report on a target whose turn did not come} */
    public static ActionReport notTried(Verb verb, String name, LiveTarget target) {
        After after = After.of(name, target);
        return new ActionReport(word(verb), name, after.identity(), Ended.NOT_TRIED, after.state(), 0, 0, 0, List.of());
    }

    private Optional<ActionReport> preflight(Verb verb, String name, Payload payload, LiveTarget target) {
        try {
            List<Refusal> refusals = target.preflight(name, payload, options);
            return refusals.isEmpty()
                    ? Optional.empty()
                    : Optional.of(report(verb, name, target, new Outcome.Refused(Cost.NONE, refusals)));
        } catch (RuntimeException | Error e) {
            return Optional.of(failed(verb, name, target, e));
        }
    }

    private Tried tryOn(Verb verb, String name, Optional<Payload> payload, LiveTarget target, boolean mayBeTakenBack) {
        List<String> before = verb == Verb.REPLACE && mayBeTakenBack ? applied(target) : List.of();
        if (watch.isZero() || !CHANGES.contains(verb)) {
            return new Tried(target, once(verb, name, payload, target), Optional.empty(), before);
        }
        Watched watched = target.watch();
        ActionReport report = once(verb, name, payload, target);
        if (report.ended() != Ended.DONE) {
            return new Tried(target, withEnding(report, target, watched), Optional.empty(), before);
        }
        if (BRINGS.contains(verb)) {
            watched.begin(watch, name);
        } else {
            watched.begin(watch);
        }
        return new Tried(target, report, Optional.of(watched), before);
    }

    // Whoever cannot be looked at cannot be changed either, and is told why then.
    private static List<String> applied(LiveTarget target) {
        try {
            return target.payloads().stream()
                    .filter(payload -> payload.state() == State.APPLIED)
                    .map(LoadedPayload::name)
                    .toList();
        } catch (LivePatchException e) {
            return List.of();
        }
    }

    // Who ends while it is being changed may have ended of that: how is said with what failed.
    static ActionReport withEnding(ActionReport report, LiveTarget target, Watched watched) {
        try (watched) {
            if (!target.hasEnded()) {
                return report;
            }
            watched.begin(Duration.ZERO);
            Optional<Watched.Loss> loss = watched.await();
            String how = loss.map(Watched.Loss::how).orElse("ended");
            Refusal ending = new Refusal(report.target().target(), "", how + " while it was being worked on", "");
            return report.with(Ended.UNKNOWN, State.UNKNOWN, List.of(ending));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return report;
        }
    }

    /** {@return the report, with what became of the target since, and what others do that have not what it has} */
    private ActionReport settled(Tried one) {
        ActionReport report = watched(one);
        if (report.ended() != Ended.DONE || report.state() != State.APPLIED) {
            return report;
        }
        List<Refusal> notes = new ArrayList<>(report.refusals());
        notes.addAll(one.target().startedAnew());
        return report.with(Ended.DONE, report.state(), notes);
    }

    private ActionReport watched(Tried one) {
        ActionReport report = one.report();
        if (one.watched().isEmpty()) {
            return report;
        }
        try (Watched watched = one.watched().get()) {
            Optional<Watched.Loss> lost = watched.await();
            if (lost.isPresent()) {
                boolean isAlive = lost.get().ending().isAlive();
                State seen = isAlive ? After.of(report.payload(), one.target()).state() : State.UNKNOWN;
                return lost(report, seen, lost.get().text());
            }
            State state = After.of(report.payload(), one.target()).state();
            if (state != report.state()) {
                return lost(report, state, state == State.UNKNOWN ? "cannot be looked at any more" : LOST_PAYLOADS);
            }
        } catch (InterruptedException e) {
            // The change was made; who has no time to look is told that.
            Thread.currentThread().interrupt();
        }
        return report;
    }

    private static ActionReport lost(ActionReport report, State state, String how) {
        return report.with(
                Ended.UNKNOWN, state, List.of(new Refusal(report.target().target(), "", how, "")));
    }

    private void takeBack(Verb verb, String name, Tried done, List<ActionReport> reports) {
        LiveTarget target = done.target();
        switch (verb) {
            case LOAD -> {
                reports.add(once(Verb.REVERT, name, Optional.empty(), target));
                reports.add(once(Verb.UNLOAD, name, Optional.empty(), target));
            }
            case UPLOAD -> reports.add(once(Verb.UNLOAD, name, Optional.empty(), target));
            case APPLY -> reports.add(once(Verb.REVERT, name, Optional.empty(), target));
            case REVERT -> reports.add(once(Verb.APPLY, name, Optional.empty(), target));
            case REPLACE -> {
                ActionReport reverted = once(Verb.REVERT, name, Optional.empty(), target);
                reports.add(reverted);
                // What was set in the new one means nothing to those before.
                Actions plain = new Actions(
                        new ApplyOptions(options.timeout(), options.policy(), options.ignoreDepends(), Map.of()));
                done.before().stream()
                        .filter(other -> !other.equals(name))
                        .forEach(other -> reports.add(
                                reverted.ended() == Ended.DONE
                                        ? plain.once(Verb.APPLY, other, Optional.empty(), target)
                                        : notTried(Verb.APPLY, other, target)));
            }
            // What is gone cannot be put back from here.
            case UNLOAD -> {}
        }
    }

    private ActionReport once(Verb verb, String name, Optional<Payload> payload, LiveTarget target) {
        try {
            return report(verb, name, target, outcome(verb, name, payload, target));
        } catch (RuntimeException | Error e) {
            return failed(verb, name, target, e);
        }
    }

    // Whatever one target does to us, the others get their turn.
    private static ActionReport failed(Verb verb, String name, LiveTarget target, Throwable failure) {
        String what = switch (failure) {
            case LivePatchException known -> known.getMessage();
            case OutOfMemoryError _ ->
                "%s: it has more in memory, or files, than there is room to look at (SUTURE_HEAP=2g gives more)"
                        .formatted(target.name());
            default -> "%s: suture failed on it, which is a fault in suture: %s".formatted(target.name(), failure);
        };
        After after = After.of(name, target);
        return new ActionReport(
                word(verb),
                name,
                after.identity(),
                target.hasEnded() ? Ended.UNKNOWN : Ended.FAILED,
                after.state(),
                0,
                0,
                0,
                List.of(new Refusal("", "", what, "")));
    }

    private Outcome outcome(Verb verb, String name, Optional<Payload> payload, LiveTarget target) {
        return switch (verb) {
            case LOAD -> load(name, payload.orElseThrow(), target);
            case UPLOAD -> target.upload(name, payload.orElseThrow(), options);
            case APPLY -> target.apply(name, options);
            case REVERT -> target.revert(name, options);
            case REPLACE -> target.replace(name, options);
            case UNLOAD -> target.unload(name, options);
        };
    }

    // What cannot be applied is not left lying there.
    private Outcome load(String name, Payload payload, LiveTarget target) {
        Outcome uploaded = target.upload(name, payload, options);
        if (!(uploaded instanceof Outcome.Done)) {
            return uploaded;
        }
        boolean isApplied = false;
        try {
            Outcome applied = target.apply(name, options);
            isApplied = applied instanceof Outcome.Done;
            return applied;
        } finally {
            if (!isApplied && After.of(name, target).state() == State.CHECKED) {
                evenIfInterrupted(() -> target.unload(name, options.withAtLeast(CLEAR_AWAY)));
            }
        }
    }

    // What is half done is cleared away also for a user who has pressed Ctrl-C.
    private static void evenIfInterrupted(Runnable cleanUp) {
        boolean wasInterrupted = Thread.interrupted();
        try {
            cleanUp.run();
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** {@return what became of a target since something was done, if that is not what was done} */
    private static Optional<String> lostSince(Verb verb, State state, LiveTarget target) {
        boolean isToRun = verb == Verb.LOAD || verb == Verb.APPLY || verb == Verb.REPLACE;
        return switch (state) {
            case UNKNOWN ->
                Optional.of(target.hasEnded() ? "ended while it was being worked on" : "cannot be looked at any more");
            case ABSENT -> isToRun ? Optional.of(LOST_PAYLOADS) : Optional.empty();
            case CHECKED, APPLIED -> Optional.empty();
        };
    }

    private static ActionReport report(Verb verb, String name, LiveTarget target, Outcome outcome) {
        Ended ended;
        List<Refusal> refusals;
        switch (outcome) {
            case Outcome.Done done -> {
                ended = Ended.DONE;
                refusals = done.notes();
            }
            case Outcome.Refused refused -> {
                ended = Ended.REFUSED;
                refusals = refused.refusals();
            }
            case Outcome.TimedOut late -> {
                ended = Ended.TIMED_OUT;
                refusals = late.inTheWay();
            }
            case Outcome.Unknown unknown -> {
                ended = Ended.UNKNOWN;
                refusals = List.of(new Refusal(target.name(), "", unknown.lastStep(), ""));
            }
        }
        Cost cost = outcome.cost();
        After after = After.of(name, target);
        Optional<String> lost = ended == Ended.DONE ? lostSince(verb, after.state(), target) : Optional.empty();
        if (lost.isPresent()) {
            ended = Ended.UNKNOWN;
            refusals = List.of(new Refusal(target.name(), "", lost.get(), ""));
        }
        return new ActionReport(
                word(verb),
                name,
                after.identity(),
                ended,
                after.state(),
                cost.stoppedMicros(),
                cost.waitedMicros(),
                cost.attempts(),
                refusals);
    }

    private static String word(Verb verb) {
        return verb.name().toLowerCase(java.util.Locale.ROOT);
    }

    /** A target after an action: what it is, and what became of the payload. */
    private record After(Identity identity, State state) {
        static After of(String name, LiveTarget target) {
            try {
                Seen seen = target.see();
                State state = seen.payloads().stream()
                        .filter(payload -> payload.name().equals(name))
                        .map(LoadedPayload::state)
                        .findFirst()
                        .orElse(State.ABSENT);
                return new After(seen.identity(), state);
            } catch (RuntimeException | Error e) {
                return new After(new Identity(target.name(), "", ""), State.UNKNOWN);
            }
        }
    }
}
