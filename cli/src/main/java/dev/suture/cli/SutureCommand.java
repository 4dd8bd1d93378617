package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * What all commands share: {@code --json}, {@code --debug}, progress on the terminal, and one way to answer.
 *
 * <p>A command extends this, declares its options and answers in {@link #answer}. It prints nothing itself. A bad file,
 * tool or machine leaves it as a {@link dev.suture.LivePatchException}.
 */
@Command(
        mixinStandardHelpOptions = true,
        versionProvider = Suture.Version.class,
        usageHelpWidth = 100,
        sortOptions = false,
        synopsisHeading = "%nSynopsis:%n  ",
        descriptionHeading = "%nDescription:%n",
        parameterListHeading = "%nArguments:%n",
        optionListHeading = "%nOptions:%n",
        commandListHeading = "%nCommands:%n",
        exitCodeListHeading = "%nExit codes:%n",
        footerHeading = "%nExamples:%n")
abstract class SutureCommand implements Callable<Integer> {
    @Option(
            names = "--json",
            order = 90,
            description = "Print exactly one JSON object on standard output, also when the command fails.")
    private boolean json;

    @Option(
            names = "--debug",
            order = 91,
            description = "Show the stack trace of an unexpected error (or: SUTURE_DEBUG=1).")
    private boolean debug;

    @Spec
    private CommandSpec spec;

    /**
     * Does the work.
     *
     * @param progress hears how far it is; draws on the terminal if there is one
     * @return the answer, good or bad
     * @throws InterruptedException if the user pressed Ctrl-C meanwhile
     */
    abstract Answer answer(Progress progress) throws InterruptedException;

    @Override
    public final Integer call() throws InterruptedException {
        Answer answer;
        try (TerminalProgress progress = TerminalProgress.onStandardError()) {
            answer = answer(progress);
        } catch (OutOfMemoryError e) {
            throw new LivePatchException(
                    "there is not enough memory for that: SUTURE_HEAP=2g gives more than the usual 400m", e);
        }
        print(answer, json, spec.commandLine().getOut(), spec.commandLine().getErr());
        return answer.exitCode().code();
    }

    static void print(Answer answer, boolean isJson, PrintWriter out, PrintWriter err) {
        if (isJson) {
            out.println(Json.text(answer.report()));
        } else if (!answer.text().isEmpty()) {
            out.println(Printable.text(answer.text()));
        }
        out.flush();
        if (!answer.errors().isEmpty()) {
            err.println(Printable.text(answer.errors()));
            err.flush();
        }
    }

    /** {@return whether the answer has to be one JSON object} */
    boolean json() {
        return json;
    }

    /** {@return whether stack traces are wanted} */
    boolean debug() {
        return debug;
    }
}
