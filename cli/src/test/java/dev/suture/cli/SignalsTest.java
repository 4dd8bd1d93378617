package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands that are told to end while they work: Ctrl-C, a polite kill. */
@Tag("harm")
class SignalsTest {
    private static final String PROGRAM = """
            #include <unistd.h>
            __attribute__((noipa)) int answer(int x) { __asm__ volatile(".fill 64, 1, 0x90"); return x + 1; }
            int main(void) { for (;;) answer(1), usleep(1000); }
            """;

    @TempDir
    private Path folder;

    private TriedProgram tried;
    private Path source;
    private Path patch;

    @BeforeEach
    void compile() throws Exception {
        tried = TriedProgram.compile(folder, "signalled", PROGRAM);
        source = Files.createDirectory(folder.resolve("source"));
        Files.writeString(source.resolve("a.c"), "int a;\n");
        patch = Files.writeString(
                folder.resolve("a.patch"), "--- a/a.c\n+++ b/a.c\n@@ -1,1 +1,1 @@\n-int a;\n+int b;\n");
    }

    private Process suture(Object... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                // Whoever starts the tests in the background, or with nohup, has it ignored, and so would suture.
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path") + ":" + System.getProperty("jdk.module.path", ""),
                "dev.suture.cli.Suture"));
        Stream.of(words).map(Object::toString).forEach(command::add);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("SUTURE_CACHE", folder.resolve("cache").toString());
        builder.environment().remove("SUTURE_DEBUG");
        return builder.start();
    }

    private static int tell(Process process, String signal) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                        .start()
                        .waitFor())
                .isZero();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("it ends").isTrue();
        return process.exitValue();
    }

    /** One that nobody else starts. */
    private static List<Long> sleepers(String seconds) throws IOException {
        List<Long> found = new ArrayList<>();
        byte[] wanted = ("sleep\0" + seconds + "\0").getBytes(StandardCharsets.ISO_8859_1);
        try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
            for (ProcessHandle process : all.toList()) {
                try {
                    byte[] words = Files.readAllBytes(Path.of("/proc/" + process.pid() + "/cmdline"));
                    if (Arrays.equals(words, wanted)) {
                        found.add(process.pid());
                    }
                } catch (IOException ended) {
                    assertThat(ended).isNotNull();
                }
            }
        }
        return found;
    }

    @ParameterizedTest
    @CsvSource({"build, TERM, 143", "build, INT, 130", "certify, TERM, 143"})
    void aBuildEndsWithWhoeverStartedIt(String command, String signal, int exitCode) throws Exception {
        String seconds = "600.%d%s%d".formatted(ProcessHandle.current().pid(), command.length(), exitCode);
        Path payload = tried.payload("fix", "answer", 1000, tried.buildId());
        Path output = folder.resolve("output");
        List<Object> words =
                new ArrayList<>(command.equals("build") ? List.of("build", "process") : List.of("certify", payload));
        words.addAll(List.of("--source", source, "--build", "sleep " + seconds + "; cc -c a.c"));
        words.addAll(List.of("--binary", tried.program(), "--patch", patch, "--output", output));
        Process process = suture(words.toArray());
        while (process.isAlive() && sleepers(seconds).isEmpty()) {
            Thread.sleep(20);
        }
        assertThat(process.isAlive()).as(() -> said(process)).isTrue();
        assertThat(tell(process, signal)).isEqualTo(exitCode);
        assertThat(said(process)).contains("suture: interrupted").doesNotContain("Exception", "Correct the");
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (!sleepers(seconds).isEmpty() && System.nanoTime() < end) {
            Thread.sleep(20);
        }
        assertThat(sleepers(seconds)).as("what the build started has ended").isEmpty();
        assertThat(output).doesNotExist();
        assertThat(source.resolve("a.c")).hasContent("int a;\n");
    }

    private static String said(Process process) {
        try {
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void aFollowerThatIsToldToEndHasDoneWhatItWasToDo() throws Exception {
        Path fix = tried.payload("fix", "answer", 1000, tried.buildId());
        Path journal = folder.resolve("journal");
        Process program = new ProcessBuilder(tried.program().toString()).start();
        try {
            Process follow = suture("follow", "pid:" + program.pid(), "--payload", fix, "--journal", journal);
            while (follow.isAlive()
                    && !(Files.exists(journal) && Files.readString(journal).contains("PATCHED"))) {
                Thread.sleep(20);
            }
            assertThat(tell(follow, "TERM")).as(() -> said(follow)).isZero();
            List<String> lines = Files.readAllLines(journal);
            assertThat(lines.getLast()).contains("STOPPED").endsWith("}");
            assertThat(Said.suture("list", "--on", "pid:" + program.pid()).out())
                    .contains("fix", "applied");
        } finally {
            program.destroyForcibly();
        }
    }
}
