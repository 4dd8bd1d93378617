package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Refusal;
import dev.suture.link.LinkResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What takes part in a build is what its programs read, whatever it is called. */
class ObservedBuildTest {
    private static final String MAIN = """
            #include <stdio.h>
            int work(int n);
            int main(void) { for (int i = 0; i < 4; i++) printf("%d\\n", work(i)); return 0; }
            """;
    private static final String WORK = "int work(int n) { return n * n % 7 + n + 1; }\n";
    private static final String LIMITED =
            "#include \"gen.h\"\nint work(int n) { return (n * n % 7 > LIMIT ? 100 : 200) + n; }\n";
    private static final String MAKEFILE = """
            OBJS = main.o work.o
            program: $(OBJS)
            \tgcc -Wl,--build-id -o $@ $(OBJS)
            %.o: %.c
            \tgcc -O2 -c $<
            """;

    @TempDir
    private Path directory;

    private PatchedProgram program(String command) {
        return new PatchedProgram(directory, command, "program")
                .file("Makefile", MAKEFILE)
                .file("main.c", MAIN)
                .file("work.c", WORK);
    }

    private static List<String> functions(CreateReport report) {
        return report.functions().stream().map(LinkResult.Function::name).toList();
    }

    private static void buildsAgain(CreateReport report, boolean again) {
        assertThat(report.stages().stream().anyMatch(stage -> stage.name().equals("find the patched objects")))
                .isEqualTo(again);
    }

    private void generatedFrom(String name, String rule) {
        CreateReport report = program("make")
                .file("Makefile", MAKEFILE + "work.o: gen.h\ngen.h: " + name + "\n\t" + rule + "\n")
                .file("work.c", LIMITED)
                .file(name, "limit 3\n", "3", "1")
                .assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
        buildsAgain(report, true);
    }

    @Test
    void aHeaderIsGeneratedFromADocument() {
        generatedFrom("doc/limits.txt", "sed -n 's/limit/#define LIMIT/p' $< >$@");
    }

    @Test
    void aHeaderIsGeneratedFromATest() {
        generatedFrom("tests/limits.tab", "sed -n 's/limit/#define LIMIT/p' $< >$@");
    }

    @Test
    void aScriptReadsAHeaderThatCompilersReadAsWell() {
        CreateReport report = program("make")
                .file("Makefile", MAKEFILE + "work.o: gen.h\ngen.h: limits.h\n\tsed 's/LIMITS/LIMIT/' $< >$@\n")
                .file("work.c", LIMITED)
                .file("limits.h", "#define LIMITS 3\n", "3", "1")
                .assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
    }

    @Test
    void aProgramThatTheBuildRunsIsMadeFromIt() {
        CreateReport report = program("make")
                .file("Makefile", MAKEFILE + "work.o: gen.h\ngen.h: gen\n\t./gen >$@\ngen: gen.c\n\tgcc -o $@ $<\n")
                .file("work.c", LIMITED)
                .file(
                        "gen.c",
                        "#include <stdio.h>\nint main(void) { puts(\"#define LIMIT 3\"); return 0; }\n",
                        "LIMIT 3",
                        "LIMIT 1")
                .assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
        buildsAgain(report, true);
    }

    @Test
    void aSourceMayHaveAnyName() {
        CreateReport report = program("make")
                .file("Makefile", MAKEFILE + "work.o: work.inc\n\tgcc -O2 -x c -c -o $@ work.inc\n")
                .file("work.c", "")
                .file("work.inc", WORK, "n + 1", "n + 5")
                .assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
        buildsAgain(report, false);
    }

    @Test
    void theAssemblerReadsFilesToo() {
        String incbin = """
                extern const unsigned char table[];
                __asm__(".section .rodata\\ntable: .incbin \\"table.dat\\"\\n.previous");
                int work(int n) { return table[n] + n; }
                """;
        CreateReport report = program("make")
                .file("work.c", incbin)
                .file("table.dat", "abcdef\n", "abc", "xyz")
                .create();

        // The table has no symbol with a size: that it changes is seen, or it is refused.
        assertThat(report.refusals().stream().map(Refusal::text))
                .noneMatch(text -> text.contains("does not have the changed code"));
        assertThat(report.objectsBuilt()).isEqualTo(1);
    }

    @Test
    void whatNobodyReadsCostsNothing() {
        CreateReport report = program("make")
                .file("work.c", WORK, "n + 1", "n + 2")
                .file("PROTOCOL", "1. say hello\n", "hello", "good morning")
                .file("doc/index.html", "<p>one</p>\n", "one", "two")
                .file("test/broker/Makefile", "test:\n\ttrue\n", "true", "./run")
                .file("tools/more.in", "a\n", "a", "b")
                .assertTakesEffect("program");

        buildsAgain(report, false);
        assertThat(report.warnings())
                .containsExactly(
                        "PROTOCOL: it is not compiled",
                        "doc/index.html: it is not compiled",
                        "test/broker/Makefile: it is not compiled",
                        "tools/more.in: it is not compiled");
    }

    @Test
    void whatIsOnlyAskedForMayChange() throws IOException {
        PatchedProgram program = program("[ -r other.c ] && make")
                .file("work.c", WORK, "n + 1", "n + 5")
                .file("other.c", "int other;\n", "int", "long");

        buildsAgain(program.assertTakesEffect("program"), false);
    }

    @Test
    void whatMakeOnlyComparesTheTimeOfMayBeMadeAnew() {
        CreateReport report = program("make")
                .file("Makefile", MAKEFILE + "gen.h: gen.y\n\tcp gen.y gen.h\nwork.o: gen.h\n")
                .file("work.c", LIMITED)
                .file("gen.y", "#define LIMIT 3\n", "3", "1")
                .create();

        buildsAgain(report, true);
    }

    @Test
    void aWrapperIsPartOfTheBuild() throws IOException {
        String wrapper = "exec gcc -O2 -DSTEP=1 \"$@\"\n";
        CreateReport report = program("make")
                .file("Makefile", MAKEFILE.replace("\tgcc -O2 -c", "\tsh ./mycc -c"))
                .file("work.c", "int work(int n) { return n * n % 7 + n + STEP; }\n")
                .file("mycc", wrapper, "STEP=1", "STEP=4")
                .assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
        buildsAgain(report, true);
    }

    @Test
    void aNewHeaderThatIsFoundBeforeTheOldOneCounts() throws IOException {
        PatchedProgram program = program("make")
                .file("Makefile", MAKEFILE.replace("gcc -O2", "gcc -O2 -Ifirst -Isecond"))
                .file("work.c", "#include <gen.h>\nint work(int n) { return (n * n % 7 > LIMIT ? 100 : 200) + n; }\n")
                .file("first/none.h", "\n")
                .file("second/gen.h", "#define LIMIT 3\n");
        Files.writeString(directory.resolve("patched/first/gen.h"), "#define LIMIT 1\n");

        assertThat(functions(program.assertTakesEffect("program"))).containsExactly("work");
    }

    @Test
    void aFileThatIsLookedForCountsOnceItIsThere() throws IOException {
        PatchedProgram program = program("make")
                .file("Makefile", "-include site/local.mk\n" + MAKEFILE + """
                        ifdef STEP
                        work.o: work.c
                        \tgcc -O2 -DSTEP -c $<
                        endif
                        """)
                .file("work.c", """
                        #ifdef STEP
                        int work(int n) { return n * n % 7 + n + 4; }
                        #else
                        int work(int n) { return n * n % 7 + n + 1; }
                        #endif
                        """)
                .file("site/README", "\n");
        Files.writeString(directory.resolve("patched/site/local.mk"), "STEP = 1\n");

        CreateReport report = program.assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
    }

    @Test
    void withoutAnObservationTheBuildRunsAgain() throws IOException {
        PatchedProgram program =
                program("make").file("work.c", WORK, "n + 1", "n + 2").file("README", "one\n", "one", "two");
        buildsAgain(program.create(), false);
        try (Stream<Path> files = Files.walk(directory.resolve("cache"))) {
            for (Path file : files.filter(path -> path.endsWith("observation")).toList()) {
                Files.writeString(file, Files.readString(file).replaceFirst("work.c", "xork.c"));
            }
        }

        CreateReport report = program.assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
        buildsAgain(report, true);
    }

    @Test
    void aSecondPatchBuildsNothing() throws IOException {
        PatchedProgram program = program("make").file("work.c", WORK, "n + 1", "n + 2");
        program.create();
        Files.delete(directory.resolve("change.patch"));
        Files.writeString(directory.resolve("patched/work.c"), WORK.replace("n + 1", "n + 3"));

        assertThat(program.create().stages())
                .extracting(CreateReport.StageTime::name)
                .doesNotContain("build the program", "build the patched program");
    }

    @Test
    void aBuildMayGoOnInAnotherDirectory() {
        CreateReport report = new PatchedProgram(directory, "make -C src -f ../build/rules", "src/program")
                .file("build/rules", MAKEFILE)
                .file("src/main.c", MAIN)
                .file("src/work.c", WORK, "n + 1", "n + 3")
                .assertTakesEffect("src/program");

        assertThat(functions(report)).containsExactly("work");
        buildsAgain(report, false);
    }
}
