package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.engine.Verb;
import java.util.Optional;
import picocli.CommandLine.Command;

/** {@code suture unload}: takes a payload out of live targets. */
@Command(
        name = "unload",
        description = "Take a payload out of live targets again. It must not be applied.",
        footer = "  suture unload fix --on pid:4711")
final class UnloadCommand extends NamedActionCommand {
    @Override
    Answer answer(Progress progress) {
        return act(Verb.UNLOAD, name(), Optional.empty(), options());
    }
}
