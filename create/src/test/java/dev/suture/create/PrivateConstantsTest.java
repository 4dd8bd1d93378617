package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.build.SourcePatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A constant that is global in C, and of which the linked program tells who can use it. */
class PrivateConstantsTest {
    private static final String BUILD =
            "gcc -g -O2 -c a.c && gcc -g -O2 -c b.c && gcc -o program a.o b.o -Wl,--build-id %s";
    private static final String A = """
            #include <stdio.h>
            extern const int table[4]; const int table[4] = { 1, 2, 3, 4 };
            extern int other(int);
            __attribute__((noinline)) int pick(int i) { volatile int y = i; return table[y & 3]; }
            __attribute__((noinline)) int more(int i) { volatile int y = i; return table[y & 3] * 10; }
            int main(void) { printf("%d %d %d\\n", pick(2), more(2), other(2)); return 0; }
            """;
    private static final String B = "int other(int x) { volatile int y = x; return y + 1; }\n";
    private static final String USES =
            "extern const int table[]; int other(int x) { volatile int y = x; return table[y & 3]; }\n";

    @TempDir
    private Path directory;

    private PatchedProgram program(String options, String b) {
        return new PatchedProgram(directory, BUILD.formatted(options), "program")
                .file("a.c", A, "1, 2, 3, 4", "5, 6, 7, 8")
                .file("b.c", b);
    }

    @Test
    void whatOnlyItsOwnObjectUsesIsBroughtAnew() {
        CreateReport report = program("", B).assertTakesEffect("program");

        assertThat(report.unproved()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"'', true", "-rdynamic, false", "'-Wl,--defsym=alias=table+4', false"})
    void whatOthersMayUseIsRefused(String options, boolean isUsed) {
        assertThat(program(options, isUsed ? USES : B).create().refusals())
                .extracting(Refusal::text)
                .anySatisfy(text -> assertThat(text).contains("constant `table` changed, and it is global"));
    }

    @Test
    void anObjectThatThePatchReachesAsWellIsAnother() {
        PatchedProgram program = program("", USES).edited("b.c", "int y = x;", "int y = x; y++;");

        assertThat(program.create().refusals())
                .extracting(Refusal::text)
                .anySatisfy(text -> assertThat(text).contains("constant `table` changed, and it is global"));
    }

    @Test
    void theNextPatchOfTheStackUsesTheNewOne() throws IOException {
        for (String[] version : new String[][] {
            {"source", A},
            {"one", A.replace("1, 2, 3, 4", "5, 6, 7, 8")},
            {"two", A.replace("1, 2, 3, 4", "5, 6, 7, 8").replace("& 3] * 10", "& 3] * 100")}
        }) {
            Path folder = Files.createDirectories(directory.resolve(version[0]));
            Files.writeString(folder.resolve("a.c"), version[1]);
            Files.writeString(folder.resolve("b.c"), B);
        }
        PatchedProgram.run(List.of("cp", "-r", "source", "running"), directory, Map.of(), 0);
        PatchedProgram.run(List.of("sh", "-c", BUILD.formatted("")), directory.resolve("running"), Map.of(), 0);
        Path one = patch("source", "one");
        Path two = patch("one", "two");

        assertThat(create(List.of(), one, Optional.empty()).refusals()).isEmpty();
        CreateReport second = create(
                List.of(one),
                two,
                Optional.of(directory.resolve("one.livepatch").toString()));

        assertThat(second.refusals()).extracting(Refusal::text).isEmpty();
        String symbols = PatchedProgram.run(
                List.of("nm", directory.resolve("two.livepatch").toString()), directory, Map.of(), 0);
        assertThat(symbols).contains("U one#table").doesNotContain("U table");
    }

    private Path patch(String from, String to) throws IOException {
        return Files.writeString(
                directory.resolve(to + ".patch"),
                PatchedProgram.run(List.of("diff", "-ruN", "-xprogram", "-x*.o", from, to), directory, Map.of(), 1));
    }

    private CreateReport create(List<Path> applied, Path patch, Optional<String> depends) {
        String name = patch.getFileName().toString().replace(".patch", "");
        return CreateProcessPayload.create(
                new ProcessRequest(
                        directory.resolve("source"),
                        BUILD.formatted(""),
                        directory.resolve("running/program"),
                        Optional.empty(),
                        applied.stream().map(SourcePatch::read).toList(),
                        List.of(SourcePatch.read(patch)),
                        directory.resolve("cache"),
                        false,
                        2,
                        new PayloadRequest(directory.resolve(name + ".livepatch"), name, depends, List.of(), Set.of())),
                Progress.NONE);
    }
}
