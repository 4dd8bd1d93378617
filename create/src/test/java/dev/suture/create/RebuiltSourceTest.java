package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.link.LinkResult;
import dev.suture.payload.Explanation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Patches that change how a program is built, add sources or take some away, or touch what is never compiled. */
class RebuiltSourceTest {
    private static final String MAIN = """
            #include <stdio.h>
            int work(int n);
            int main(void) { for (int i = 0; i < 4; i++) printf("%d\\n", work(i)); return 0; }
            """;
    private static final String WORK = """
            int work(int n) { return n * n % 7 + n + 1; }
            """;
    private static final String MAKEFILE = """
            OBJS = main.o work.o
            CFLAGS = -O2
            program: $(OBJS)
            \tgcc -Wl,--build-id -o $@ $(OBJS)
            %.o: %.c
            \tgcc $(CFLAGS) -c $<
            """;

    @TempDir
    private Path directory;

    private PatchedProgram program() {
        return new PatchedProgram(directory, "make", "program")
                .file("Makefile", MAKEFILE)
                .file("main.c", MAIN)
                .file("work.c", WORK);
    }

    private void onlyPatched(String name, String text) throws IOException {
        Path file = directory.resolve("patched").resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private static List<String> functions(CreateReport report) {
        return report.functions().stream().map(LinkResult.Function::name).toList();
    }

    @Test
    void aNewSourceComesAlongWithTheRuleThatCompilesIt() throws IOException {
        PatchedProgram program = program()
                .file("Makefile", MAKEFILE, "main.o work.o", "main.o work.o more.o")
                .file(
                        "work.c",
                        WORK,
                        "int work(int n) { return n * n % 7 + n + 1; }",
                        "int more(int);\nint work(int n) { return more(n); }");
        onlyPatched("more.c", "static int calls;\nint more(int n) { return 100 * n + calls++; }\n");

        CreateReport report = program.assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
        assertThat(report.added()).extracting(Explanation.Added::name).contains("more", "calls");
        assertThat(report.warnings()).isEmpty();
        assertThat(directory.resolve("source")).isDirectoryNotContaining("glob:**more.c");
    }

    @Test
    void aNewSourceThatARuleFindsByItselfComesAlong() throws IOException {
        String wildcard = MAKEFILE.replace("main.o work.o", "$(patsubst %.c,%.o,$(sort $(wildcard *.c)))");
        PatchedProgram program = program()
                .file("Makefile", wildcard)
                .file(
                        "work.c",
                        WORK,
                        "int work(int n) { return n * n % 7 + n + 1; }",
                        "int more(int);\nint work(int n) { return more(n); }");
        onlyPatched("more.c", "int more(int n) { return 100 * n; }\n");

        assertThat(functions(program.assertTakesEffect("program"))).containsExactly("work");
    }

    @Test
    void aNewSourceThatNothingCompilesIsSaidToBeLeftOut() throws IOException {
        PatchedProgram program = program().file("work.c", WORK, "n + 1", "n + 2");
        onlyPatched("more.c", "int more(int n) { return 100 * n; }\n");

        assertThat(program.assertTakesEffect("program").warnings()).containsExactly("more.c: it is not compiled");
    }

    @Test
    void aFunctionThatMovesToAnotherSourceStaysReachable() throws IOException {
        PatchedProgram program = new PatchedProgram(directory, "make", "program")
                .file("Makefile", MAKEFILE.replace("work.o", "work.o more.o"), "work.o more.o", "work.o")
                .file("main.c", MAIN)
                .file(
                        "work.c",
                        "int more(int n);\nint work(int n) { return more(n) + 1; }\n",
                        "int more(int n);\nint work(int n) { return more(n) + 1; }",
                        "static int more(int n) { return n * 7; }\nint work(int n) { return more(n) + 1; }")
                .file("more.c", "int more(int n) { return n * 3; }\n");
        Files.delete(directory.resolve("patched/more.c"));

        assertThat(functions(program.assertTakesEffect("program"))).contains("work");
    }

    @Test
    void otherFlagsReachWhatTheyChange() {
        CreateReport report = program()
                .file(
                        "work.c",
                        "#ifndef STEP\n#define STEP 1\n#endif\nint work(int n) { return n * n % 7 + n + STEP; }\n")
                .file("Makefile", MAKEFILE, "CFLAGS = -O2", "CFLAGS = -O2 -DSTEP=5")
                .assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
    }

    @Test
    void aGeneratedHeaderReachesWhatIncludesIt() {
        String rules = MAKEFILE + "work.o: step.h\nstep.h: step.in\n\techo \"#define STEP $$(cat step.in)\" >$@\n";
        CreateReport report = program()
                .file("Makefile", rules)
                .file("work.c", "#include \"step.h\"\nint work(int n) { return n * n % 7 + n + STEP; }\n")
                .file("step.in", "3\n", "3", "4")
                .assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
        assertThat(report.objectsBuilt()).isEqualTo(1);
    }

    /** The name of the script says nothing; a list of modules that a configure script reads is such a file. */
    @Test
    void aSourceThatAnyScriptGeneratesIsMadeAnew() {
        CreateReport report = new PatchedProgram(directory, "make", "program")
                .file("Makefile", MAKEFILE + "work.c: auto/steps\n\tsh auto/steps >$@\n")
                .file("main.c", MAIN)
                .file(
                        "auto/steps",
                        "echo 'int work(int n) { return n * n % 7 + n + 1; }'\n",
                        "return n * n % 7 + n + 1",
                        "return n * n % 7 + n + 6")
                .assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
        assertThat(report.warnings()).isEmpty();
    }

    @Test
    void aTableThatSourcesAreGeneratedFromIsNoDocument() {
        CreateReport report = new PatchedProgram(directory, "make", "program")
                .file(
                        "Makefile",
                        MAKEFILE
                                + "work.c: codes.txt\n\techo \"int work(int n) { return n * n % 7 + n + $$(cat codes.txt); }\" >$@\n")
                .file("main.c", MAIN)
                .file("codes.txt", "1\n", "1", "6")
                .assertTakesEffect("program");

        assertThat(functions(report)).containsExactly("work");
    }

    @Test
    void documentsAndTestsAreNoReasonToBuildAgain() throws IOException {
        PatchedProgram program = program()
                .file("work.c", WORK, "n + 1", "n + 2")
                .file("CHANGES", "1.0\n", "1.0", "1.1")
                .file("tests/unit/work.tcl", "expect 1\n", "1", "2");

        CreateReport report = program.assertTakesEffect("program");

        assertThat(report.stages()).extracting(CreateReport.StageTime::name).doesNotContain("find the patched objects");
        assertThat(report.warnings())
                .containsExactly("CHANGES: it is not compiled", "tests/unit/work.tcl: it is not compiled");
    }

    @Test
    void aNewHeaderThatIsIncludedIsNotSaidToBeLeftOut() throws IOException {
        PatchedProgram program = program()
                .file(
                        "work.c",
                        WORK,
                        "int work(int n) { return n",
                        "#include \"more.hh\"\nint work(int n) { return MORE + n");
        onlyPatched("more.hh", "#define MORE 40\n");

        assertThat(program.assertTakesEffect("program").warnings()).isEmpty();
    }

    @Test
    void aPatchThatOnlyBuildsOtherwiseButTheSameIsRefused() {
        CreateReport report = program()
                .file("Makefile", MAKEFILE, "CFLAGS = -O2", "CFLAGS = -O2  # fast")
                .create();

        assertThat(report.refusals())
                .singleElement()
                .extracting(Refusal::text)
                .asString()
                .contains("nothing that the patch changes is compiled into this program");
    }

    @Test
    void aPatchAfterWhichTheBuildFailsSaysSo() {
        PatchedProgram program = program().file("Makefile", MAKEFILE, "main.o work.o", "main.o work.o more.o");

        assertThatThrownBy(program::create)
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("with the patch applied")
                .hasMessageContaining("more.o");
    }

    private PatchedProgram withOtherText(String name) throws IOException {
        PatchedProgram program = program()
                .file("work.c", WORK, "n + 1", "n + 2")
                .file(name, "the first\nthe second\n", "second", "third");
        program.create();
        Files.writeString(directory.resolve("source").resolve(name), "something else\nhere\n");
        return program;
    }

    @Test
    void whatIsNotCompiledNeedNotFit() throws IOException {
        for (String name : List.of("ChangeLog", "tests/check.c")) {
            CreateReport report = withOtherText(name).create();

            assertThat(report.refusals()).isEmpty();
            assertThat(functions(report)).containsExactly("work");
            assertThat(report.warnings())
                    .containsExactly(name
                            + ": the patch does not apply to it, which does not matter here as it is not compiled");
            PatchedProgram.run(
                    List.of("sh", "-c", "rm -rf source running patched change.patch"), directory, Map.of(), 0);
        }
    }

    @Test
    void whatIsCompiledHasToFit() throws IOException {
        PatchedProgram program =
                program().file("work.c", WORK, "n + 1", "n + 2").file("main.c", MAIN, "i < 4", "i < 5");
        program.create();
        Files.writeString(directory.resolve("source/main.c"), MAIN.replace("i < 4", "i < 9"));

        assertThatThrownBy(program::create)
                .hasMessageContaining("does not apply")
                .hasMessageContaining("hunk #1 of main.c");
    }

    @Test
    void theRulesOfTheBuildHaveToFit() throws IOException {
        PatchedProgram program = program()
                .file("work.c", WORK, "n + 1", "n + 2")
                .file("Makefile", MAKEFILE, "CFLAGS = -O2", "CFLAGS = -O3");
        program.create();
        Files.writeString(directory.resolve("source/Makefile"), MAKEFILE.replace("CFLAGS = -O2", "CFLAGS = -O1"));

        assertThatThrownBy(program::create)
                .hasMessageContaining("does not apply")
                .hasMessageContaining("hunk #1 of Makefile");
    }
}
