package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.create.CreateProcessPayload;
import dev.suture.create.CreateReport;
import dev.suture.create.ProcessRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Objects of a running program get data that their type has no room for. */
class ShadowVariablesTest {
    private static final String BUILD = "gcc -O2 -g -pthread -Wl,--build-id program.c object.c -o program";
    private static final int KEPT = 3000;
    private static final int THREADS = 4;
    /** The code takes memory from the kernel in blocks of this size when its reserve is used up. */
    private static final int BLOCK_KIB = 256;

    @TempDir
    private Path folder;

    private Path patch;

    @BeforeEach
    void buildTheProgram() throws Exception {
        for (String version : new String[] {"source", "running"}) {
            RunningProgram.copy("shadow", folder.resolve(version), "program.c", "object.c", "object.h");
        }
        RunningProgram.copy("shadow", folder, "object.patched.c", "hooks.c");
        patch = RunningProgram.patch(
                folder.resolve("source/object.c"),
                folder.resolve("object.patched.c"),
                "object.c",
                folder.resolve("use.patch"));
        RunningProgram.run(folder.resolve("running"), "sh", "-c", BUILD);
    }

    private Path payload(String name, Path... patches) {
        Path output = folder.resolve(name + ".livepatch");
        ProcessRequest request = new ProcessRequest(
                folder.resolve("source"),
                BUILD,
                folder.resolve("running/program"),
                Optional.empty(),
                Stream.of(patches).map(SourcePatch::read).toList(),
                folder.resolve("cache"),
                false,
                1,
                output,
                name,
                Optional.empty(),
                List.of(),
                Set.of());
        CreateReport report = CreateProcessPayload.create(request, Progress.NONE);
        assertThat(report.refusals()).isEmpty();
        return output;
    }

    @Test
    void everyObjectOfARunningProgramCanHaveMoreData() throws Exception {
        Path payload = payload("use", patch, folder.resolve("hooks.c"));
        try (RunningProgram program = RunningProgram.start(folder.resolve("running/program"))) {
            assertThat(program.ask("use 5")).isEqualTo("-1");
            assertThat(program.act("load", payload.toString())).contains("now applied");
            assertThat(program.ask("use 5")).isEqualTo("1");
            assertThat(program.ask("use 5")).isEqualTo("2");
            assertThat(program.ask("use 6")).isEqualTo("1");
            assertThat(program.ask("all")).isEqualTo("used");
            assertThat(program.ask("use 5")).isEqualTo("4");
            assertThat(program.ask("use 2999")).isEqualTo("2");
            long withAllOfThem = program.mappedKib();

            assertThat(program.act("revert", "use")).contains("now checked");

            assertThat(program.ask("use 5")).isEqualTo("-1");
            String[] leftOver = program.ask("hooks").split(" ");
            // Those of the objects that come and go were freed with them, but for one that each thread may be at.
            assertThat(Integer.parseInt(leftOver[0])).isBetween(KEPT, KEPT + THREADS);
            assertThat(leftOver[1]).as("all memory was given back").isEqualTo("1");
            assertThat(withAllOfThem - program.mappedKib()).isGreaterThanOrEqualTo(BLOCK_KIB);

            assertThat(program.act("apply", "use")).contains("now applied");
            assertThat(program.ask("use 5"))
                    .as("nothing is left of the first time")
                    .isEqualTo("1");
            assertThat(program.act("revert", "use")).contains("now checked");
            assertThat(program.act("unload", "use")).contains("now absent");
            assertThat(program.ask("use 5")).isEqualTo("-1");
        }
    }
}
