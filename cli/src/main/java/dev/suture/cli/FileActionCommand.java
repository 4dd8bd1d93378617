package dev.suture.cli;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What the commands share that take a payload's file. */
abstract class FileActionCommand extends ActionCommand {
    @Parameters(paramLabel = "FILE", description = "The payload.")
    private Path file;

    @Option(
            names = "--name",
            paramLabel = "N",
            description = "What to call it from now on (default: the file's name without its ending).")
    private String name;

    @Option(
            names = "--in-place",
            description =
                    "Write new functions over the old ones where they fit and can be moved, instead of a jump to them;"
                            + " status names those it was done with.")
    private boolean inPlace;

    @Override
    ApplyOptions options() {
        ApplyOptions common = super.options();
        return new ApplyOptions(
                common.timeout(), common.policy(), common.ignoreDepends(), common.parameters(), inPlace);
    }

    Payload payload() {
        return Payload.read(file);
    }

    String payloadName() {
        if (name != null) {
            return name;
        }
        String fileName = file.getFileName().toString();
        int dot = fileName.lastIndexOf('.');
        return dot > 0 ? fileName.substring(0, dot) : fileName;
    }
}
