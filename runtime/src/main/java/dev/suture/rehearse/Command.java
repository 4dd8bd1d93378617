package dev.suture.rehearse;

import dev.suture.LivePatchException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A short-lived command of the machine, run to its end with its output held in memory. */
final class Command {
    private static final int LINES_IN_MESSAGE = 15;

    private Command() {}

    /**
     * How a command ended.
     *
     * @param exitCode 0 by convention if it did what it was asked to
     * @param output standard output and standard error as they came
     */
    record Ended(int exitCode, String output) {
        /** {@return the output's last lines, indented, for a message} */
        String tail() {
            List<String> lines = output.lines().filter(line -> !line.isBlank()).toList();
            return lines.stream()
                    .skip(Math.max(0, lines.size() - LINES_IN_MESSAGE))
                    .map(line -> "        " + line)
                    .collect(Collectors.joining("\n"));
        }
    }

    /**
     * Runs a command in the C locale, with nothing on its standard input.
     *
     * @throws LivePatchException if it cannot be started
     * @throws InterruptedException if the caller was interrupted; the command was killed
     */
    static Ended run(Path directory, List<String> command) throws InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new LivePatchException("cannot start %s: %s".formatted(command.getFirst(), e.getMessage()), e);
        }
        try (var input = process.getInputStream()) {
            String output = new String(input.readAllBytes(), StandardCharsets.UTF_8);
            return new Ended(process.waitFor(), output);
        } catch (IOException e) {
            throw new LivePatchException("lost the output of %s: %s".formatted(command.getFirst(), e.getMessage()), e);
        } finally {
            process.destroyForcibly();
        }
    }

    /** {@return where on the PATH a program is, as the shell would find it} */
    static Optional<Path> onPath(String program) {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("/usr/bin:/bin");
        return Stream.of(path.split(":"))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
