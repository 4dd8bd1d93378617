package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.create.CreateProcessPayload;
import dev.suture.create.CreateReport;
import dev.suture.create.PayloadRequest;
import dev.suture.create.ProcessRequest;
import dev.suture.payload.Payload;
import java.nio.file.Files;
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

    private Path payload(String name, List<Path> applied, Optional<Path> depends, Path... patches) {
        Path output = folder.resolve(name + ".livepatch");
        ProcessRequest request = new ProcessRequest(
                folder.resolve("source"),
                BUILD,
                folder.resolve("running/program"),
                Optional.empty(),
                applied.stream().map(SourcePatch::read).toList(),
                Stream.of(patches).map(SourcePatch::read).toList(),
                folder.resolve("cache"),
                false,
                1,
                new PayloadRequest(output, name, depends.map(Path::toString), List.of(), Set.of()));
        CreateReport report = CreateProcessPayload.create(request, Progress.NONE);
        assertThat(report.refusals()).isEmpty();
        return output;
    }

    @Test
    void everyObjectOfARunningProgramCanHaveMoreData() throws Exception {
        Path payload = payload("use", List.of(), Optional.empty(), patch, folder.resolve("hooks.c"));
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

    @Test
    void aPayloadOnTopUsesTheDataOfTheOneBelow() throws Exception {
        Path hooks = folder.resolve("hooks.c");
        Path use = payload("use", List.of(), Optional.empty(), patch, hooks);
        Path patched = folder.resolve("object.patched.c");
        Path again = Files.writeString(
                folder.resolve("object.again.c"),
                Files.readString(patched).replace("uses ? *uses : 0", "uses ? *uses + 1000 : 0"));
        Path second = RunningProgram.patch(patched, again, "object.c", folder.resolve("second.patch"));
        Path onTop = payload("second", List.of(patch, hooks), Optional.of(use), second);

        assertThat(Payload.read(onTop).hooks()).as("those of the one below").isEmpty();
        try (RunningProgram program = RunningProgram.start(folder.resolve("running/program"))) {
            assertThat(program.act("load", use.toString())).contains("now applied");
            assertThat(program.ask("use 5")).isEqualTo("1");
            assertThat(program.act("load", onTop.toString())).contains("now applied");
            assertThat(program.ask("use 5")).isEqualTo("1002");
            assertThat(program.act("revert", "second")).contains("now checked");
            assertThat(program.ask("use 5")).isEqualTo("3");
            assertThat(program.act("revert", "use")).contains("now checked");

            // What is still there refers to memory that would be gone.
            assertThat(program.act("unload", "use"))
                    .contains("second is to be stacked on it")
                    .contains("Unload that one first.");
            assertThat(program.act("unload", "second")).contains("now absent");
            assertThat(program.act("unload", "use")).contains("now absent");
            assertThat(program.act("load", use.toString())).contains("now applied");
            assertThat(program.ask("use 5")).isEqualTo("1");
        }
    }
}
