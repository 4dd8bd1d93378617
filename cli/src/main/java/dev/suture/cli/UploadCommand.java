package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.engine.Verb;
import java.util.Optional;
import picocli.CommandLine.Command;

/** {@code suture upload}: brings a payload into live targets. */
@Command(
        name = "upload",
        description = "Bring a payload into live targets, where it does nothing until it is applied.",
        footer = "  suture upload fix.livepatch --on pid:4711")
final class UploadCommand extends FileActionCommand {

    @Override
    Answer answer(Progress progress) {
        return act(Verb.UPLOAD, payloadName(), Optional.of(payload()), options());
    }
}
