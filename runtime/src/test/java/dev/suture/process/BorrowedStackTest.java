package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a thread that works for us leaves of the program: everything. */
@Tag("threads")
class BorrowedStackTest {
    private static final String WITH_HOOKS = """
            #include <string.h>
            extern int counter;
            static int sum(int n) { volatile char room[20000]; memset((char *)room, n, sizeof room); return room[n]; }
            int before(void *unused) { counter += sum(1); return 0; }
            void on_load(void) { counter += sum(10); }
            void after(void *unused) { counter += sum(100); }
            int new_plain(int x) { return (int)strlen("four") + x; }
            int new_crossing(int x) { return x + 5; }
            REPLACES(new_plain, "plain");
            REPLACES(new_crossing, "crossing");
            HOOK(preapply, before);
            HOOK(load, on_load);
            HOOK(postapply, after);
            """;

    @TempDir
    private static Path folder;

    static void awaitRead(int pid) throws Exception {
        while (!Files.readString(Path.of("/proc/" + pid + "/syscall")).startsWith("0 ")) {
            Thread.onSpinWait();
        }
    }

    @Test
    void nothingIsWrittenBesideTheStackOfAThreadWhereverThatEnds() throws Exception {
        Path binary = Program.compile(folder, "calls.c", "small", "-ldl");
        Payload payload = Program.payloadOf(folder, "hooked.c", WITH_HOOKS, binary, "");
        try (Program program = Program.start(binary)) {
            ProcessTarget target = program.target();
            program.say("call on_small_stack 0");
            Thread.sleep(50);
            awaitRead(program.pid());
            ScenariosTest.load(target, "hooked", payload);
            ProcessTargetTest.done(target.revert("hooked", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(target.apply("hooked", ApplyOptions.DEFAULT));
            program.say("go on");
            assertThat(program.read()).as("bytes of the program that changed").isEqualTo("0");
            assertThat(program.ask("call plain 1")).isEqualTo("5");
            assertThat(program.ask("call crossing 1")).isEqualTo("6");
            assertThat(program.ask("counter")).isEqualTo("222");
            ProcessTargetTest.done(target.revert("hooked", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(target.unload("hooked", ApplyOptions.DEFAULT));
            assertThat(program.ask("call plain 1")).isEqualTo("2");
        }
    }
}
