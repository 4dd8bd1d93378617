package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What gdb sees with these files is tested where they are made. */
class SymbolsCommandTest {
    private static final String PROGRAM = """
            #include <stdio.h>
            #include <sys/prctl.h>
            __attribute__((noipa)) int answer(int x) { __asm__ volatile(".fill 64, 1, 0x90"); return x + 1; }
            int main(void)
            {
                char line[100];
                setvbuf(stdout, 0, _IOLBF, 0);
                prctl(PR_SET_PTRACER, -1L);
                while (fgets(line, sizeof line, stdin))
                    printf("%d\\n", answer(1));
            }
            """;

    @TempDir
    private Path folder;

    @Test
    void filesForDebuggersAreWrittenAndAreWhatTheyAreCalled() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gdb")), "needs gdb");
        TriedProgram tried = TriedProgram.compile(folder, "looked-at", PROGRAM);
        Path fix = tried.payload("fix", "answer", 1000, tried.buildId());
        Path output = folder.resolve("with \"quotes\"");
        try (RunningProgram running = RunningProgram.start(tried.program())) {
            running.ask("?");
            running.act("load", fix.toString());
            Said said = Said.suture("symbols", "--on", running.target(), "--output", output, "--perf", "--json");
            assertThat(said.exitCode()).as(said.err()).isEqualTo(ExitCode.DONE);
            JsonNode target = said.json().path("targets").path(0);
            String symbols = RunningProgram.run(
                    folder, "nm", target.path("files").path(0).asText());
            assertThat(symbols).contains(" new_function\n");
            String frames = RunningProgram.run(
                    folder,
                    "readelf",
                    "--debug-dump=frames",
                    target.path("files").path(0).asText());
            String start = symbols.replaceAll("(?s).*?([0-9a-f]+) [tT] new_function\n.*", "$1");
            assertThat(frames).contains("pc=" + start + "..");
            Path script = Path.of(target.path("script").asText());
            String read = RunningProgram.run(
                    folder, "gdb", "-nx", "-batch", "-x", script.toString(), "-ex", "info address new_function");
            assertThat(read).contains("0x" + start.replaceFirst("^0+", ""));
            Path map = Path.of(target.path("perfMap").asText());
            assertThat(map).content().contains(" new_function\n");

            Said again = Said.suture("symbols", "--on", running.target(), "--output", output, "--perf");
            assertThat(again.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
            assertThat(again.err()).contains(map + " is there already");
        }
    }

    @Test
    void whatIsThereUnderANameIsReplacedAndNotFollowed() throws Exception {
        TriedProgram tried = TriedProgram.compile(folder, "looked-at", PROGRAM);
        Path fix = tried.payload("fix", "answer", 1000, tried.buildId());
        try (RunningProgram running = RunningProgram.start(tried.program())) {
            running.ask("?");
            running.act("load", fix.toString());
            String pid = running.target().substring("pid:".length());
            Path victim = Files.writeString(folder.resolve("victim"), "kept");
            for (String name : List.of("suture-%s.gdb", "suture-%s-fix.debug", "perf-%s.map")) {
                Files.createSymbolicLink(folder.resolve(name.formatted(pid)), victim);
            }
            assertThat(Said.suture("symbols", "--on", running.target(), "--output", folder)
                            .exitCode())
                    .isEqualTo(ExitCode.DONE);
            assertThat(Said.suture("symbols", "--on", running.target(), "--output", folder, "--perf")
                            .exitCode())
                    .isEqualTo(ExitCode.BAD_INPUT);
            assertThat(victim).hasContent("kept");
        }
    }

    @Test
    void aFileThatIsNoCoreIsTurnedDown() throws Exception {
        Path text = Files.writeString(folder.resolve("notes.txt"), "no core");
        Said said = Said.suture("symbols", "--core", text, "--output", folder.resolve("out"));
        assertThat(said.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
        assertThat(said.err()).contains(text + ": not a core file");
        Path pipe = folder.resolve("pipe");
        RunningProgram.run(folder, "mkfifo", pipe.toString());
        for (Path path : List.of(pipe, Path.of("/dev/zero"), folder)) {
            said = Said.suture("symbols", "--core", path, "--output", folder.resolve("out"));
            assertThat(said.exitCode()).as(said.err()).isEqualTo(ExitCode.BAD_INPUT);
            assertThat(said.err()).startsWith("suture: " + path + ": cannot be read: it is a ");
        }
        assertThat(Said.suture("symbols", "--output", folder).exitCode()).isEqualTo(ExitCode.USAGE);
    }
}
