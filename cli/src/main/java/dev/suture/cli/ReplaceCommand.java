package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.engine.Verb;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code suture replace}: reverts all payloads and applies one, in one stop. */
@Command(
        name = "replace",
        description = "Revert all payloads that are applied and apply this one, in one stop.",
        footer = "  suture replace fix2 --on pid:4711")
final class ReplaceCommand extends NamedActionCommand {
    @Mixin
    private ApplyMixin how;

    @Override
    Answer answer(Progress progress) {
        return act(Verb.REPLACE, name(), Optional.empty(), how.with(options()), how.autoRevert());
    }
}
