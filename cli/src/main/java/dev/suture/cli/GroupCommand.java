package dev.suture.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that only holds others, and is a mistake without one of them. */
@Command(
        mixinStandardHelpOptions = true,
        versionProvider = Suture.Version.class,
        usageHelpWidth = 100,
        synopsisHeading = "%nSynopsis:%n  ",
        descriptionHeading = "%nDescription:%n",
        optionListHeading = "%nOptions:%n",
        exitCodeListHeading = "%nExit codes:%n")
abstract class GroupCommand implements Runnable {
    private final String question;

    @Spec
    private CommandSpec spec;

    /** @param question what to answer with one of the commands in it, such as {@code say what to write} */
    GroupCommand(String question) {
        this.question = question;
    }

    @Override
    public final void run() {
        throw new ParameterException(
                spec.commandLine(),
                question + ": " + String.join(", ", spec.subcommands().keySet()));
    }
}
