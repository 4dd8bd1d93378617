package dev.suture.cli;

import dev.suture.Refusal;
import dev.suture.engine.ActionReport;
import dev.suture.engine.ActionReport.Ended;
import dev.suture.engine.Actions;
import dev.suture.engine.Verb;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.LiveTarget;
import dev.suture.target.Policy;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What the commands share that do something with a payload on live targets. */
abstract class ActionCommand extends SutureCommand {
    @Mixin
    private ProcessOptions processes;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "How long to look for a moment in which it can be done (default: 30).")
    private Duration timeout = ApplyOptions.DEFAULT.timeout();

    @Option(
            names = "--all-or-nothing",
            description = "If it cannot be done on one of several targets, take it back on the others.")
    private boolean allOrNothing;

    /** What a command on several targets did on each. */
    record Reports(List<ActionReport> actions) {}

    /** {@return the answer for an action} */
    Answer act(Verb verb, String name, Optional<Payload> payload, ApplyOptions options) {
        List<LiveTarget> targets = List.copyOf(processes.targets());
        List<ActionReport> reports = new Actions(options).run(verb, name, payload, targets, allOrNothing);
        ExitCode exitCode = reports.stream()
                .map(report -> exitCode(report.ended()))
                .max((a, b) -> Integer.compare(a.code(), b.code()))
                .orElse(ExitCode.DONE);
        Object report = reports.size() == 1 ? reports.getFirst() : new Reports(reports);
        String text = reports.stream().map(ActionCommand::line).collect(Collectors.joining("\n"));
        String errors = reports.stream()
                .flatMap(it -> it.refusals().stream().map(refusal -> inWords(it, refusal)))
                .distinct()
                .collect(Collectors.joining("\n"));
        return new Answer(exitCode, report, text, errors);
    }

    /** {@return the options all actions have} */
    ApplyOptions options() {
        return new ApplyOptions(timeout, Policy.STACK, false, Map.of());
    }

    private static String inWords(ActionReport report, Refusal refusal) {
        return switch (report.ended()) {
            case FAILED -> "suture: " + refusal.what();
            case DONE -> "%s: %s\n        %s".formatted(refusal.object(), refusal.what(), refusal.remedy());
            case REFUSED, TIMED_OUT, UNKNOWN -> refusal.text();
        };
    }

    private static ExitCode exitCode(Ended ended) {
        return switch (ended) {
            case DONE -> ExitCode.DONE;
            case REFUSED -> ExitCode.REFUSED;
            case TIMED_OUT -> ExitCode.TIMED_OUT;
            case UNKNOWN -> ExitCode.STATE_UNKNOWN;
            case FAILED -> ExitCode.BAD_INPUT;
        };
    }

    private static String line(ActionReport report) {
        String words = report.ended().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        String state = report.state().name().toLowerCase(Locale.ROOT);
        String cost = report.attempts() == 0
                ? ""
                : ", stopped for %.3f ms%s"
                        .formatted(
                                report.stoppedMicros() / 1000.0,
                                report.attempts() > 1 ? " at attempt %d".formatted(report.attempts()) : "");
        return "%s: %s %s: %s, now %s%s"
                .formatted(report.target(), report.action(), report.payload(), words, state, cost);
    }
}
