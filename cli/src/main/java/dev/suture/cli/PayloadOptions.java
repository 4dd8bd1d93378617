package dev.suture.cli;

import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** What the options that all commands share which make a payload mean. */
final class PayloadOptions {
    private static final String ENDING = ".livepatch";

    private PayloadOptions() {}

    /** Turns down what no payload can have. */
    static void check(List<String> metadata, int jobs, CommandSpec command) {
        for (String entry : metadata) {
            if (!entry.matches("(?s)[^=\\x00]+=[^\\x00]*")) {
                throw new ParameterException(
                        command.commandLine(), "--metadata %s: expected KEY=VALUE".formatted(entry));
            }
        }
        if (jobs < 1) {
            throw new ParameterException(command.commandLine(), "--jobs %d: expected at least 1".formatted(jobs));
        }
    }

    /** {@return the name that was given, else that of the output without its ending} */
    static String name(String given, Path output) {
        if (given != null) {
            return given;
        }
        String file = output.getFileName().toString();
        return file.endsWith(ENDING) ? file.substring(0, file.length() - ENDING.length()) : file;
    }
}
