package dev.suture.cli;

import picocli.CommandLine.Command;

/** The commands that write files to start from. */
@Command(
        name = "new",
        description = "Write a file to start from.",
        synopsisSubcommandLabel = "WHAT",
        subcommands = NewHookCommand.class,
        commandListHeading = "%nWhat:%n")
final class NewCommand extends GroupCommand {
    NewCommand() {
        super("say what to write");
    }
}
