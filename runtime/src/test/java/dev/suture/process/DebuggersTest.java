package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.LivePatchException;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** gdb itself looks at programs with payloads, while they run and when they have left a core file. */
class DebuggersTest {
    private static final String NEW_PATCHED = """
            int waits(int);
            static int __attribute__((noipa)) between(int x)
            {
                volatile char room[300];
                room[x] = 1;
                return waits(x) + room[x];
            }
            int new_patched(int x)
            {
                volatile char room[1000];
                room[x] = 5;
                return between(x) + room[x];
            }
            REPLACES(new_patched, "patched");
            """;
    private static final String ALONE = """
            int waits(int);
            int new_patched(int x)
            {
                volatile char room[1000];
                room[x] = 5;
                return waits(x) + room[x];
            }
            REPLACES(new_patched, "patched");
            """;

    @TempDir
    private static Path folder;

    private static Path program;

    @BeforeAll
    static void compile() {
        program = Program.compile(folder, "debugged.c", "debugged", "-fomit-frame-pointer");
    }

    private static void load(Program running, String name, String source, boolean inPlace) {
        load(running, name, source, program, inPlace);
    }

    private static void load(Program running, String name, String source, Path changed, boolean inPlace) {
        Payload payload = Program.payloadOf(folder, name + ".c", source, changed, "", "-fomit-frame-pointer");
        ApplyOptions options =
                new ApplyOptions(Duration.ofSeconds(30), ApplyOptions.DEFAULT.policy(), false, Map.of(), inPlace);
        ProcessTargetTest.done(running.target().upload(name, payload, options));
        ProcessTargetTest.done(running.target().apply(name, options));
        assertThat(running.target().payloads().getFirst().inPlace()).hasSize(inPlace ? 1 : 0);
    }

    private static Path script(String name, ForDebuggers found) throws IOException {
        Path place = Files.createDirectories(folder.resolve(name));
        for (DebugFile file : found.files()) {
            Files.write(place.resolve(file.payload()), file.bytes());
        }
        return Files.writeString(
                place.resolve("gdb"),
                found.gdbScript(file -> place.resolve(file.payload()).toString()));
    }

    // The frames of the first thread, by their functions.
    private static List<String> chain(Object... arguments) {
        boolean isThere = Files.isExecutable(Path.of("/usr/bin/gdb"));
        assumeTrue(isThere, "needs gdb");
        List<String> command = new ArrayList<>(List.of("gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off"));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        command.addAll(List.of("-ex", "bt"));
        String said = Program.run(folder, command);
        List<String> functions = said.lines()
                .filter(line -> line.matches("#\\d+ .*"))
                .map(line -> line.replaceFirst("^#\\d+ +(0x[0-9a-f]+ in )?", "").replaceFirst(" .*", ""))
                .toList();
        int first = functions.indexOf("waits");
        assertThat(first).as(said).isNotNegative();
        return functions.subList(first, functions.size());
    }

    @Test
    void gdbSeesTheWholeChainThroughAPayload() throws Exception {
        try (Program running = Program.start(program)) {
            load(running, "jump", NEW_PATCHED, false);
            assertThat(running.ask("wait")).isEqualTo("waiting");
            // Otherwise nothing is shown by the next.
            assertThat(chain("-p", running.pid())).contains("??").doesNotContain("main");
            Path script = script("live", running.target().describe());
            assertThat(chain("-p", running.pid(), "-x", script))
                    .containsExactly("waits", "between", "new_patched", "outer", "main");
        }
    }

    @Test
    void gdbSeesTheWholeChainThroughAFunctionThatIsInThePlaceOfAnother() throws Exception {
        try (Program running = Program.start(program)) {
            load(running, "alone", ALONE, true);
            assertThat(running.ask("wait")).isEqualTo("waiting");
            assertThat(chain("-p", running.pid())).doesNotContain("main");
            Path script = script("in-place", running.target().describe());
            assertThat(chain("-p", running.pid(), "-x", script)).containsExactly("waits", "patched", "outer", "main");
        }
    }

    @Test
    void gdbSeesTheWholeChainThroughAFunctionThatIsInThePlaceOfOneOfALibrary() throws Exception {
        Path library = Program.compile(
                folder, "debugged.c", "libdebugged.so", "-DLIBRARY", "-shared", "-fPIC", "-fomit-frame-pointer");
        Path main = Program.compile(folder, "debugged.c", "linked", "-DONLY_MAIN", "-L.", "-ldebugged");
        try (Program running = Program.start(main)) {
            load(running, "shared", ALONE, library, true);
            assertThat(running.ask("wait")).isEqualTo("waiting");
            Path script = script("in-library", running.target().describe());
            assertThat(chain("-p", running.pid(), "-x", script)).containsExactly("waits", "patched", "outer", "main");
        }
    }

    @Test
    void theCoreFileOfAPatchedProgramTellsTheSame() throws Exception {
        for (boolean inPlace : new boolean[] {false, true}) {
            Path core = folder.resolve("core." + inPlace);
            try (Program running = Program.start(program)) {
                load(running, "left", inPlace ? ALONE : NEW_PATCHED, inPlace);
                assertThat(running.ask("wait")).isEqualTo("waiting");
                dump(running.pid(), core);
            }
            Path script = script("core-" + inPlace, CoreFile.describe(core));
            List<String> chain = chain(program, core, "-x", script);
            assertThat(chain)
                    .isEqualTo(
                            inPlace
                                    ? List.of("waits", "patched", "outer", "main")
                                    : List.of("waits", "between", "new_patched", "outer", "main"));
        }
    }

    private static void dump(int pid, Path core) throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcore")), "needs gcore, which comes with gdb");
        Program.run(folder, List.of("gcore", "-o", core.toString(), String.valueOf(pid)));
        Files.move(Path.of(core + "." + pid), core);
    }

    @Test
    void whatIsNoCoreFileOrHasNoPayloadsIsSaid() throws Exception {
        Path text = Files.writeString(folder.resolve("text"), "no core");
        Assertions.assertThatThrownBy(() -> CoreFile.describe(text))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("not a core file");
        Path core = folder.resolve("core.none");
        try (Program running = Program.start(program)) {
            dump(running.pid(), core);
        }
        Assertions.assertThatThrownBy(() -> CoreFile.describe(core))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("had no payloads");
    }

    @Test
    void aCoreFileThatEndsAnywhereIsNoSurprise() throws Exception {
        Path core = folder.resolve("core.whole");
        try (Program running = Program.start(program)) {
            load(running, "cut", NEW_PATCHED, false);
            dump(running.pid(), core);
        }
        byte[] whole = Files.readAllBytes(core);
        Path cut = folder.resolve("core.cut");
        for (int size = 0; size < whole.length; size += size < 4096 ? 61 : whole.length / 50) {
            Files.write(cut, Arrays.copyOf(whole, size));
            try {
                CoreFile.describe(cut);
            } catch (LivePatchException expected) {
                assertThat(expected).hasMessageContaining("core.cut");
            }
        }
    }

    @Test
    void perfIsToldTheNamesOfWhatRunsInPayloads() throws Exception {
        try (Program running = Program.start(program)) {
            load(running, "perf", NEW_PATCHED, false);
            assertThat(running.target().describe().perfMap())
                    .containsPattern("(?m)^[0-9a-f]+ [0-9a-f]+ new_patched$")
                    .containsPattern("(?m)^[0-9a-f]+ [0-9a-f]+ between$");
        }
    }
}
