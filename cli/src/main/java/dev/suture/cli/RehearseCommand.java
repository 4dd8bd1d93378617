package dev.suture.cli;

import picocli.CommandLine.Command;

/** The commands that try payloads on a throw-away copy of the real target. */
@Command(
        name = "rehearse",
        description = "Try payloads for real, on a throw-away copy of the target.",
        synopsisSubcommandLabel = "TARGET",
        subcommands = RehearseXenCommand.class,
        commandListHeading = "%nTargets:%n")
final class RehearseCommand extends GroupCommand {
    RehearseCommand() {
        super("say what to rehearse on");
    }
}
