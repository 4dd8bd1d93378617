package dev.suture.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The commands that try payloads on a throw-away copy of the real target. */
@Command(
        name = "rehearse",
        description = "Try payloads for real, on a throw-away copy of the target.",
        mixinStandardHelpOptions = true,
        versionProvider = Suture.Version.class,
        usageHelpWidth = 100,
        synopsisHeading = "%nSynopsis:%n  ",
        synopsisSubcommandLabel = "TARGET",
        descriptionHeading = "%nDescription:%n",
        optionListHeading = "%nOptions:%n",
        subcommands = RehearseXenCommand.class,
        commandListHeading = "%nTargets:%n",
        exitCodeListHeading = "%nExit codes:%n")
final class RehearseCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to rehearse on: "
                        + String.join(", ", spec.subcommands().keySet()));
    }
}
