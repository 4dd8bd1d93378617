package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.process.ProcessTarget;
import dev.suture.target.Identity;
import dev.suture.target.LoadedPayload;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

    /** One target and what is in it. */
    record Listed(Identity target, List<LoadedPayload> payloads) {}

    /** All targets that were asked for. */
    record Listing(List<Listed> targets) {}

    @Override
    Answer answer(Progress progress) {
        List<Listed> listed = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (ProcessTarget target : processes.targets()) {
            Listed one = new Listed(target.identity(), target.payloads());
            listed.add(one);
            text.append("%s %s: %s%n"
                    .formatted(
                            one.target().target(),
                            one.target().what(),
                            one.payloads().isEmpty()
                                    ? "no payloads"
                                    : one.payloads().size() + " payloads"));
            for (LoadedPayload payload : one.payloads()) {
                text.append("  %-30s %-8s %s%n"
                        .formatted(
                                payload.name(),
                                payload.state().name().toLowerCase(Locale.ROOT),
                                String.join(" ", payload.functions())));
            }
        }
        return Answer.done(new Listing(listed), text.toString().stripTrailing());
    }
}
