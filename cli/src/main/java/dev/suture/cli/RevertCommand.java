package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.engine.Verb;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code suture revert}: lets the old functions run again. */
@Command(
        name = "revert",
        description = "Let the old functions run again. The payload stays uploaded.",
        footer = "  suture revert fix --on pid:4711")
final class RevertCommand extends NamedActionCommand {
    @Mixin
    private ApplyMixin how;

    @Override
    Answer answer(Progress progress) {
        return act(Verb.REVERT, name(), Optional.empty(), how.with(options()), how.autoRevert());
    }
}
