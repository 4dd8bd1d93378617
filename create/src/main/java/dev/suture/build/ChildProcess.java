package dev.suture.build;

import dev.suture.LivePatchException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Runs a command and everything it starts, and leaves nothing of it behind.
 *
 * <p>A make killed with its Java program leaves compilers running that still write objects. All descendants inherit an
 * environment variable, so they can be found even when their parent is gone; they are ended when the Java program is
 * (Ctrl-C, SIGTERM) or its thread interrupted, and by the next run if the Java program had no time for it (SIGKILL).
 */
public final class ChildProcess {
    /** The environment variable by which the descendants of one run are known. */
    public static final String MARK = "SUTURE_SCRATCH";

    private static final Duration GRACE = Duration.ofSeconds(1);

    private ChildProcess() {}

    /**
     * Runs {@code command} to its end.
     *
     * @param directory the directory it runs in
     * @param environment variables to set; a variable with an empty value is removed
     * @param mark the value of {@link #MARK}: the directory in which the command may write
     * @param log gets what the command writes to its output and error output
     * @param listener hears each of these lines
     * @return its exit status
     * @throws LivePatchException if it cannot be started, or the thread is interrupted
     */
    public static int run(
            List<String> command,
            Path directory,
            Map<String, String> environment,
            String mark,
            Path log,
            Consumer<String> listener) {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
        environment.forEach((name, value) -> {
            if (value.isEmpty()) {
                builder.environment().remove(name);
            } else {
                builder.environment().put(name, value);
            }
        });
        builder.environment().put(MARK, mark);
        Thread atExit = new Thread(() -> killMarked(mark), "end " + command.getFirst());
        try {
            Runtime.getRuntime().addShutdownHook(atExit);
        } catch (IllegalStateException e) {
            throw new LivePatchException("stopped: the program is ending", e);
        }
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            try (BufferedReader output = process.inputReader(StandardCharsets.ISO_8859_1);
                    Writer copy = Files.newBufferedWriter(
                            log, StandardCharsets.ISO_8859_1, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
                for (String line = output.readLine(); line != null; line = output.readLine()) {
                    copy.write(line + "\n");
                    listener.accept(line);
                }
            }
            return process.waitFor();
        } catch (IOException e) {
            killMarked(mark);
            throw new LivePatchException("cannot run %s: %s".formatted(command.getFirst(), Cause.of(e)), e);
        } catch (InterruptedException e) {
            killMarked(mark);
            Thread.currentThread().interrupt();
            throw new LivePatchException("interrupted while " + command.getFirst() + " ran", e);
        } finally {
            removeHook(atExit);
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The program is ending, and the hook at work.
        }
    }

    /** Ends what a killed run may have left: every process of this machine whose {@link #MARK} is {@code mark}. */
    public static void end(String mark) {
        killMarked(mark);
    }

    /**
     * Ends every process of this machine whose {@link #MARK} is {@code mark}: first asks, after one second insists.
     * Returns when none is left.
     */
    static void killMarked(String mark) {
        long start = System.nanoTime();
        Set<ProcessHandle> asked = new HashSet<>();
        List<ProcessHandle> marked = marked(mark);
        while (!marked.isEmpty() && System.nanoTime() - start < 4 * GRACE.toNanos()) {
            boolean insist = System.nanoTime() - start > GRACE.toNanos();
            marked.forEach(process -> {
                if (insist) {
                    process.destroyForcibly();
                } else if (asked.add(process)) {
                    process.destroy();
                }
            });
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                // What is started must be ended; the caller learns of the interrupt by the flag.
                Thread.currentThread().interrupt();
                return;
            }
            marked = marked(mark);
        }
    }

    private static List<ProcessHandle> marked(String mark) {
        String wanted = "\0" + MARK + "=" + mark + "\0";
        List<ProcessHandle> found = new ArrayList<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (environment(process).contains(wanted)) {
                    Optional<ProcessHandle> handle = ProcessHandle.of(
                            Long.parseLong(process.getFileName().toString()));
                    handle.filter(other -> !other.equals(ProcessHandle.current()))
                            .ifPresent(found::add);
                }
            }
        } catch (IOException e) {
            throw new LivePatchException("cannot list /proc: " + Cause.of(e), e);
        }
        return found;
    }

    /** {@return the environment of a process between zero bytes; empty if it is gone or another user's} */
    private static String environment(Path process) {
        try {
            byte[] bytes = Files.readAllBytes(process.resolve("environ"));
            return "\0" + new String(bytes, StandardCharsets.ISO_8859_1) + "\0";
        } catch (IOException e) {
            return "";
        }
    }
}
