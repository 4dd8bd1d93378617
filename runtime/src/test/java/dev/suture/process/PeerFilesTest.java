package dev.suture.process;

import static dev.suture.process.PeerScenariosTest.refusal;
import static dev.suture.process.PeerScenariosTest.revert;
import static dev.suture.process.PeerScenariosTest.unload;
import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.LoadedPayload;
import dev.suture.target.State;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Of the peers' scenarios (docs/scenarios.md) those about libraries, the contents of payloads, and stacks of them. */
@Tag("harm")
class PeerFilesTest {
    @TempDir
    private static Path folder;

    private static Path calls;

    @BeforeAll
    static void compile() {
        calls = Program.compile(folder, "calls.c", "calls", "-ldl");
    }

    private static Payload of(String name, String text, String depends) {
        return Program.payloadOf(folder, name + ".c", text, calls, depends);
    }

    private static Payload of(String name, String text) {
        return of(name, text, "");
    }

    @Test
    void threadLocalVariablesAreReachedThroughDescriptorsToo() {
        Path server = Program.compile(folder, "server.c", "described");
        Payload payload = Program.payloadOf(
                folder,
                "described.c",
                "extern __thread int of_thread; int new_tail(int x) { return x + of_thread++; }"
                        + " REPLACES(new_tail, \"tail\");",
                server,
                "",
                "-mtls-dialect=gnu2");
        assertThat(payload.relocationCounts()).as("R_X86_64_GOTPC32_TLSDESC").containsKey(34);
        try (Program program = Program.start(server)) {
            ScenariosTest.load(program.target(), "described", payload);
            assertThat(program.ask("tail")).isEqualTo("12");
            assertThat(program.ask("thread")).isEqualTo("8");
        }
    }

    @Test
    void notesAndCommentsOfThePayloadDoNotMatterAndConstructorsAreRefused() {
        Payload notes = of("notes", """
                __asm__(".section .note.mine, \\"a\\", @note; .long 5, 4, 77; .asciz \\"mine\\"; .balign 4; .long 1\\n"
                        ".section .comment.mine; .asciz \\"a comment\\"; .text");
                int new_add(int x) { return x + 10; } REPLACES(new_add, "add");
                """);
        Payload builds = of("builds", """
                extern int counter;
                __attribute__((constructor)) void builds(void) { counter = 5; }
                int new_add(int x) { return x + 10; } REPLACES(new_add, "add");
                """);
        try (Program program = Program.start(calls)) {
            ScenariosTest.load(program.target(), "notes", notes);
            assertThat(program.ask("call add 1")).isEqualTo("11");
            assertThat(refusal(program.target().upload("builds", builds)))
                    .contains("functions that run when a program starts")
                    .contains("load hook");
        }
    }

    @Test
    void privateSymbolsOfTheCLibraryAndOfTheDynamicLinkerAreFound() {
        Payload payload = of("private", """
                extern char _rtld_global[]; extern void *__libc_stack_end; extern char **environ;
                int new_add(int x) { return x + (_rtld_global != 0) + (__libc_stack_end != 0) + (environ[0] != 0); }
                REPLACES(new_add, "add");
                """);
        try (Program program = Program.start(calls)) {
            ScenariosTest.load(program.target(), "private", payload);
            assertThat(program.ask("call add 1")).isEqualTo("4");
        }
    }

    @Test
    void aLibraryThatIsLoadedLateIsPatchedAndAfterItIsClosedThePayloadCanStillBeTakenAway() {
        Path library = Program.compile(folder, "plugin.c", "plugin.so", "-shared", "-fPIC");
        Payload payload = Program.payloadOf(folder, "part.c", """
                #include <stdio.h>
                extern int inner_part(int);
                extern int built__of__plugin;
                int new_outer_part(int x) { return inner_part(x) + built__of__plugin + (stderr != 0) * 1000; }
                REPLACES(new_outer_part, "outer_part");
                """, library, "");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            assertThat(refusal(target.upload("part", payload)))
                    .contains("it is for a program or library with build id");
            assertThat(program.ask("open " + library)).isEqualTo("opened");
            assertThat(program.ask("call outer_part 1")).isEqualTo("108");
            ScenariosTest.load(target, "part", payload);
            assertThat(program.ask("call outer_part 1")).isEqualTo("1108");

            assertThat(program.ask("close")).isEqualTo("closed");
            assertThat(target.payloads()).extracting(LoadedPayload::state).containsExactly(State.CHECKED);
            assertThat(refusal(target.revert("part", ApplyOptions.DEFAULT))).contains("it is not applied");
            assertThat(refusal(target.apply("part", ApplyOptions.DEFAULT))).contains("it is no longer where it was");
            assertThat(program.ask("open " + library)).isEqualTo("opened");
            assertThat(program.ask("call outer_part 1")).isEqualTo("108");
            unload(target, "part");
            ScenariosTest.load(target, "part", payload);
            assertThat(program.ask("call outer_part 1")).isEqualTo("1108");
            revert(target, "part");
            assertThat(program.ask("call outer_part 1")).isEqualTo("108");
        }
    }

    @Test
    void codeThatTheDynamicLinkerChangedIsNotTakenForCodeThatSomebodyChanged() {
        Path library = Program.compile(
                folder, "plugin.c", "textrel.so", "-shared", "-fPIC", "-DTEXT_RELOCATIONS", "-Wl,-z,notext", "-w");
        Payload payload = Program.payloadOf(
                folder,
                "moved.c",
                "int new_moved(int x) { return x + 10; } REPLACES(new_moved, \"moved\");",
                library,
                "");
        try (Program program = Program.start(calls)) {
            assertThat(program.ask("open " + library)).isEqualTo("opened");
            assertThat(program.ask("call moved 1")).isEqualTo("31");
            ScenariosTest.load(program.target(), "moved", payload);
            assertThat(program.ask("call moved 1")).isEqualTo("11");
            revert(program.target(), "moved");
            assertThat(program.ask("call moved 1")).isEqualTo("31");
        }
    }

    @Test
    void programAndLibraryArePatchedInOneGoEachWithAStackOfItsOwn() {
        Path library = Program.compile(folder, "library.c", "libtried.so", "-shared", "-fPIC");
        Path uses = Program.compile(folder, "uses.c", "uses", "-L.", "-ltried");
        Payload inLibrary = Program.payloadOf(
                folder,
                "bothlib.c",
                "extern int shared; int new_outer(int x) { return x + 70 + shared; } REPLACES(new_outer, \"outer\");",
                library,
                "");
        Payload inProgram = Program.payloadOf(
                folder,
                "bothexe.c",
                "#include <stdio.h>\nextern int shared; void loaded(void) { shared = 30; } HOOK(load, loaded);",
                uses,
                "");
        try (Program program = Program.start(uses)) {
            ProcessTarget target = program.target();
            ScenariosTest.load(target, "library", inLibrary);
            assertThat(program.ask("outer")).isEqualTo("83");
            ScenariosTest.load(target, "program", inProgram);
            assertThat(program.ask("outer")).isEqualTo("102");
            // The one in the library was applied first, and yet nothing is on top of it.
            revert(target, "library");
            assertThat(program.ask("outer")).isEqualTo("7");
            revert(target, "program");
        }
    }

    @Test
    void manyPayloadsAreStackedAndTakenOffAgain() {
        many(12);
    }

    @Test
    @Tag("long")
    void aHundredPayloadsAreStackedAndTakenOffAgain() {
        many(100);
    }

    private static void many(int count) {
        List<Payload> payloads = new ArrayList<>();
        String below = "";
        for (int i = 1; i <= count; i++) {
            Payload payload = of(
                    "stack" + i,
                    "int new_add(int x) { return x + %d; } REPLACES(new_add, \"add\");".formatted(i * 10),
                    below);
            payloads.add(payload);
            below = payload.buildId().orElseThrow();
        }
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            for (int i = 1; i <= count; i++) {
                ScenariosTest.load(target, "stack" + i, payloads.get(i - 1));
                assertThat(program.ask("call add 1")).isEqualTo(String.valueOf(i * 10 + 1));
            }
            for (int i = count; i >= 1; i--) {
                revert(target, "stack" + i);
                assertThat(program.ask("call add 1")).isEqualTo(i == 1 ? "2" : String.valueOf((i - 1) * 10 + 1));
            }
            for (int i = 1; i <= count; i++) {
                unload(target, "stack" + i);
            }
            assertThat(target.payloads()).isEmpty();
        }
    }
}
