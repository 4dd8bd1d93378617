package dev.suture.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code suture} command itself. */
@Command(
        name = "suture",
        description = "Live patching for software that must not stop.",
        mixinStandardHelpOptions = true,
        version = "suture 0.1.0")
public final class Suture {
    private Suture() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Suture()).execute(arguments));
    }
}
