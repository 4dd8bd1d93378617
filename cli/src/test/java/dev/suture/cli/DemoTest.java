package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code make demo} does what it says, and says when it does not. */
class DemoTest {
    private static final Path SCRIPT =
            Path.of("..", "scripts", "demo-process").toAbsolutePath().normalize();

    @TempDir
    private Path directory;

    private record Ended(int status, String output) {}

    @Test
    void theDemoPatchesAServerUnderLoadAndTakesThePatchBack() throws Exception {
        String java = ProcessHandle.current().info().command().orElseThrow();
        String classes = System.getProperty("jdk.module.path", "") + ":" + System.getProperty("java.class.path");
        Path suture = command("""
                #!/bin/sh
                exec '%s' --enable-native-access=ALL-UNNAMED -cp '%s' dev.suture.cli.Suture "$@"
                """.formatted(java, classes));
        Ended demo = runDemo(suture);

        Assumptions.assumeFalse(
                demo.output().contains("ptrace_scope") || demo.output().contains("permission"),
                "needs the permission to trace processes");
        assertThat(demo.output())
                .containsSubsequence(
                        "days in February 1900: 29",
                        "replaces days_in_month",
                        "the payload is applied",
                        "days in February 1900: 28",
                        "the payload is checked",
                        "days in February 1900: 29",
                        "none of them saw an error");
        assertThat(demo.status()).isZero();
    }

    @Test
    void theDemoFailsIfNothingIsPatched() throws Exception {
        Ended demo = runDemo(command("#!/bin/sh\n"));

        assertThat(demo.output()).endsWith("The demo failed: the server should say 28 and says 29\n");
        assertThat(demo.status()).isEqualTo(1);
    }

    private Path command(String script) throws IOException {
        Path file = Files.writeString(directory.resolve("suture"), script);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Ended runDemo(Path suture) throws Exception {
        ProcessBuilder demo =
                new ProcessBuilder(SCRIPT.toString(), directory.resolve("demo").toString()).redirectErrorStream(true);
        demo.environment().put("SUTURE", suture.toString());
        demo.environment().put("SUTURE_CACHE", directory.resolve("cache").toString());
        Process process = demo.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Ended(process.waitFor(), output);
    }
}
