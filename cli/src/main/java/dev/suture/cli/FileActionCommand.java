package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.payload.Payload;
import dev.suture.payload.PayloadSections;
import dev.suture.target.ApplyOptions;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

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

    @Option(
            names = "--any-build-id",
            description = "Take a payload of another linker, whose build id does not tell whether the file is whole.")
    private boolean anyBuildId;

    @Spec
    private CommandSpec spec;

    @Override
    ApplyOptions options() {
        ApplyOptions common = super.options();
        return new ApplyOptions(
                common.timeout(), common.policy(), common.ignoreDepends(), common.parameters(), inPlace);
    }

    /**
     * {@return the payload, which is as it was made}
     *
     * @throws LivePatchException if it is damaged
     */
    Payload payload() {
        return PayloadFiles.read(file, anyBuildId);
    }

    String payloadName() {
        String chosen = name == null ? PayloadFiles.nameOf(file) : name;
        if (!PayloadSections.isName(chosen)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "a payload cannot be called '%s': choose with --name 1 to 127 letters, digits, dots, dashes and underscores"
                            .formatted(chosen));
        }
        return chosen;
    }
}
