package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.process.ProcessTarget;
import dev.suture.target.Identity;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code suture list}: the payloads of live targets. */
@Command(
        name = "list",
        description = "List the payloads of live targets: those that are applied, lowest first, then the others.",
        footer = "  suture list --on name:redis-server")
final class ListCommand extends SutureCommand {
    @Mixin
    private ProcessOptions processes;

    /**
     * One target and what is in it.
     *
     * @param problem why that could not be seen
     */
    record Listed(Identity target, List<PayloadAnswer> payloads, Optional<String> problem) {}

    /** All targets that were asked for. */
    record Listing(List<Listed> targets) {}

    @Override
    Answer answer(Progress progress) {
        return answer(processes.targets());
    }

    static Answer answer(List<ProcessTarget> targets) {
        List<Listed> listed = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (ProcessTarget target : targets) {
            Look look = Look.at(target);
            if (look.isGone()) {
                continue;
            }
            look.problem().ifPresent(problem -> problems.add("suture: " + problem));
            Listed one = new Listed(look.identity(), look.payloads(), look.problem());
            listed.add(one);
            if (look.problem().isEmpty()) {
                text.append(inWords(one));
            }
        }
        ExitCode exitCode = problems.isEmpty() ? ExitCode.DONE : ExitCode.BAD_INPUT;
        return new Answer(exitCode, new Listing(listed), text.toString().stripTrailing(), String.join("\n", problems));
    }

    private static String inWords(Listed one) {
        StringBuilder text = new StringBuilder("%s %s: %s%n"
                .formatted(
                        one.target().target(),
                        Printable.line(one.target().what()),
                        one.payloads().isEmpty()
                                ? "no payloads"
                                : one.payloads().size() + " payloads"));
        for (PayloadAnswer payload : one.payloads()) {
            text.append("  %-30s %-8s %s%n"
                    .formatted(
                            payload.name(),
                            payload.state().name().toLowerCase(Locale.ROOT),
                            Printable.line(String.join(" ", payload.functions()))));
        }
        return text.toString();
    }
}
