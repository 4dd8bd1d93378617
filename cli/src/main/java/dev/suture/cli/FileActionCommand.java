package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.payload.Payload;
import dev.suture.payload.PayloadDigest;
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
        ElfFile elf = ElfFile.read(file);
        if (!anyBuildId && !PayloadDigest.isRight(elf)) {
            throw new LivePatchException(
                    "%s: its build id is not the digest of the file: it was changed since suture made it, or another linker did. Build it again, or take it from where it was made; --any-build-id takes it as it is."
                            .formatted(file));
        }
        return Payload.read(elf);
    }

    String payloadName() {
        String chosen = name;
        if (chosen == null) {
            String fileName = file.getFileName().toString();
            int dot = fileName.lastIndexOf('.');
            chosen = dot > 0 ? fileName.substring(0, dot) : fileName;
        }
        if (!PayloadSections.isName(chosen)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "a payload cannot be called '%s': choose with --name 1 to 127 letters, digits, dots, dashes and underscores"
                            .formatted(chosen));
        }
        return chosen;
    }
}
