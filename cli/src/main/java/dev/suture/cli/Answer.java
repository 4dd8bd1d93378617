package dev.suture.cli;

import java.util.Objects;

/**
 * What a command has to say when it ran to its end, whether or not the answer is good news.
 *
 * @param exitCode how the process ends
 * @param report the answer for a program: a record that Jackson writes as one JSON object
 * @param text the same answer for a person, without a final line break; empty if there is nothing to say
 */
public record Answer(ExitCode exitCode, Object report, String text) {
    public Answer {
        Objects.requireNonNull(exitCode);
        Objects.requireNonNull(report);
        Objects.requireNonNull(text);
    }

    /** {@return the answer of a command that did what it was asked to} */
    public static Answer done(Object report, String text) {
        return new Answer(ExitCode.DONE, report, text);
    }
}
