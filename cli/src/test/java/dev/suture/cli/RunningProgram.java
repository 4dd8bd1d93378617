package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** A program of the test resources that is built, patched by what users call, and asked one line at a time. */
final class RunningProgram implements AutoCloseable {
    private final Process shell;
    private final BufferedReader answers;
    private final int pid;

    private RunningProgram(Process shell, BufferedReader answers, int pid) {
        this.shell = shell;
        this.answers = answers;
        this.pid = pid;
    }

    /** Not as a child of this program, whose own waiting for children would get in the way of tracing it. */
    static RunningProgram start(Path binary) throws IOException {
        String start = "exec 3<&0; '%s' <&3 & echo $!; exec 3<&-; wait".formatted(binary);
        Process shell = new ProcessBuilder("sh", "-c", start).start();
        BufferedReader answers = shell.inputReader();
        return new RunningProgram(shell, answers, Integer.parseInt(answers.readLine()));
    }

    /** Copies files of the test resources. */
    static void copy(String from, Path to, String... names) throws IOException {
        Files.createDirectories(to);
        for (String name : names) {
            try (InputStream in = RunningProgram.class.getResourceAsStream(from + "/" + name)) {
                Files.copy(in, to.resolve(name));
            }
        }
    }

    /** {@return what a command says that must succeed} */
    static String run(Path where, String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .directory(where.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(List.of(command) + "\n" + output).isZero();
        return output;
    }

    /** {@return a patch that makes {@code patched} of {@code original}, as the file of that name} */
    static Path patch(Path original, Path patched, String name, Path output) throws IOException, InterruptedException {
        Process diff = new ProcessBuilder(
                        "diff", "-u", "--label=a/" + name, "--label=b/" + name, original.toString(), patched.toString())
                .redirectOutput(output.toFile())
                .start();
        assertThat(diff.waitFor()).isEqualTo(1);
        return output;
    }

    String target() {
        return "pid:" + pid;
    }

    /** {@return what an action says about the program, which this machine has to allow} */
    String act(String verb, String payload) {
        String said = Said.words(verb, payload, "--on", target());
        Assumptions.assumeFalse(said.contains("permission"), "needs the permission to trace processes: " + said);
        return said;
    }

    /** {@return the program's answer} */
    String ask(String question) throws IOException {
        shell.getOutputStream().write((question + "\n").getBytes(StandardCharsets.UTF_8));
        shell.getOutputStream().flush();
        return answers.readLine();
    }

    /** {@return how much memory the program has mapped, in KiB} */
    long mappedKib() throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/maps")).stream()
                        .map(line -> line.split("[- ]"))
                        .filter(words -> words[0].length() < 16)
                        .mapToLong(words -> Long.parseLong(words[1], 16) - Long.parseLong(words[0], 16))
                        .sum()
                / 1024;
    }

    @Override
    public void close() throws IOException {
        shell.getOutputStream().close();
        try {
            shell.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** {@return the answer of a program that answers each number it reads} */
    static String ask(Process program, BufferedReader answers, int number) throws IOException {
        program.getOutputStream().write((number + "\n").getBytes(StandardCharsets.UTF_8));
        program.getOutputStream().flush();
        return answers.readLine();
    }

    /** {@return what a command says on both outputs, whether it succeeds or not} */
    static String run(List<String> command, Path where) throws Exception {
        Process process = new ProcessBuilder(command)
                .directory(where.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }
}
