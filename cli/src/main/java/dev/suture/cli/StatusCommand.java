package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.process.ProcessTarget;
import dev.suture.target.Identity;
import dev.suture.target.State;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code suture status}: what became of one payload in live targets. */
@Command(
        name = "status",
        description = "Tell what became of a payload in live targets, and all that is known of it.",
        footer = "  suture status fix --on pid:4711 --json")
final class StatusCommand extends SutureCommand {
    @Parameters(paramLabel = "NAME", description = "The payload, by name.")
    private String name;

    @Mixin
    private ProcessOptions processes;

    /**
     * One target and the payload in it.
     *
     * @param problem why that could not be seen
     */
    record Status(Identity target, State state, Optional<PayloadAnswer> payload, Optional<String> problem) {}

    /** All targets that were asked for. */
    record Statuses(List<Status> targets) {}

    @Override
    Answer answer(Progress progress) {
        List<Status> statuses = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (ProcessTarget target : processes.targets()) {
            Look look = Look.at(target);
            if (look.isGone()) {
                continue;
            }
            look.problem().ifPresent(problem -> problems.add("suture: " + problem));
            Optional<PayloadAnswer> found = look.payloads().stream()
                    .filter(payload -> payload.name().equals(name))
                    .findFirst();
            State state = look.problem().isPresent()
                    ? State.UNKNOWN
                    : found.map(PayloadAnswer::state).orElse(State.ABSENT);
            statuses.add(new Status(look.identity(), state, found, look.problem()));
            text.append(
                    "%s: %s %s%n".formatted(target.name(), name, state.name().toLowerCase(Locale.ROOT)));
            found.ifPresent(payload -> text.append(details(payload)));
        }
        ExitCode exitCode = problems.isEmpty() ? ExitCode.DONE : ExitCode.BAD_INPUT;
        return new Answer(
                exitCode, new Statuses(statuses), text.toString().stripTrailing(), String.join("\n", problems));
    }

    private static String details(PayloadAnswer payload) {
        StringBuilder text = new StringBuilder("  replaces %s%n".formatted(String.join(" ", payload.functions())));
        if (!payload.inPlace().isEmpty()) {
            text.append("  in place: %s%n".formatted(String.join(" ", payload.inPlace())));
        }
        text.append("  build id %s, on top of %s%n".formatted(payload.buildId(), payload.depends()));
        if (!payload.metadata().isEmpty()) {
            text.append("  %s%n".formatted(Printable.line(String.join("; ", Metadata.lines(payload.metadata())))));
        }
        return text.toString();
    }
}
