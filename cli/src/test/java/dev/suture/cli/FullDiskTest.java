package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each file that a command writes is whole or not there, also where the disk is full. */
@Tag("harm")
class FullDiskTest {
    private static final int SMALL_BYTES = 64 << 10;

    @TempDir
    private Path folder;

    private Path disk;

    @BeforeEach
    void mount() throws Exception {
        disk = Files.createDirectory(folder.resolve("disk"));
        Process mount = new ProcessBuilder(
                        "mount", "-t", "tmpfs", "-o", "size=%d".formatted(SMALL_BYTES), "full", disk.toString())
                .start();
        assumeTrue(mount.waitFor() == 0, "needs to mount a small file system: root");
        Files.write(disk.resolve("filler"), new byte[SMALL_BYTES]);
    }

    @AfterEach
    void unmount() throws Exception {
        new ProcessBuilder("umount", disk.toString()).start().waitFor();
    }

    private void isAsItWas(String... names) throws IOException {
        try (Stream<Path> files = Files.walk(disk)) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(file -> disk.relativize(file).toString()))
                    .containsExactlyInAnyOrder(
                            Stream.concat(Stream.of("filler"), Stream.of(names)).toArray(String[]::new));
        }
    }

    private static void cannotBeWritten(Said said, Path file) {
        assertThat(said.exitCode()).as(said.toString()).isEqualTo(ExitCode.BAD_INPUT);
        assertThat(said.err())
                .contains(file + ": ")
                .contains("No space left on device")
                .doesNotContain("Exception");
    }

    @Test
    void aPayloadAndAStack() throws Exception {
        Path source = Files.createDirectory(folder.resolve("source"));
        String program = """
                #include <unistd.h>
                int count;
                __attribute__((noinline)) int answer(int x) { count++; return x + 3; }
                __attribute__((noinline)) int other(int x) { count++; return x * 3; }
                int main(void) { for (;;) { answer(1); other(1); usleep(10000); } }
                """;
        Files.writeString(source.resolve("f.c"), program);
        String build = "cc -g -O2 -Wl,--build-id -o f f.c";
        RunningProgram.run(source, "sh", "-c", build);
        Path binary = Files.move(source.resolve("f"), folder.resolve("f"));
        Path first = patch("first", "x + 3", "x + 5", 3);
        patch("second", "x * 3", "x * 5", 4);
        Object[] common = {"build", "process", "--source", source, "--build", build, "--binary", binary};

        Path payload = disk.resolve("fix.livepatch");
        cannotBeWritten(Said.suture(with(common, "--patch", first, "--output", payload)), payload);
        isAsItWas();

        Path stack = disk.resolve("stack");
        Path series = Files.writeString(folder.resolve("series"), "first.patch\nsecond.patch\n");
        cannotBeWritten(
                Said.suture(with(common, "--series", series, "--stack", "--output", stack)),
                stack.resolve("first.livepatch"));
        isAsItWas();
    }

    private Path patch(String name, String before, String after, int line) throws IOException {
        String function = name.equals("first") ? "answer" : "other";
        String text = """
                --- a/f.c
                +++ b/f.c
                @@ -%1$d,1 +%1$d,1 @@
                -__attribute__((noinline)) int %2$s(int x) { count++; return %3$s; }
                +__attribute__((noinline)) int %2$s(int x) { count++; return %4$s; }
                """.formatted(line, function, before, after);
        return Files.writeString(folder.resolve(name + ".patch"), text);
    }

    private static Object[] with(Object[] words, Object... more) {
        return Stream.concat(Stream.of(words), Stream.of(more)).toArray();
    }

    @Test
    void aPageOfAnObjectAndASketchOfAHook() throws Exception {
        for (String name : List.of("a", "b")) {
            Files.writeString(
                    folder.resolve(name + ".c"),
                    "int f(int x) { return x %s 3; }".formatted(name.equals("a") ? "+" : "*"));
            RunningProgram.run(folder, "cc", "-c", "-O2", "-ffunction-sections", "-fdata-sections", name + ".c");
        }
        Path page = disk.resolve("why.html");
        cannotBeWritten(Said.suture("explain", folder.resolve("a.o"), folder.resolve("b.o"), "--html", page), page);
        isAsItWas();

        Path before = disk.resolve("kept.html");
        Files.delete(disk.resolve("filler"));
        Files.writeString(before, "what was there");
        Files.write(disk.resolve("filler"), new byte[SMALL_BYTES - 4096]);
        cannotBeWritten(Said.suture("explain", folder.resolve("a.o"), folder.resolve("b.o"), "--html", before), before);
        isAsItWas("kept.html");
        assertThat(before).content().isEqualTo("what was there");

        Path hook = disk.resolve("hook.c");
        cannotBeWritten(
                Said.suture("new", "hook", "load", "--for", "process", "--variable", "x", "--output", hook), hook);
        isAsItWas("kept.html");
    }

    @Test
    void whatIsNoFileIsNotReplacedByOne() throws Exception {
        Path pipe = folder.resolve("pipe.c");
        Path inside = Files.createDirectory(folder.resolve("inside.c"));
        RunningProgram.run(folder, "mkfifo", pipe.toString());
        Files.writeString(folder.resolve("c.c"), "int f(int x) { return x; }");
        RunningProgram.run(folder, "cc", "-c", "-O2", "-ffunction-sections", "c.c");
        Path object = folder.resolve("c.o");
        for (Path output : List.of(pipe, inside)) {
            for (Said said : List.of(
                    Said.suture("explain", object, object, "--html", output),
                    Said.suture("new", "hook", "load", "--for", "process", "--variable", "x", "--output", output))) {
                assertThat(said.exitCode()).as(said.err()).isEqualTo(ExitCode.BAD_INPUT);
                assertThat(said.err()).startsWith("suture: " + output + ": ");
            }
        }
        assertThat(Files.isRegularFile(pipe)).isFalse();
    }

    @Test
    void aJournalGrowsByWholeLines() throws Exception {
        Path file = disk.resolve("journal");
        Files.write(disk.resolve("filler"), new byte[SMALL_BYTES - 8192]);
        int written = 0;
        try (Journal journal = new Journal(file)) {
            for (; written < 1000; written++) {
                journal.write(List.of("x".repeat(150)));
            }
        } catch (LivePatchException e) {
            assertThat(e).hasMessage("%s: the journal cannot be written: No space left on device".formatted(file));
        }
        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSizeBetween(10, 100).hasSize(written);
        for (String line : lines) {
            assertThat(new ObjectMapper().readTree(line).path("what").path(0).asText())
                    .hasSize(150);
        }
        assertThat(Files.readString(file)).endsWith("\n");
        try (Journal again = new Journal(file)) {
            assertThat(again).isNotNull();
        }
        Path other = Files.writeString(folder.resolve("notes"), "mine");
        assertThatThrownBy(() -> new Journal(other)).hasMessageContaining("is no journal");
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        assertThatThrownBy(() -> new Journal(link)).hasMessageContaining("the journal cannot be written");
        assertThat(other).content().isEqualTo("mine");
        assertThatThrownBy(() -> new Journal(Path.of("/dev/full"))).hasMessageContaining("it is a device or a pipe");
    }

    @Test
    void filesForDebuggers() throws Exception {
        TriedProgram tried = TriedProgram.compile(
                folder,
                "suture-shown",
                "#include <unistd.h>\n__attribute__((noipa)) int answer(int x) { __asm__(\".fill 64, 1, 0x90\"); return x + 1; }"
                        + " int main(void) { for (;;) answer(1), usleep(1000); }");
        Path fix = tried.payload("fix", "answer", 1000, tried.buildId());
        Process program = new ProcessBuilder(tried.program().toString()).start();
        try {
            String target = "pid:" + program.pid();
            while (!Said.suture("list", "--on", target).out().contains("suture-shown")) {
                Thread.sleep(5);
            }
            Said loaded = Said.suture("load", fix, "--on", target, "--watch", "0");
            assertThat(loaded.exitCode()).as(loaded.err()).isEqualTo(ExitCode.DONE);
            cannotBeWritten(Said.suture("symbols", "--on", target, "--output", disk, "--perf"), disk);
            isAsItWas();
            Path folders = folder.resolve("patched");
            assertThat(Said.suture("symbols", "--on", target, "--output", folders, "--perf")
                            .exitCode())
                    .isEqualTo(ExitCode.DONE);
            try (Stream<Path> files = Files.list(folders)) {
                assertThat(files.map(file -> file.getFileName().toString().replaceAll("[0-9]+", "N")))
                        .as("nothing besides them is left")
                        .containsExactlyInAnyOrder("suture-N-fix.debug", "suture-N.gdb", "perf-N.map");
            }
            try (Stream<Path> files = Files.list(folders)) {
                assertThat(files)
                        .allSatisfy(
                                file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                                        .isEqualTo("rw-------"));
            }
        } finally {
            program.destroyForcibly();
        }
    }

    @Test
    void whoCannotKeepAJournalPatchesNothing() throws Exception {
        TriedProgram tried = TriedProgram.compile(
                folder,
                "suture-lonely",
                "#include <unistd.h>\n__attribute__((noipa)) int answer(int x) { return x + 1; }"
                        + " int main(void) { for (;;) answer(1), usleep(1000); }");
        Path fix = tried.payload("fix", "answer", 1000, tried.buildId());
        Process program = new ProcessBuilder(tried.program().toString()).start();
        try {
            String target = "pid:" + program.pid();
            Path journal = disk.resolve("journal");
            cannotBeWritten(Said.suture("follow", target, "--payload", fix, "--journal", journal), journal);
            assertThat(Said.suture("list", "--on", target).out()).contains("no payloads");
            assertThat(Files.size(journal)).isZero();
        } finally {
            program.destroyForcibly();
        }
    }
}
