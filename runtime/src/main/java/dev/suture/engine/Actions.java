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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Does one action on one target after the other. */
public final class Actions {
    private final ApplyOptions options;

    public Actions(ApplyOptions options) {
        this.options = options;
    }

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
        List<LiveTarget> done = new ArrayList<>();
        if (allOrNothing && payload.isPresent()) {
            for (LiveTarget target : targets) {
                List<Refusal> refusals = target.preflight(name, payload.get(), options);
                if (!refusals.isEmpty()) {
                    return List.of(report(verb, name, target, new Outcome.Refused(Cost.NONE, refusals)));
                }
            }
        }
        for (LiveTarget target : targets) {
            if (Thread.currentThread().isInterrupted() && !reports.isEmpty()) {
                break;
            }
            ActionReport report = once(verb, name, payload, target);
            reports.add(report);
            if (report.ended() == Ended.DONE) {
                done.add(target);
            } else if (allOrNothing) {
                evenIfInterrupted(() -> done.reversed().forEach(other -> takeBack(verb, name, other, reports)));
                break;
            }
        }
        return reports;
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
        } catch (LivePatchException e) {
            Refusal failure = new Refusal("", "", e.getMessage(), "");
            return new ActionReport(
                    word(verb), name, targetName(target), Ended.FAILED, state(name, target), 0, 0, 0, List.of(failure));
        }
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
                refusals = List.of(new Refusal(name, "", "the target was lost: " + unknown.lastStep(), ""));
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
        } catch (LivePatchException e) {
            // The target is gone, and the payload with it.
            return State.ABSENT;
        }
    }
}
