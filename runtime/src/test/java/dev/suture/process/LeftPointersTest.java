package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a payload left behind in the program that leads into its memory: that memory stays then, and this is said. */
class LeftPointersTest {
    @TempDir
    private static Path folder;

    private static Path calls;

    @BeforeAll
    static void compile() {
        calls = Program.compile(folder, "calls.c", "left", "-ldl", "-DCOROUTINES");
    }

    private static String unloaded(ProcessTarget target, String name) {
        ProcessTargetTest.done(target.revert(name, ApplyOptions.DEFAULT));
        Outcome outcome = target.unload(name, ApplyOptions.DEFAULT);
        assertThat(outcome).isInstanceOf(Outcome.Done.class);
        assertThat(target.payloads()).isEmpty();
        return ((Outcome.Done) outcome).notes().toString();
    }

    @Test
    void aStringThatAVariablePointsToStaysThere() {
        Payload payload = Program.payloadOf(folder, "string.c", """
                extern const char *said;
                int new_says(int x) { said = "of the payload"; return x; }
                REPLACES(new_says, "says");
                """, calls, "");
        try (Program program = Program.start(calls)) {
            ScenariosTest.load(program.target(), "string", payload);
            assertThat(program.ask("call says 0")).isEqualTo("0");
            assertThat(unloaded(program.target(), "string")).contains("bytes of memory stay, as something leads there");
            assertThat(program.ask("call says 0")).isEqualTo("14");
        }
    }

    @Test
    void aHandlerThatTheKernelKnowsStaysThere() {
        Payload payload = Program.payloadOf(folder, "handler.c", """
                #include <signal.h>
                extern int counter;
                static void on_signal(int number) { counter += 5; }
                int new_handles(int x) { signal(SIGUSR1, on_signal); return x; }
                REPLACES(new_handles, "handles_with");
                """, calls, "");
        try (Program program = Program.start(calls)) {
            ScenariosTest.load(program.target(), "handler", payload);
            assertThat(program.ask("call handles_with 1")).isEqualTo("1");
            assertThat(unloaded(program.target(), "handler")).contains("memory stay");
            assertThat(program.ask("call raises 0")).isEqualTo("5");
        }
    }

    @Test
    void withoutAnythingLeftTheMemoryIsGivenBack() {
        Payload payload = Program.payloadOf(
                folder, "nothing.c", "int new_says(int x) { return x + 7; } REPLACES(new_says, \"says\");", calls, "");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ScenariosTest.load(target, "first", payload);
            unloaded(target, "first");
            int before = Mappings.read(program.pid()).all().size();
            for (int i = 0; i < 5; i++) {
                ScenariosTest.load(target, "again", payload);
                assertThat(program.ask("call says 0")).isEqualTo("7");
                assertThat(unloaded(target, "again")).isEqualTo("[]");
            }
            assertThat(Mappings.read(program.pid()).all()).hasSize(before);
        }
    }

    @Test
    void aCoroutineThatWaitsRightBelowTheStackOfAThreadCountsAsWell() throws Exception {
        Payload payload = Program.payloadOf(folder, "pooled.c", """
                extern int yields(int);
                int new_works(int x) { int y = yields(x); __asm__ volatile(""); return y + 1001; }
                REPLACES(new_works, "works");
                """, calls, "");
        try (Program program = Program.start(calls)) {
            ScenariosTest.load(program.target(), "pooled", payload);
            assertThat(program.ask("call pools 1")).isEqualTo("1");
            assertThat(unloaded(program.target(), "pooled")).contains("memory stay");
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 1002");
        }
    }

    @Test
    void memoryThatCannotBeReadMayHoldSuchAnAddress() {
        Payload payload = Program.payloadOf(
                folder, "unread.c", "int new_says(int x) { return x + 7; } REPLACES(new_says, \"says\");", calls, "");
        try (Program program = Program.start(calls)) {
            ScenariosTest.load(program.target(), "unread", payload);
            assertThat(program.ask("call shrinks 0")).isEqualTo("0");
            assertThat(unloaded(program.target(), "unread"))
                    .contains("cannot be read")
                    .contains("memory stay");
        }
    }

    @Test
    void memoryThatOthersFillWhenItIsTouchedMayHoldSuchAnAddress() {
        Payload payload = Program.payloadOf(
                folder, "late.c", "int new_says(int x) { return x + 7; } REPLACES(new_says, \"says\");", calls, "");
        try (Program program = Program.start(calls)) {
            ScenariosTest.load(program.target(), "late", payload);
            assumeTrue(program.ask("call fills_late 0").equals("0"), "needs the right to use userfaultfd");
            assertThat(unloaded(program.target(), "late"))
                    .contains("userfaultfd")
                    .contains("memory stay");
        }
    }

    @Test
    void whatHooksLeaveOnTheStackThatTheyHadFromUsDoesNotCount() {
        Payload payload = Program.payloadOf(folder, "hooks.c", """
                __attribute__((noipa)) static int deep(int n)
                {
                    int below = n <= 0 ? 0 : deep(n - 1);
                    __asm__ volatile("" : "+r"(below));
                    return below + 1;
                }
                void on_load(void) { deep(20); }
                int new_says(int x) { return x + 7; }
                REPLACES(new_says, "says");
                HOOK(load, on_load);
                """, calls, "");
        try (Program program = Program.start(calls, "sh", "-c", "ulimit -f 100; exec \"$@\"", "sh")) {
            ScenariosTest.load(program.target(), "hooks", payload);
            assertThat(program.ask("call says 0")).isEqualTo("7");
            assertThat(unloaded(program.target(), "hooks")).isEqualTo("[]");
        }
    }

    @Test
    void vastStacksOfWhichMostWasNeverTouchedAreNoReasonToKeepIt() {
        Payload payload = Program.payloadOf(
                folder, "vast.c", "int new_says(int x) { return x + 7; } REPLACES(new_says, \"says\");", calls, "");
        try (Program program = Program.start(calls, "sh", "-c", "ulimit -s 2097152; exec \"$@\"", "sh")) {
            program.ask("start holds 1");
            program.ask("start holds 1");
            ScenariosTest.load(program.target(), "vast", payload);
            assertThat(program.ask("call says 0")).isEqualTo("7");
            assertThat(unloaded(program.target(), "vast")).isEqualTo("[]");
        }
    }
}
