package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.engine.Verb;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code suture load}: brings a payload into live targets and applies it. */
@Command(
        name = "load",
        description = "Bring a payload into live targets and apply it: upload and apply in one.",
        footer = {
            "  suture load fix.livepatch --on pid:4711",
            "  suture load fix.livepatch --on exe:/usr/bin/redis-server --user redis --auto-revert"
        })
final class LoadCommand extends FileActionCommand {

    @Mixin
    private ApplyMixin how;

    @Override
    Answer answer(Progress progress) {
        return act(Verb.LOAD, payloadName(), Optional.of(payload()), how.with(options()), how.autoRevert());
    }
}
