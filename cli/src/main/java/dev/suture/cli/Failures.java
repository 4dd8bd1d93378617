package dev.suture.cli;

import dev.suture.LivePatchException;
import java.nio.channels.ClosedByInterruptException;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is printed, and the exit code, when a command did not run to its end. */
final class Failures {
    private Failures() {}

    /** The command line could not be understood: says why, and how to get the manual. */
    static int onUsageError(ParameterException exception, String[] arguments) {
        CommandLine command = exception.getCommandLine();
        String message = exception.getMessage().replaceFirst("^Error: ", "");
        // The parser may have stopped before it came to --json, so the arguments themselves are asked.
        tell(command, message, ExitCode.USAGE, Arrays.asList(arguments).contains("--json"));
        UnmatchedArgumentException.printSuggestions(exception, command.getErr());
        command.getErr()
                .printf("        Try: %s --help%n", command.getCommandSpec().qualifiedName());
        command.getErr().flush();
        return ExitCode.USAGE.code();
    }

    /** The command ended with an exception: a bad file, tool or machine, Ctrl-C, or an error of ours. */
    static int onException(Exception exception, CommandLine command, ParseResult parsed) {
        SutureCommand asked = command.getCommand();
        boolean debug = asked.debug() || System.getenv("SUTURE_DEBUG") != null;
        ExitCode exitCode;
        String message;
        switch (Suture.isToldToEnd() || isInterruption(exception) ? new InterruptedException() : exception) {
            case LivePatchException badInput -> {
                exitCode = ExitCode.BAD_INPUT;
                message = badInput.getMessage();
            }
            case InterruptedException _ -> {
                exitCode = ExitCode.STATE_UNKNOWN;
                message = "interrupted";
            }
            default -> {
                exitCode = ExitCode.INTERNAL_ERROR;
                message = "internal error: " + exception;
            }
        }
        tell(command, message, exitCode, asked.json());
        if (exitCode == ExitCode.INTERNAL_ERROR) {
            command.getErr()
                    .println("        This is a fault in Suture. Please report it with the stack trace"
                            + (debug ? " below." : " that --debug shows."));
        }
        if (debug) {
            exception.printStackTrace(command.getErr());
        }
        command.getErr().flush();
        return exitCode.code();
    }

    // A file that is being read while the user presses Ctrl-C is closed under the reader.
    private static boolean isInterruption(Throwable exception) {
        return exception instanceof ClosedByInterruptException
                || exception.getCause() != null && isInterruption(exception.getCause());
    }

    private static void tell(CommandLine command, String message, ExitCode exitCode, boolean json) {
        command.getErr().println("suture: " + Printable.text(message));
        if (json) {
            command.getOut().println(Json.error(message, exitCode));
            command.getOut().flush();
        }
    }
}
