package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.build.ScratchTree;
import dev.suture.link.LinkResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A build makes more than the file at hand, or makes it of something else than the copy. */
class OtherOutputsTest {
    private static final String MAIN = """
            #include <stdio.h>
            int tick(int n);
            int main(void) { for (int i = 0; i < 4; i++) printf("%d\\n", tick(i)); return 0; }
            """;
    private static final String CALLER = "#include \"work.h\"\nint tick(int n) { return work(n + 3); }\n";
    private static final String HEADER = "int work(int);\n";
    private static final String LIBRARY = "#include \"work.h\"\nint work(int x) { return x * 7 % 5 + 1; }\n";
    private static final String MAKEFILE = """
            all: prog libx.so
            libx.so: x.o
            \tgcc -shared -o $@ x.o -Wl,--build-id
            x.o: x.c work.h
            \tgcc -O2 -g -fPIC -c -o $@ $<
            prog: main.o p.o libx.so
            \tgcc -o $@ main.o p.o -L. -lx -Wl,-rpath,'$$ORIGIN' -Wl,--build-id
            %.o: %.c
            \tgcc -O2 -g -c -o $@ $<
            """;
    private static final String TWO_PROGRAMS = """
            all: prog other
            libs.a: x.o p.o
            \tar rc $@ x.o p.o
            \tranlib $@
            prog: main.o libs.a
            \tgcc -o $@ main.o libs.a -Wl,--build-id
            other: more.o libs.a
            \tgcc -o $@ more.o libs.a -Wl,--build-id
            \tcp other copied
            %.o: %.c
            \tgcc -O2 -g -c -o $@ $<
            """;

    @TempDir
    private Path directory;

    private PatchedProgram library(String binary) {
        return new PatchedProgram(directory, "make", binary)
                .file("Makefile", MAKEFILE)
                .file("main.c", MAIN)
                .file("work.h", HEADER)
                .file("p.c", CALLER)
                .file("x.c", LIBRARY);
    }

    private static String refusals(CreateReport report) {
        return report.refusals().stream().map(Refusal::text).collect(Collectors.joining("\n"));
    }

    private PatchedProgram withOtherSignature(String binary) {
        return library(binary)
                .file("work.h", HEADER, "work(int)", "work(int, int *)")
                .file("p.c", CALLER, "{ return work(n + 3); }", "{ int y = 7; return work(n + 3, &y); }")
                .file("x.c", LIBRARY, "work(int x) { return x", "work(int x, int *y) { return *y + x");
    }

    @Test
    void aLibraryAndItsCallerAreNotPatchedByHalves() {
        assertThat(refusals(withOtherSignature("libx.so").create()))
                .contains("the patch changes prog as well (p.o), which may run in one process with libx.so");
    }

    @Test
    void norAreACallerAndItsLibrary() {
        assertThat(refusals(withOtherSignature("prog").create()))
                .contains("the patch changes libx.so as well (x.o), which may run in one process with prog");
    }

    @Test
    void aLibraryThatIsOnlyCompiledAgainIsNoReason() {
        CreateReport report = library("prog")
                .file("work.h", HEADER, "int work(int);", "int work(int); /* never negative */\n#define MORE 4")
                .file("p.c", CALLER, "n + 3", "n + MORE")
                .assertTakesEffect("prog");

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("tick");
        assertThat(report.warnings()).isEmpty();
    }

    @Test
    void anotherProgramNeedsItsOwnPayload() {
        CreateReport report = new PatchedProgram(directory, "make", "prog")
                .file("Makefile", TWO_PROGRAMS)
                .file("main.c", MAIN)
                .file("more.c", "#include \"work.h\"\nint main(void) { return work(2) == 0; }\n")
                .file("work.h", HEADER)
                .file("p.c", CALLER)
                .file("x.c", LIBRARY, "% 5 + 1", "% 5 + 2")
                .assertTakesEffect("prog");

        assertThat(report.warnings())
                .containsExactly(
                        "other is changed by the patch, too (x.o): what runs of it needs a payload of its own");
        assertThat(report.stages()).extracting(CreateReport.StageTime::name).doesNotContain("find the patched objects");
    }

    @Test
    void whatIsOnlyLinkedOtherwiseIsNotSaidToBeTheSame() {
        CreateReport report = new PatchedProgram(directory, "make", "prog")
                .file(
                        "Makefile",
                        "prog: main.o\n\tgcc -no-pie -o $@ main.o -Wl,--build-id -Wl,--defsym=LIMIT=5\n",
                        "LIMIT=5",
                        "LIMIT=9")
                .file("main.c", """
                        #include <stdio.h>
                        extern char LIMIT[];
                        __attribute__((noinline)) int tick(int n) { return n + (int) (long) LIMIT; }
                        int main(void) { printf("%d\\n", tick(1)); return 0; }
                        """)
                .create();

        assertThat(refusals(report)).contains("the build makes the program otherwise with the patch (.text)");
    }

    @Test
    void aBuildOfTheUsersOwnDirectoryIsToldFromOneOfTheCopy() throws IOException {
        String source = directory.resolve("source").toAbsolutePath().toString();
        PatchedProgram program = new PatchedProgram(directory, "make", "prog")
                .file("Makefile", "SRC = .\nprog:\n\tgcc -O2 -o $@ $(SRC)/main.c $(SRC)/p.c -Wl,--build-id\n")
                .file("main.c", MAIN)
                .file("p.c", "int tick(int n) { return n + 1; }\n", "n + 1", "n + 2");
        program.create();

        // Where the cache is in the source, the copy cannot be mounted over that.
        Path inside = directory.resolve("source/cache");
        Files.createDirectories(inside);
        ScratchTree.deleteDirectory(directory.resolve("cache"));
        Files.createSymbolicLink(directory.resolve("cache"), inside);

        assertThatThrownBy(() -> program.create(
                        "make SRC=" + source, directory.resolve("running/prog"), java.util.Optional.empty()))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("but compiles files of that directory itself (main.c and 1 more)")
                .hasMessageContaining("a patch would have no effect");
        assertThat(List.of(directory.resolve("source").toFile().list())).doesNotContain("prog");
    }

    @Test
    void whatTheCompilerGetsFromTheEnvironmentIsNotGuessed() {
        CreateReport report = new PatchedProgram(directory, "make", "prog")
                .file(
                        "Makefile",
                        "export CPATH = first\nprog: main.o p.o\n\tgcc -o $@ main.o p.o -Wl,--build-id\n"
                                + "%.o: %.c\n\tgcc -O2 -Isecond -c -o $@ $<\n")
                .file("main.c", MAIN)
                .file("first/only.h", "#define ONLY 5\n")
                .file("p.c", """
                        #if __has_include("only.h")
                        #include "only.h"
                        #else
                        #define ONLY 7
                        #endif
                        int tick(int n) { return n * ONLY + 1; }
                        """, "+ 1", "+ 2")
                .create();

        assertThat(refusals(report)).contains("p.o is not what its recorded command compiles");
    }

    @Test
    void aHeaderThatIsWrittenForEachObjectIsNotTakenForTheLastOne() {
        CreateReport report = new PatchedProgram(directory, "make -j1", "prog")
                .file("Makefile", """
                        prog: p.o main.o
                        \tgcc -o $@ main.o p.o -Wl,--build-id
                        %.o: %.c
                        \techo '#define ONLY "'$@'"' >only.h
                        \tgcc -O2 -c -o $@ $<
                        """)
                .file("main.c", MAIN)
                .file(
                        "p.c",
                        "#include \"only.h\"\nint tick(int n) { return n + (int) sizeof ONLY + 1; }\n",
                        "+ 1",
                        "+ 2")
                .create();

        assertThat(refusals(report)).contains("p.o is not what its recorded command compiles");
    }
}
