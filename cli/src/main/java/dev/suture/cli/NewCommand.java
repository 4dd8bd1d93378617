package dev.suture.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands that write files to start from. */
@Command(
        name = "new",
        description = "Write a file to start from.",
        mixinStandardHelpOptions = true,
        versionProvider = Suture.Version.class,
        usageHelpWidth = 100,
        synopsisHeading = "%nSynopsis:%n  ",
        synopsisSubcommandLabel = "WHAT",
        descriptionHeading = "%nDescription:%n",
        optionListHeading = "%nOptions:%n",
        subcommands = NewHookCommand.class,
        commandListHeading = "%nWhat:%n",
        exitCodeListHeading = "%nExit codes:%n")
final class NewCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to write: " + String.join(", ", spec.subcommands().keySet()));
    }
}
