package dev.suture.engine;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.engine.ActionReport.Ended;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.LiveTarget;
import dev.suture.target.LoadedPayload;
import dev.suture.target.Outcome;
import dev.suture.target.Outcome.Cost;
import dev.suture.target.State;
import dev.suture.target.Watched;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Does one action on one target after the other. */
public final class Actions {
    private static final Set<Verb> CHANGES = Set.of(Verb.LOAD, Verb.APPLY, Verb.REVERT, Verb.REPLACE);

    private final ApplyOptions options;
    private final Duration watch;

    /** Actions after which nobody looks what becomes of the targets. */
    public Actions(ApplyOptions options) {
        this(options, Duration.ZERO);
    }

    /** @param watch how long to look, after a change of what runs, whether the targets live; all at the same time */
    public Actions(ApplyOptions options, Duration watch) {
        this.options = options;
        this.watch = watch;
    }

    /** What came of the action on one target, which is watched if it was changed. */
    private record Tried(LiveTarget target, ActionReport report, Optional<Watched> watched) {}

    /**
     * Does an action on each target. If the thread is interrupted, the target at hand is left as it was unless its change
     * is being made already, and those behind it are not tried.
     *
     * @param payload the file; only {@link Verb#LOAD} and {@link Verb#UPLOAD} need it
     * @param allOrNothing whether to take it back everywhere if it cannot be done somewhere
     * @return a report for each target that was tried, in their order, and behind them those of what was taken back
     */
    public List<ActionReport> run(
            Verb verb, String name, Optional<Payload> payload, List<LiveTarget> targets, boolean allOrNothing) {
        List<ActionReport> reports = new ArrayList<>();
        if (allOrNothing && payload.isPresent()) {
            for (LiveTarget target : targets) {
                Optional<ActionReport> no = preflight(verb, name, payload.get(), target);
                if (no.isPresent()) {
                    return List.of(no.get());
                }
            }
        }
        List<Tried> tried = new ArrayList<>();
        boolean isWhole = true;
        for (LiveTarget target : targets) {
            if (Thread.currentThread().isInterrupted() && !tried.isEmpty()) {
                break;
            }
            Tried one = tryOn(verb, name, payload, target);
            tried.add(one);
            isWhole &= one.report().ended() == Ended.DONE;
            if (!isWhole && allOrNothing) {
                break;
            }
        }
        List<LiveTarget> done = new ArrayList<>();
        for (Tried one : tried) {
            ActionReport report = settled(one);
            reports.add(report);
            if (report.ended() == Ended.DONE) {
                done.add(one.target());
            }
        }
        if (allOrNothing && done.size() < tried.size()) {
            evenIfInterrupted(() -> done.reversed().forEach(other -> takeBack(verb, name, other, reports)));
        }
        return reports;
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

    private Tried tryOn(Verb verb, String name, Optional<Payload> payload, LiveTarget target) {
        if (watch.isZero() || !CHANGES.contains(verb)) {
            return new Tried(target, once(verb, name, payload, target), Optional.empty());
        }
        Watched watched = target.watch();
        ActionReport report = once(verb, name, payload, target);
        if (report.ended() != Ended.DONE) {
            watched.close();
            return new Tried(target, report, Optional.empty());
        }
        watched.begin(watch);
        return new Tried(target, report, Optional.of(watched));
    }

    /** {@return the report, with what became of the target since} */
    private ActionReport settled(Tried one) {
        ActionReport report = one.report();
        if (one.watched().isEmpty()) {
            return report;
        }
        try (Watched watched = one.watched().get()) {
            Optional<String> lost = watched.await();
            if (lost.isPresent()) {
                return lost(report, State.UNKNOWN, lost.get());
            }
            State state = state(report.payload(), one.target());
            if (state != report.state()) {
                return lost(
                        report,
                        state,
                        state == State.UNKNOWN
                                ? "cannot be looked at any more"
                                : "lost its payloads: it executed another program, or closed what they change");
            }
        } catch (InterruptedException e) {
            // The change was made; who has no time to look is told that.
            Thread.currentThread().interrupt();
        }
        return report;
    }

    private static ActionReport lost(ActionReport report, State state, String how) {
        return new ActionReport(
                report.action(),
                report.payload(),
                report.target(),
                Ended.UNKNOWN,
                state,
                report.stoppedMicros(),
                report.waitedMicros(),
                report.attempts(),
                List.of(new Refusal(report.target(), "", how, "")));
    }

    private void takeBack(Verb verb, String name, LiveTarget target, List<ActionReport> reports) {
        switch (verb) {
            case LOAD -> {
                reports.add(once(Verb.REVERT, name, Optional.empty(), target));
                reports.add(once(Verb.UNLOAD, name, Optional.empty(), target));
            }
            case UPLOAD -> reports.add(once(Verb.UNLOAD, name, Optional.empty(), target));
            case APPLY -> reports.add(once(Verb.REVERT, name, Optional.empty(), target));
            case REVERT -> reports.add(once(Verb.APPLY, name, Optional.empty(), target));
            // What was below or is gone cannot be put back from here.
            case REPLACE, UNLOAD -> {}
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
        String what = failure instanceof LivePatchException
                ? failure.getMessage()
                : "%s: suture failed on it, which is a fault in suture: %s".formatted(targetName(target), failure);
        return new ActionReport(
                word(verb),
                name,
                targetName(target),
                target.hasEnded() ? Ended.UNKNOWN : Ended.FAILED,
                state(name, target),
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
            if (!isApplied && state(name, target) == State.CHECKED) {
                evenIfInterrupted(() -> target.unload(name, options));
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
                refusals = List.of(new Refusal(targetName(target), "", unknown.lastStep(), ""));
            }
        }
        Cost cost = outcome.cost();
        return new ActionReport(
                word(verb),
                name,
                targetName(target),
                ended,
                state(name, target),
                cost.stoppedMicros(),
                cost.waitedMicros(),
                cost.attempts(),
                refusals);
    }

    private static String word(Verb verb) {
        return verb.name().toLowerCase(java.util.Locale.ROOT);
    }

    private static String targetName(LiveTarget target) {
        return target.name();
    }

    private static State state(String name, LiveTarget target) {
        try {
            return target.payloads().stream()
                    .filter(payload -> payload.name().equals(name))
                    .map(LoadedPayload::state)
                    .findFirst()
                    .orElse(State.ABSENT);
        } catch (RuntimeException | Error e) {
            return State.UNKNOWN;
        }
    }
}
