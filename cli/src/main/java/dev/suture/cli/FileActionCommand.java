package dev.suture.cli;

import dev.suture.payload.Payload;
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
