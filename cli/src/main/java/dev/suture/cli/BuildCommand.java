package dev.suture.cli;

import picocli.CommandLine.Command;

/** The commands that make payloads, by target. */
@Command(
        name = "build",
        description = "Make a live patch from source patches.",
        synopsisSubcommandLabel = "TARGET",
        subcommands = {BuildXenCommand.class, BuildProcessCommand.class},
        commandListHeading = "%nTargets:%n")
final class BuildCommand extends GroupCommand {
    BuildCommand() {
        super("say what to build for");
    }
}
