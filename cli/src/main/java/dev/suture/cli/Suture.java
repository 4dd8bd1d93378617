package dev.suture.cli;

import dev.suture.process.ProcessTarget;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The {@code suture} command itself: holds the others together and turns what happened into an exit code. */
@Command(
        name = "suture",
        description = "Live patching for software that must not stop.",
        mixinStandardHelpOptions = true,
        versionProvider = Suture.Version.class,
        usageHelpWidth = 100,
        synopsisHeading = "%nSynopsis:%n  ",
        synopsisSubcommandLabel = "COMMAND",
        descriptionHeading = "%nDescription:%n",
        optionListHeading = "%nOptions:%n",
        commandListHeading = "%nCommands:%n",
        exitCodeListHeading = "%nExit codes:%n")
public final class Suture implements Runnable {
    private static final Map<String, Class<?>> COMMANDS = commands();

    private static final Set<String> ON_PROCESSES =
            Set.of("load", "upload", "apply", "revert", "replace", "unload", "list", "status", "symbols", "follow");

    private static final long GRACE_SECONDS = 1;
    private static final long UNWIND_SECONDS = 10;

    private static volatile boolean isToldToEnd;

    @Spec
    private CommandSpec spec;

    private Suture() {}

    private static Map<String, Class<?>> commands() {
        Map<String, Class<?>> commands = new LinkedHashMap<>();
        commands.put("advise", AdviseCommand.class);
        commands.put("build", BuildCommand.class);
        commands.put("diff", DiffCommand.class);
        commands.put("explain", ExplainCommand.class);
        commands.put("certify", CertifyCommand.class);
        commands.put("inspect", InspectCommand.class);
        commands.put("rehearse", RehearseCommand.class);
        commands.put("new", NewCommand.class);
        commands.put("load", LoadCommand.class);
        commands.put("upload", UploadCommand.class);
        commands.put("apply", ApplyCommand.class);
        commands.put("revert", RevertCommand.class);
        commands.put("replace", ReplaceCommand.class);
        commands.put("unload", UnloadCommand.class);
        commands.put("follow", FollowCommand.class);
        commands.put("list", ListCommand.class);
        commands.put("status", StatusCommand.class);
        commands.put("symbols", SymbolsCommand.class);
        commands.put("help", HelpCommand.class);
        return commands;
    }

    /** Reached only without a command, which is a mistake. */
    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to do: " + String.join(", ", spec.subcommands().keySet()));
    }

    /** Runs one command and ends the process with its {@link ExitCode}. */
    public static void main(String[] arguments) {
        if (arguments.length > 0 && ON_PROCESSES.contains(arguments[0])) {
            ProcessTarget.prepare();
        }
        CountDownLatch finished = new CountDownLatch(1);
        AtomicInteger exitCode = new AtomicInteger(ExitCode.INTERNAL_ERROR.code());
        boolean endsWhenTold = arguments.length > 0
                && EndsWhenTold.class.isAssignableFrom(COMMANDS.getOrDefault(arguments[0], Suture.class));
        unwindWhenKilled(Thread.currentThread(), finished, endsWhenTold, exitCode);
        try {
            exitCode.set(run(arguments));
        } finally {
            finished.countDown();
        }
        System.exit(exitCode.get());
    }

    /** {@return the exit code of a command, which prints to standard output and standard error} */
    static int execute(String[] arguments) {
        Optional<String> version = version(arguments);
        if (version.isPresent()) {
            System.out.println(version.get());
            return ExitCode.DONE.code();
        }
        Optional<ExitCode> listed = QuickList.run(arguments, new PrintWriter(System.out), new PrintWriter(System.err));
        return listed.isPresent() ? listed.get().code() : commandLine(arguments).execute(arguments);
    }

    /** {@return the answer to a question for the version that is to be one JSON object} */
    static Optional<String> version(String[] arguments) {
        List<String> words = List.of(arguments);
        boolean isAsked = words.contains("--version") || words.contains("-V");
        return isAsked && words.contains("--json")
                ? Optional.of(Json.text(Map.of("version", dev.suture.Version.text())))
                : Optional.empty();
    }

    /**
     * {@return how a command ended, and whether anybody can have heard of it} On a full disk, or into a pipe that nobody
     * reads, nothing was said.
     */
    static int run(String[] arguments) {
        int exitCode = execute(arguments);
        boolean isAnswered = !System.out.checkError();
        if (!isAnswered) {
            System.err.println("suture: standard output cannot be written: the disk is full, or nobody reads it");
        }
        return isAnswered && !System.err.checkError() ? exitCode : ExitCode.BAD_INPUT.code();
    }

    /** {@return the whole command line, ready to execute; prints to standard output and standard error} */
    static CommandLine commandLine() {
        return commandLine(COMMANDS);
    }

    /**
     * {@return a command line that can execute these arguments}
     *
     * <p>To read the annotations of all commands takes longer than a command that works on a process; so where the first
     * argument names one, it knows only that one.
     */
    static CommandLine commandLine(String[] arguments) {
        boolean isNamed = arguments.length > 0 && COMMANDS.containsKey(arguments[0]) && !arguments[0].equals("help");
        return commandLine(isNamed ? Map.of(arguments[0], COMMANDS.get(arguments[0])) : COMMANDS);
    }

    private static CommandLine commandLine(Map<String, Class<?>> commands) {
        CommandLine root = new CommandLine(new Suture());
        commands.forEach(root::addSubcommand);
        root.setParameterExceptionHandler(Failures::onUsageError);
        root.setExecutionExceptionHandler(Failures::onException);
        root.registerConverter(Duration.class, Suture::seconds);
        root.setCaseInsensitiveEnumValuesAllowed(true);
        nameExitCodes(root);
        return root;
    }

    private static Duration seconds(String text) {
        if (!text.matches("[1-9][0-9]{0,8}")) {
            throw new TypeConversionException("expected a whole number of seconds above 0, found '" + text + "'");
        }
        return Duration.ofSeconds(Long.parseLong(text));
    }

    private static void nameExitCodes(CommandLine command) {
        Map<String, String> exitCodes = new LinkedHashMap<>();
        for (ExitCode exitCode : ExitCode.values()) {
            exitCodes.put(" " + exitCode.code(), exitCode.meaning());
        }
        command.getCommandSpec().usageMessage().exitCodeList(exitCodes);
        command.getSubcommands().values().forEach(Suture::nameExitCodes);
    }

    /**
     * On Ctrl-C or a polite kill the working thread is interrupted and may run its {@code finally} blocks, which end
     * its processes and remove its temporary files; whatever process is left after that is killed.
     */
    private static void unwindWhenKilled(
            Thread working, CountDownLatch finished, boolean endsWhenTold, AtomicInteger exitCode) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            if (finished.getCount() == 0) {
                return;
            }
            isToldToEnd = true;
            working.interrupt();
            try {
                // A thread that waits for output of a process hears of the interruption only when that process ends.
                if (!finished.await(GRACE_SECONDS, TimeUnit.SECONDS)) {
                    killDescendants();
                    finished.await(UNWIND_SECONDS, TimeUnit.SECONDS);
                }
                if (endsWhenTold && finished.getCount() == 0) {
                    Runtime.getRuntime().halt(exitCode.get());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            killDescendants();
        }));
    }

    /** {@return whether the user pressed Ctrl-C, or this process was killed politely} What fails then fails of that. */
    static boolean isToldToEnd() {
        return isToldToEnd;
    }

    private static void killDescendants() {
        ProcessHandle.current().descendants().filter(child -> !isKeeper(child)).forEach(ProcessHandle::destroyForcibly);
    }

    // It ends with this process, once it has let go what it holds.
    private static boolean isKeeper(ProcessHandle child) {
        try {
            return Files.readString(Path.of("/proc/" + child.pid() + "/comm")).startsWith("suture-keeper");
        } catch (IOException e) {
            return false;
        }
    }

    /** The version, as the build wrote it into the module. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"suture " + dev.suture.Version.text()};
        }
    }
}
