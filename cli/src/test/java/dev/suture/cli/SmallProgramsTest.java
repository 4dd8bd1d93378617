package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.create.CreateProcessPayload;
import dev.suture.create.CreateReport;
import dev.suture.create.ProcessRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small programs whose patches change more than the functions that they change: each is patched while it runs and does
 * what the patched program would do from that state, or is refused for what stands in the file {@code expected}: {@code
 * refused NAME}, a symbol or file, or {@code runs VALUE} for what it prints then.
 */
class SmallProgramsTest {
    private static final Path CASES = Path.of("src/test/resources/cases");
    private static final Map<String, String> LIBRARIES = Map.of("interpose", "libx.so", "twofile", "libx.so");
    private static final long PATIENCE_MILLISECONDS = 10_000;

    @TempDir
    private Path directory;

    static List<String> names() throws IOException {
        try (Stream<Path> folders = Files.list(CASES)) {
            return folders.map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void thereArePrograms() throws IOException {
        assertThat(names()).hasSizeGreaterThan(5);
    }

    @ParameterizedTest
    @MethodSource("names")
    void doesWhatThePatchedProgramDoesOrIsRefused(String name) throws Exception {
        Path source = directory.resolve("src");
        RunningProgram.run(
                directory, "cp", "-r", CASES.resolve(name).resolve("src").toAbsolutePath() + "/.", source.toString());
        RunningProgram.run(source, "make", "-s");
        String[] expected = Files.readString(CASES.resolve(name).resolve("expected"))
                .strip()
                .split(" ", 2);

        CreateReport report = create(source, name);

        if (expected[0].equals("refused")) {
            assertThat(report.refusals())
                    .extracting(refusal -> refusal.symbol().isEmpty() ? refusal.object() : refusal.symbol())
                    .contains(expected[1]);
            assertThat(directory.resolve("out.livepatch")).doesNotExist();
        } else {
            assertThat(expected[0]).isEqualTo("runs");
            assertThat(report.refusals()).isEmpty();
            assertThatItPrints(expected[1], source.resolve("prog"));
        }
    }

    private CreateReport create(Path source, String name) throws IOException {
        return CreateProcessPayload.create(
                new ProcessRequest(
                        source,
                        "make",
                        source.resolve(LIBRARIES.getOrDefault(name, "prog")),
                        Optional.empty(),
                        List.of(SourcePatch.read(CASES.resolve(name).resolve("fix.patch"))),
                        directory.resolve("cache"),
                        false,
                        1,
                        directory.resolve("out.livepatch"),
                        "out",
                        Optional.empty(),
                        List.of(),
                        Set.of()),
                Progress.NONE);
    }

    private void assertThatItPrints(String value, Path program) throws Exception {
        Path printed = directory.resolve("printed");
        // Not as a child of this program, whose own waiting for children would get in the way of tracing it.
        Process shell =
                new ProcessBuilder("sh", "-c", "'%s' >'%s' & echo $!; wait".formatted(program, printed)).start();
        try {
            String pid = shell.inputReader().readLine();
            waitForLines(printed, 2);
            String said = Said.words("load", directory.resolve("out.livepatch").toString(), "--on", "pid:" + pid);
            Assumptions.assumeFalse(said.contains("permission"), "needs the permission to trace processes: " + said);
            assertThat(said).contains("now applied");
            int before = Files.readAllLines(printed).size();
            List<String> lines = waitForLines(printed, before + 3);
            assertThat(lines.subList(before + 1, lines.size())).contains(value);
            assertThat(ProcessHandle.of(Long.parseLong(pid))).isPresent();
            assertThat(Said.words("revert", "out", "--on", "pid:" + pid)).contains("now checked");
        } finally {
            shell.descendants().forEach(ProcessHandle::destroyForcibly);
            shell.waitFor();
        }
    }

    private static List<String> waitForLines(Path file, int count) throws Exception {
        long end = System.currentTimeMillis() + PATIENCE_MILLISECONDS;
        while (System.currentTimeMillis() < end) {
            List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
            if (lines.size() >= count) {
                return lines;
            }
            Thread.sleep(20);
        }
        throw new AssertionError("%s has no %d lines".formatted(file, count));
    }
}
