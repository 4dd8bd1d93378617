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
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** What the commands share that do something with a payload on live targets. */
abstract class ActionCommand extends SutureCommand {
    @Mixin
    private ProcessOptions processes;

    @Mixin
    private OwnerOptions owners;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            description = "How long to look for a moment in which it can be done (default: 30).")
    private Duration timeout = ApplyOptions.DEFAULT.timeout();

    @Option(
            names = "--all-or-nothing",
            description = "If it cannot be done on one of several targets, take it back on the others.")
    private boolean allOrNothing;

    @Option(
            names = "--watch",
            paramLabel = "SECONDS",
            defaultValue = "${env:SUTURE_WATCH:-1}",
            converter = WatchSeconds.class,
            description =
                    "How long to look, after load, apply, revert and replace, whether the target lives; 0 for not at all"
                            + " (default: 1, or $SUTURE_WATCH).")
    private Duration watch;

    /** Whole seconds, none among them. */
    static final class WatchSeconds implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            if (!text.matches("[0-9]{1,5}")) {
                throw new TypeConversionException("expected a whole number of seconds, found '" + text + "'");
            }
            return Duration.ofSeconds(Long.parseLong(text));
        }
    }

    /** What a command did on each target. */
    record Reports(List<ActionReport> actions) {}

    /** {@return the answer for an action} */
    Answer act(Verb verb, String name, Optional<Payload> payload, ApplyOptions options) {
        return act(verb, name, payload, options, false);
    }

    /**
     * {@return the answer for an action}
     *
     * @param autoRevert whether to take it back on the others where one does not survive it
     */
    Answer act(Verb verb, String name, Optional<Payload> payload, ApplyOptions options, boolean autoRevert) {
        if (autoRevert && watch.isZero()) {
            throw new ParameterException(
                    spec.commandLine(), "--auto-revert: with --watch 0 nobody looks what becomes of the targets");
        }
        ProcessOptions.Chosen chosen = processes.chosen(owners);
        List<LiveTarget> targets = List.copyOf(chosen.targets());
        Actions actions = new Actions(options, watch, autoRevert);
        List<ActionReport> reports = chosen.refused().isEmpty()
                ? actions.run(verb, name, payload, targets, allOrNothing)
                : chosen.targets().stream()
                        .map(target -> Optional.ofNullable(chosen.refused().get(target.pid()))
                                .map(refusal -> Actions.refused(verb, name, target, refusal))
                                .orElseGet(() -> Actions.notTried(verb, name, target)))
                        .toList();
        ExitCode exitCode = exitCode(reports);
        String text = reports.stream().map(ActionCommand::line).collect(Collectors.joining("\n"));
        String errors = reports.stream()
                .flatMap(it -> it.refusals().stream().map(refusal -> inWords(it, refusal)))
                .distinct()
                .collect(Collectors.joining("\n"));
        return new Answer(exitCode, new Reports(reports), text, errors);
    }

    /** {@return the options all actions have} */
    ApplyOptions options() {
        return new ApplyOptions(timeout, Policy.STACK, false, Map.of());
    }

    private static String inWords(ActionReport report, Refusal refusal) {
        return switch (report.ended()) {
            case FAILED -> "suture: " + refusal.what();
            case UNKNOWN ->
                "suture: %s%s".formatted(refusal.object().isEmpty() ? "" : refusal.object() + " ", refusal.what());
            case DONE -> "%s: %s\n        %s".formatted(refusal.object(), refusal.what(), refusal.remedy());
            case REFUSED, TIMED_OUT, NOT_TRIED -> refusal.text();
        };
    }

    static ExitCode exitCode(List<ActionReport> reports) {
        ExitCode worst = reports.stream()
                .map(report -> exitCode(report.ended()))
                .max(Comparator.naturalOrder())
                .orElse(ExitCode.DONE);
        // Also beside failures: those are looked at again, and what nobody knows is what has to be told.
        if (reports.stream().anyMatch(report -> report.ended() == Ended.UNKNOWN)) {
            return ExitCode.STATE_UNKNOWN;
        }
        // Nobody failed, and yet not all were tried: it was interrupted.
        boolean isCutShort = reports.stream().anyMatch(report -> report.ended() == Ended.NOT_TRIED);
        return worst == ExitCode.DONE && isCutShort ? ExitCode.STATE_UNKNOWN : worst;
    }

    private static ExitCode exitCode(Ended ended) {
        return switch (ended) {
            case DONE, NOT_TRIED -> ExitCode.DONE;
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
                .formatted(report.target().target(), report.action(), report.payload(), words, state, cost);
    }
}
