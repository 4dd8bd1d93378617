package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.engine.Verb;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code suture apply}: lets the functions of a payload run. */
@Command(
        name = "apply",
        description = "Let the functions of a payload run that was uploaded.",
        footer = "  suture apply fix --on pid:4711 --timeout 5")
final class ApplyCommand extends NamedActionCommand {
    @Mixin
    private ApplyMixin how;

    @Override
    Answer answer(Progress progress) {
        return act(Verb.APPLY, name(), Optional.empty(), how.with(options()), how.autoRevert());
    }
}
