package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.create.CreateProcessPayload;
import dev.suture.create.CreateReport;
import dev.suture.create.ProcessRequest;
import dev.suture.payload.Payload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The files that {@code suture new hook} writes, in payloads for processes. */
class NewHookTest {
    private static final String BUILD = "gcc -O2 -g -Wall -Werror -Wl,--build-id program.c -o program";
    private static final String PROGRAM = """
            #include <stdio.h>

            int limit = 10;
            struct thing { int value; };

            int main(void)
            {
                char line[80];

                while (fgets(line, sizeof(line), stdin)) {
                    printf("%d\\n", limit);
                    fflush(stdout);
                }
                return 0;
            }
            """;

    @TempDir
    private Path folder;

    private void buildTheProgram() throws Exception {
        for (String version : List.of("source", "running")) {
            Files.createDirectories(folder.resolve(version));
            Files.writeString(folder.resolve(version).resolve("program.c"), PROGRAM);
        }
        RunningProgram.run(folder.resolve("running"), "sh", "-c", BUILD);
    }

    private Path newHook(String kind, String... more) {
        Path file = folder.resolve(kind + ".c");
        List<String> command =
                new ArrayList<>(List.of("new", "hook", kind, "--for", "process", "--output", file.toString()));
        command.addAll(List.of(more));
        assertThat(Said.words(command.toArray())).startsWith(file + ": a ");
        return file;
    }

    private Payload payload(Path hooks) {
        Path output = folder.resolve("hooks.livepatch");
        CreateReport report = CreateProcessPayload.create(
                new ProcessRequest(
                        folder.resolve("source"),
                        BUILD,
                        folder.resolve("running/program"),
                        Optional.empty(),
                        List.of(SourcePatch.read(hooks)),
                        folder.resolve("cache"),
                        false,
                        1,
                        output,
                        "hooks",
                        Optional.empty(),
                        List.of(),
                        Set.of()),
                Progress.NONE);
        assertThat(report.refusals()).isEmpty();
        return Payload.read(output);
    }

    @ParameterizedTest
    @CsvSource({
        "load,load unload", "unload,load unload",
        "preapply,preapply postrevert", "postrevert,preapply postrevert",
        "postapply,postapply prerevert", "prerevert,postapply prerevert",
        "apply,apply revert", "revert,apply revert"
    })
    void eachKindCompilesAsItIsAndHasTheHookThatTakesItBack(String kind, String kinds) throws Exception {
        buildTheProgram();

        Payload payload = payload(newHook(kind));

        assertThat(payload.hooks()).extracting(Payload.Hook::kind).containsExactlyInAnyOrder(kinds.split(" "));
    }

    @ParameterizedTest
    @CsvSource({"load", "apply", "preapply"})
    void shadowVariablesCompileAsTheyAre(String kind) throws Exception {
        buildTheProgram();

        assertThat(payload(newHook(kind, "--shadow", "struct thing")).hooks()).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"load", "apply", "preapply", "postapply"})
    void whatAHookChangedIsAsItWasAfterTheRevert(String kind) throws Exception {
        buildTheProgram();
        payload(newHook(kind, "--variable", "limit", "--value", "77"));
        try (RunningProgram program = RunningProgram.start(folder.resolve("running/program"))) {
            assertThat(program.ask("")).isEqualTo("10");

            assertThat(program.act("load", folder.resolve("hooks.livepatch").toString()))
                    .contains("now applied");
            assertThat(program.ask("")).isEqualTo("77");

            assertThat(program.act("revert", "hooks")).contains("now checked");
            assertThat(program.ask("")).isEqualTo("10");
            assertThat(program.act("unload", "hooks")).contains("now absent");
            assertThat(program.ask("")).isEqualTo("10");
        }
    }

    @Test
    void aFileThatIsThereIsNotOverwritten() throws Exception {
        Path file = Files.writeString(folder.resolve("mine.c"), "mine");

        assertThat(Said.words("new", "hook", "load", "--for", "xen", "--output", file.toString()))
                .contains("exists already");
        assertThat(file).hasContent("mine");
    }

    @Test
    void whatCannotWorkIsTurnedDown() {
        Path file = folder.resolve("hook.c");

        assertThat(Said.words(
                        "new",
                        "hook",
                        "prerevert",
                        "--for",
                        "xen",
                        "--shadow",
                        "struct domain",
                        "--output",
                        file.toString()))
                .contains("the functions that use the data still run");
        assertThat(Said.words("new", "hook", "load", "--for", "xen", "--value", "1", "--output", file.toString()))
                .contains("which is it?");
        assertThat(file).doesNotExist();
    }
}
