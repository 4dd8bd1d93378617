package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What cannot go live, or is not what it is said to be, and the words for it. */
class ProcessPayloadRefusalsTest {
    private static final String PROGRAM = """
            #include <stdio.h>
            struct pair { int a, b; };
            int level = 4;
            static __thread int mine;
            __attribute__((noinline)) int work(struct pair *p) { mine++; return p->a * level + p->b + mine; }
            int main(void) { struct pair p = {1, 2}; printf("%d\\n", work(&p)); return 0; }
            """;
    private static final String BUILD = "gcc -g -O2 -Wl,--build-id program.c -o program";

    @TempDir
    private Path directory;

    private PatchedProgram program(String from, String to) {
        return new PatchedProgram(directory, BUILD, "program").file("program.c", PROGRAM, from, to);
    }

    private static List<String> texts(CreateReport report) {
        return report.refusals().stream().map(Refusal::text).toList();
    }

    @Test
    void otherFlagsThanTheBinaryWasBuiltWithAreRefusedWithTheFirstInstruction() {
        PatchedProgram program = program("+ p->b", "- p->b");
        program.create();

        CreateReport report =
                program.create(BUILD.replace("-O2", "-O0"), program.running().resolve("program"), Optional.empty());

        assertThat(report.output()).isEmpty();
        assertThat(texts(report))
                .singleElement()
                .asString()
                .contains("`work` is not in ", "first difference at +0x", "The flags differ", "-O2", "-O0");
    }

    @Test
    void anotherSourceThanTheBinaryWasBuiltFromIsRefused() {
        PatchedProgram program = program("+ p->b", "- p->b");
        program.create();
        Path other = program.running().resolve("other.c");
        PatchedProgram.run(
                List.of("sh", "-c", "sed 's/p->a [*] level/p->a + level/' program.c > other.c"),
                program.running(),
                Map.of(),
                0);
        PatchedProgram.run(
                List.of("gcc", "-g", "-O2", "-Wl,--build-id", other.toString(), "-o", "other"),
                program.running(),
                Map.of(),
                0);

        CreateReport report = program.create(BUILD, program.running().resolve("other"), Optional.empty());

        assertThat(texts(report)).singleElement().asString().contains("`work` is not in ", "first difference at +0x");
    }

    @Test
    void changedDataIsRefused() {
        assertThat(texts(program("level = 4", "level = 5").create()))
                .singleElement()
                .asString()
                .contains("data `level` changed");
    }

    @Test
    void aChangedTypeIsRefused() {
        assertThat(texts(program("int a, b;", "int a, b, c;").create()))
                .anyMatch(text -> text.contains("the layout of a type changes"));
    }

    @Test
    void aNewThreadLocalVariableIsRefused() {
        assertThat(texts(program("__thread int mine;", "__thread int mine, more;")
                        .file("program.c", PROGRAM, "mine++;", "static __thread int more; mine++; more += p->a;")
                        .create()))
                .singleElement()
                .asString()
                .contains("is new; the threads that run have no room for it", "pthread_getspecific");
    }

    @Test
    void aPatchOfCommentsIsRefused() {
        assertThat(texts(program("int level = 4;", "int level = 4; /* the level */")
                        .create()))
                .singleElement()
                .asString()
                .contains("the compiled code is the same with and without the patch");
    }

    @Test
    void aPatchOfMainAloneIsRefused() {
        assertThat(texts(program("{1, 2}", "{3, 2}").create()))
                .singleElement()
                .asString()
                .contains("`main` changed (", "the program is inside of it from its start to its end");
    }

    @Test
    void aFileOfNoObjectIsRefused() {
        assertThat(texts(new PatchedProgram(directory, BUILD, "program")
                        .file("program.c", PROGRAM)
                        .file("test.c", "int x = 1;\n", "1", "2")
                        .create()))
                .singleElement()
                .asString()
                .contains("nothing that the patch changes is compiled into this program", "it is not compiled");
    }

    @Test
    void aProgramOptimizedWhenLinkedIsRefused() {
        PatchedProgram program = new PatchedProgram(directory, BUILD.replace("-O2", "-O2 -flto"), "program")
                .file("program.c", PROGRAM, "+ p->b", "- p->b");

        assertThat(texts(program.create())).anyMatch(text -> text.contains("link-time optimization"));
    }

    @Test
    void aStrippedBinaryIsTurnedDownSayingWhereItsSymbolsWereLookedFor() {
        PatchedProgram program = program("+ p->b", "- p->b");
        program.create();
        PatchedProgram.run(List.of("strip", "-o", "bare", "program"), program.running(), Map.of(), 0);

        assertThatThrownBy(() -> program.create(BUILD, program.running().resolve("bare"), Optional.empty()))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("it is stripped")
                .hasMessageContaining("/usr/lib/debug/.build-id/");
    }

    @Test
    void aStrippedBinaryWithADebugFileBesideItWillDo() {
        PatchedProgram program = program("+ p->b", "- p->b");
        program.create();
        PatchedProgram.run(
                List.of(
                        "sh",
                        "-c",
                        "objcopy --only-keep-debug program bare.debug && strip -o bare program && objcopy --add-gnu-debuglink=bare.debug bare"),
                program.running(),
                Map.of(),
                0);

        CreateReport report = program.create(BUILD, program.running().resolve("bare"), Optional.empty());

        assertThat(texts(report)).isEmpty();
    }

    @Test
    void aBinaryWithoutBuildIdIsTurnedDown() {
        PatchedProgram program = program("+ p->b", "- p->b");
        program.create();
        PatchedProgram.run(
                List.of("gcc", "-O2", "-Wl,--build-id=none", "program.c", "-o", "bare"),
                program.running(),
                Map.of(),
                0);

        assertThatThrownBy(() -> program.create(BUILD, program.running().resolve("bare"), Optional.empty()))
                .hasMessageContaining("it has no build id");
    }

    @Test
    void aProgramThatTheCommandDoesNotBuildIsTurnedDown() {
        PatchedProgram program = program("+ p->b", "- p->b");
        program.create();

        assertThatThrownBy(() -> program.create(BUILD, Path.of("/bin/sh").toAbsolutePath(), Optional.empty()))
                .isInstanceOf(LivePatchException.class);
    }

    @Test
    void aCommandThatFailsIsShownWithItsOutput() {
        PatchedProgram program = program("+ p->b", "- p->b");
        program.create();

        assertThatThrownBy(() -> program.create(
                        "echo no such luck; exit 3", program.running().resolve("program"), Optional.empty()))
                .hasMessageContaining("exit status 3")
                .hasMessageContaining("no such luck");
    }
}
