package dev.suture.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands that make payloads, by target. */
@Command(
        name = "build",
        description = "Make a live patch from source patches.",
        mixinStandardHelpOptions = true,
        versionProvider = Suture.Version.class,
        usageHelpWidth = 100,
        synopsisHeading = "%nSynopsis:%n  ",
        synopsisSubcommandLabel = "TARGET",
        descriptionHeading = "%nDescription:%n",
        optionListHeading = "%nOptions:%n",
        subcommands = {BuildXenCommand.class, BuildProcessCommand.class},
        commandListHeading = "%nTargets:%n",
        exitCodeListHeading = "%nExit codes:%n")
final class BuildCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to build for: " + String.join(", ", spec.subcommands().keySet()));
    }
}
