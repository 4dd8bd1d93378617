package dev.suture.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Runs other people's programs: they make the fixtures and say what is right. */
final class Tool {
    private Tool() {}

    record Result(int exitCode, String output) {}

    /** Runs a program to its end and returns what it said; skips the test if the machine does not have it. */
    static Result run(Path directory, String... command) throws IOException, InterruptedException {
        assumeTrue(isInstalled(command[0]), command[0] + " is not installed");
        Path output = Files.createTempFile("tool", ".out");
        try {
            ProcessBuilder builder = new ProcessBuilder(List.of(command))
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile());
            builder.environment().put("LC_ALL", "C");
            int exitCode = builder.start().waitFor();
            return new Result(exitCode, Files.readString(output, StandardCharsets.ISO_8859_1));
        } finally {
            Files.delete(output);
        }
    }

    /** Runs a program that must succeed. */
    static String runWell(Path directory, String... command) throws IOException, InterruptedException {
        Result result = run(directory, command);
        assertThat(result.exitCode())
                .as("%s: %s", String.join(" ", command), result.output())
                .isZero();
        return result.output();
    }

    /** Compiles source with gcc or g++ into an object in the given directory. */
    static Path compile(Path directory, String sourceName, String source, String... options)
            throws IOException, InterruptedException {
        String compiler = sourceName.endsWith(".cc") ? "g++" : "gcc";
        Files.writeString(directory.resolve(sourceName), source);
        String objectName = sourceName.replaceFirst("\\.[^.]*$", ".o");
        String[] command = new String[options.length + 5];
        command[0] = compiler;
        System.arraycopy(options, 0, command, 1, options.length);
        command[options.length + 1] = "-c";
        command[options.length + 2] = sourceName;
        command[options.length + 3] = "-o";
        command[options.length + 4] = objectName;
        runWell(directory, command);
        return directory.resolve(objectName);
    }

    static boolean isInstalled(String program) {
        for (String directory : System.getenv("PATH").split(":")) {
            if (Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }
}
