package dev.suture.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** A server that a test runs. It is no child of the JVM, which would take the news of its stops from the tracer. */
final class RunningDaemon implements AutoCloseable {
    private final Process shell;
    private final long pid;
    private final Path log;

    private RunningDaemon(Process shell, long pid, Path log) {
        this.shell = shell;
        this.pid = pid;
        this.log = log;
    }

    /**
     * Starts it.
     *
     * @param log gets what it writes
     */
    static RunningDaemon start(List<String> command, Path log) throws IOException {
        String words = command.stream().map("'%s'"::formatted).collect(Collectors.joining(" "));
        Process shell = new ProcessBuilder("sh", "-c", "%s </dev/null >'%s' 2>&1 & echo $!; wait".formatted(words, log))
                .start();
        BufferedReader said = shell.inputReader(StandardCharsets.UTF_8);
        return new RunningDaemon(shell, Long.parseLong(said.readLine()), log);
    }

    long pid() {
        return pid;
    }

    /** {@return whether it runs and is not only waited for} */
    boolean isAlive() {
        try {
            return !Files.readString(Path.of("/proc/" + pid + "/stat")).matches("(?s).*\\) [ZX] .*");
        } catch (IOException e) {
            return false;
        }
    }

    /** {@return what it has written} */
    String log() throws IOException {
        return Files.readString(log, StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroy);
        try {
            shell.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
