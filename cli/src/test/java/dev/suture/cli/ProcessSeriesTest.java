package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.Payload;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Patches of a small program that come one after the other, by what users call. */
class ProcessSeriesTest {
    private static final String BUILD = "gcc -O2 -Wl,--build-id program.c -o program";
    private static final String ORIGINAL = """
            #include <stdio.h>
            __attribute__((noinline)) int answer(int x)
            {
                return x % 10 + 1;
            }
            __attribute__((noinline)) int other(int x)
            {
                return x * x * 3 + x / 7;
            }
            __attribute__((noinline)) int turn(const char *line)
            {
                int x = 0;
                sscanf(line, "%d", &x);
                return printf("%d %d\\n", answer(x), other(x));
            }
            int main(void)
            {
                char line[100];
                setvbuf(stdout, NULL, _IOLBF, 0);
                while (fgets(line, sizeof line, stdin))
                    turn(line);
                return 0;
            }
            """;
    private static final String FIRST = ORIGINAL.replace("""
            __attribute__((noinline)) int answer(int x)
            {
                return x % 10 + 1;
            """, """
            static __attribute__((noinline)) int twice(int x)
            {
                return 2 * x + x / 100;
            }
            __attribute__((noinline)) int answer(int x)
            {
                static int seen = 10;
                return twice(x) + seen++;
            """);
    /** Changes what the first replaces, and declares one more static local of the same name before the other. */
    private static final String SECOND = FIRST.replace(
                    "return twice(x) + seen++;", "return twice(x) + seen++ + seldom(x);")
            .replace("static __attribute__((noinline)) int twice", """
                    __attribute__((noinline)) int seldom(int x)
                    {
                        static int seen = 100;
                        return x > 1000 ? seen++ : 1000;
                    }
                    static __attribute__((noinline)) int twice""");
    /** Uses what the first brings. */
    private static final String THIRD = SECOND.replace("return x * x * 3 + x / 7;", "return -twice(x);");

    private static final String CHANGES_WHAT_THE_FIRST_BRINGS =
            FIRST.replace("return 2 * x + x / 100;", "return 3 * x + x / 10;");

    @TempDir
    private Path directory;

    @BeforeEach
    void writeSources() throws Exception {
        Assumptions.assumeTrue(Files.exists(Path.of("/usr/bin/gcc")), "needs gcc");
        for (String version : List.of("source", "running")) {
            Files.createDirectories(directory.resolve(version));
            Files.writeString(directory.resolve(version).resolve("program.c"), ORIGINAL);
        }
        assertThat(RunningProgram.run(List.of("sh", "-c", BUILD), directory.resolve("running")))
                .isEmpty();
        patch("first", ORIGINAL, FIRST);
        patch("second", FIRST, SECOND);
        patch("third", SECOND, THIRD);
        patch("changes-brought", FIRST, CHANGES_WHAT_THE_FIRST_BRINGS);
        Files.writeString(directory.resolve("series"), """
                # as they came
                first.patch
                second.patch -p1
                third.patch # the last one
                """);
    }

    @Test
    void aPatchThatChangesNothingByItselfGoesWithTheNextOne() throws Exception {
        String helper = ORIGINAL.replace("__attribute__((noinline)) int answer", """
                int helper(int x) { return x * 7 + 3; }
                __attribute__((noinline)) int answer""");
        String calls = helper.replace("return x % 10 + 1;", "return helper(x);");
        patch("helper", ORIGINAL, helper);
        patch("calls", helper, calls);
        patch("comment", calls, calls + "/* the end */\n");

        assertThat(build(
                        "--patch",
                        file("helper.patch"),
                        file("calls.patch"),
                        file("comment.patch"),
                        "--stack",
                        "--output",
                        file("few")))
                .contains("no payload of their own, as they change nothing by themselves: helper.patch, comment.patch");
        try (Stream<Path> made = Files.list(directory.resolve("few"))) {
            assertThat(made)
                    .containsExactlyInAnyOrder(
                            directory.resolve("few/calls.livepatch"), directory.resolve("few/series"));
        }
        assertThat(build("--patch", file("helper.patch"), "--stack", "--output", file("none")))
                .contains("the patch adds functions which nothing that runs calls (`helper`)")
                .contains("No payload of the stack was written, because helper is refused.");
    }

    @Test
    void aRunningProgramTakesAStackOfPatchesAndThenOnePayloadInItsPlace() throws Exception {
        assertThat(build("--series", file("series"), "--stack", "--output", file("stack")))
                .contains("adds twice", "adds seen.0", "replaces other")
                .contains("it refers to what payloads below it bring (first#program.c#seen.0, first#program.c#twice)");
        assertThat(build(
                        "--series",
                        file("series"),
                        "--output",
                        file("all.livepatch"),
                        "--replaces",
                        file("stack/first.livepatch"),
                        file("stack/second.livepatch"),
                        file("stack/third.livepatch")))
                .contains("what `seen.0` of", "is lost when that is replaced");
        // Not as a child of this program, whose own waiting for children would get in the way of tracing it.
        String start = "exec 3<&0; '%s' <&3 & echo $!; wait".formatted(directory.resolve("running/program"));
        Process program = new ProcessBuilder("sh", "-c", start).start();
        try (BufferedReader answers = program.inputReader()) {
            String target = "pid:" + answers.readLine();
            assertThat(RunningProgram.ask(program, answers, 4)).isEqualTo("5 48");
            String loaded = Said.words("load", file("stack/first.livepatch"), "--on", target);
            Assumptions.assumeFalse(
                    loaded.contains("permission"), "needs the permission to trace processes: " + loaded);
            assertThat(RunningProgram.ask(program, answers, 4)).isEqualTo("18 48");

            assertThat(Said.words("upload", file("stack/second.livepatch"), "--on", target))
                    .contains("checked");
            assertThat(Said.words("upload", file("stack/third.livepatch"), "--on", target))
                    .contains("checked");
            assertThat(Said.words("apply", "third", "--on", target)).contains("it is to be stacked on");
            assertThat(Said.words("apply", "second", "--on", target)).contains("now applied");
            assertThat(RunningProgram.ask(program, answers, 4))
                    .as("counts on from the first")
                    .isEqualTo("1019 48");
            assertThat(Said.words("apply", "third", "--on", target)).contains("now applied");
            assertThat(RunningProgram.ask(program, answers, 4)).isEqualTo("1020 -8");
            assertThat(Said.words("revert", "second", "--on", target)).contains("third is applied on top of it");
            assertThat(Said.words("revert", "third", "--on", target)).contains("now checked");
            assertThat(RunningProgram.ask(program, answers, 4)).isEqualTo("1021 48");
            assertThat(Said.words("unload", "first", "--on", target)).contains("it is applied");
            assertThat(Said.words("apply", "third", "--on", target)).contains("now applied");

            assertThat(Said.words("upload", file("all.livepatch"), "--on", target))
                    .contains("checked");
            assertThat(Said.words("replace", "all", "--on", target)).contains("now applied");
            assertThat(RunningProgram.ask(program, answers, 4))
                    .as("counts anew")
                    .isEqualTo("1018 -8");
            assertThat(Said.words("unload", "first", "--on", target)).contains("second refers to what is in it");
            for (String name : List.of("third", "second", "first")) {
                assertThat(Said.words("unload", name, "--on", target)).contains("now absent");
            }
            assertThat(RunningProgram.ask(program, answers, 4)).isEqualTo("1019 -8");
            assertThat(Said.words("revert", "all", "--on", target)).contains("now checked");
            assertThat(RunningProgram.ask(program, answers, 4)).isEqualTo("5 48");
        } finally {
            program.getOutputStream().close();
            program.waitFor();
        }
    }

    @Test
    void aPatchOfWhatAnotherPayloadBringsIsRefused() {
        build("--patch", file("first.patch"), "--output", file("first.livepatch"));

        assertThat(build(
                        "--patch",
                        file("changes-brought.patch"),
                        "--depends",
                        file("first.livepatch"),
                        "--applied",
                        file("first.patch"),
                        "--output",
                        file("changed.livepatch")))
                .contains("`first#program.c#twice` is in another payload, and the code of a payload in a process is not"
                        + " changed")
                .contains("let it replace the others");
        assertThat(directory.resolve("changed.livepatch")).doesNotExist();
    }

    @Test
    void theGoodBeginningOfASeriesIsWrittenAndTheRestIfOneAsksForIt() throws Exception {
        patch("changes-brought", FIRST, CHANGES_WHAT_THE_FIRST_BRINGS);
        patch(
                "needs-it",
                CHANGES_WHAT_THE_FIRST_BRINGS,
                CHANGES_WHAT_THE_FIRST_BRINGS.replace("return 3 * x + x / 10;", "return 3 * x + x / 20;"));
        patch("other", FIRST, FIRST.replace("return x * x * 3 + x / 7;", "return x * x * 3 + x / 9;"));
        Files.writeString(
                directory.resolve("mixed"), "first.patch\nchanges-brought.patch\nneeds-it.patch\nother.patch\n");

        assertThat(build("--series", file("mixed"), "--stack", "--output", file("begun")))
                .contains("Of the stack only first was written, with a list in the file series")
                .contains(
                        "because changes-brought is refused. Not tried (--skip-refused does): needs-it.patch, other.patch.");
        assertThat(directory.resolve("begun/series")).hasContent("first.livepatch\n");
        assertThat(directory.resolve("begun/other.livepatch")).doesNotExist();

        assertThat(build("--series", file("mixed"), "--stack", "--skip-refused", "--output", file("most")))
                .contains("Left out, too, as they do not apply or compile without that: needs-it.patch.");
        assertThat(directory.resolve("most/series")).hasContent("first.livepatch\nother.livepatch\n");
        assertThat(build("--series", file("mixed"), "--skip-refused", "--output", file("x")))
                .contains("give --stack as well");
    }

    @Test
    void aPayloadTellsTheNextOneWhatItWasMadeFrom() {
        build("--patch", file("first.patch"), "--output", file("first.livepatch"));

        Payload payload = Payload.read(directory.resolve("first.livepatch"));

        assertThat(payload.stack().orElseThrow().patches())
                .singleElement()
                .satisfies(patch -> assertThat(patch.subject()).isEqualTo("first"));
        assertThat(payload.stack().orElseThrow().names())
                .containsEntry("program.c#twice", "first#program.c#twice")
                .containsEntry("program.c#seen.0", "first#program.c#seen.0");
    }

    @Test
    void appliedPatchesNeedThePayloadThatWasMadeFromThem() {
        assertThat(build("--patch", file("second.patch"), "--applied", file("first.patch"), "--output", file("x")))
                .contains("--applied: name the payload that was made from these patches with --depends as well");
    }

    @Test
    void withoutAPatchThereIsNothingToMake() throws IOException {
        Files.writeString(directory.resolve("empty"), "# nothing yet\n");

        assertThat(build("--output", file("x"))).contains("no patch is given");
        assertThat(build("--series", file("empty"), "--output", file("x"))).contains("it names no patch");
    }

    private String file(String name) {
        return directory.resolve(name).toString();
    }

    private String build(String... more) {
        List<String> all = new ArrayList<>(List.of(
                "build", "process", "--source", file("source"), "--build", BUILD, "--binary", file("running/program")));
        all.addAll(List.of(more));
        return Said.words(all.toArray());
    }

    private void patch(String name, String before, String after) throws Exception {
        Path from = Files.writeString(directory.resolve(name + ".before"), before);
        Path to = Files.writeString(directory.resolve(name + ".after"), after);
        String text = RunningProgram.run(
                List.of("diff", "-u", "--label=a/program.c", "--label=b/program.c", from.toString(), to.toString()),
                directory);
        Files.writeString(directory.resolve(name + ".patch"), text);
    }
}
