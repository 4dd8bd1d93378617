package dev.suture.cli;

import picocli.CommandLine.Parameters;

/** What the commands share that do something with a payload that was uploaded. */
abstract class NamedActionCommand extends ActionCommand {
    @Parameters(paramLabel = "NAME", description = "The payload, by name.")
    private String name;

    /** {@return the name of the payload} */
    String name() {
        return name;
    }
}
