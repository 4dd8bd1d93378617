package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import dev.suture.target.Policy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Threads that can be borrowed only at times, and what is theirs when they are. */
@Tag("threads")
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BorrowTest {
    private static final String ENDS_IT = """
            extern int counter;
            static void ends(void) { counter = 1; }
            int new_plain(int x) { return x + 7; }
            REPLACES(new_plain, "plain");
            HOOK(load, ends);
            """;

    private static final int BORROWS = 10;

    @TempDir
    private static Path folder;

    private static Path calls;
    private static Payload endsIt;
    private static Payload other;

    @BeforeAll
    static void compile() {
        calls = Program.compile(folder, "calls.c", "borrowed", "-ldl", "-DSEQUENCES");
        endsIt = Program.payloadOf(folder, "ends_it.c", ENDS_IT, calls, "");
        other = Program.payloadOf(
                folder,
                "of_other.c",
                "int new_other(int x) { return x + 8; } REPLACES(new_other, \"other\");",
                calls,
                "");
    }

    private static ApplyOptions within(int millis) {
        return new ApplyOptions(Duration.ofMillis(millis), Policy.STACK, false, Map.of());
    }

    private static void begin(Program program, String what) throws IOException, InterruptedException {
        program.say("call " + what);
        while (!Files.readString(Path.of("/proc/" + program.pid() + "/syscall")).startsWith("running")) {
            Thread.sleep(1);
        }
    }

    @Test
    void whoIsMostlyInARestartableSequenceIsBorrowedOutsideOfIt() throws Exception {
        try (Program program = Program.start(calls)) {
            begin(program, "in_sequence 1");
            // A thread that was preempted has just been led out of it, on a busy machine most of them.
            for (int i = 0; i < BORROWS; i++) {
                ProcessTargetTest.done(program.target().upload("q", other));
                ProcessTargetTest.done(program.target().unload("q", ApplyOptions.DEFAULT));
            }
            ScenariosTest.load(program.target(), "p", endsIt);
            assertThat(program.read()).isEqualTo("1");
            assertThat(program.ask("call plain 1")).isEqualTo("8");
        }
    }

    // On a busy machine a stop can come when the kernel has just led the thread out of its sequence.
    @Test
    void ifNobodyLeavesHisSequenceThatIsSaid() throws Exception {
        try (Program program = Program.start(calls)) {
            begin(program, "in_sequence 0");
            try {
                ProcessTargetTest.done(program.target().upload("p", endsIt, within(1500)));
            } catch (ProcessException e) {
                assertThat(e)
                        .hasMessageContaining("none of its threads could be borrowed within 1.5 s")
                        .message()
                        .containsAnyOf("is in a restartable sequence", "does not stop");
            }
        }
    }

    @Test
    void whileNobodyCanBeBorrowedThereArePausesBetweenTheStops() throws Exception {
        try (Program program = Program.start(calls)) {
            ProcessTargetTest.done(program.target().upload("p", endsIt));
            begin(program, "in_sequence 0");
            Outcome outcome = program.target()
                    .apply("p", new ApplyOptions(Duration.ofMillis(300), Policy.STACK, false, Map.of()));
            if (outcome instanceof Outcome.TimedOut late) {
                assertThat(late.inTheWay().getFirst().what())
                        .containsAnyOf("may be in a restartable sequence", "does not stop");
            } else {
                ProcessTargetTest.done(outcome);
            }
            assertThat(outcome.cost().attempts()).isLessThan(40);
        }
    }

    @Test
    void aThreadHasItsVectorRegistersAgainAfterCodeOfThePayloadFailed() throws Exception {
        Payload fails = Program.payloadOf(folder, "fails.c", """
                extern int counter;
                static void fails(void)
                {
                    counter = 1;
                    __asm__ volatile("pcmpeqd %%xmm15, %%xmm15; ud2" : : : "xmm15");
                }
                int new_plain(int x) { return x + 7; }
                REPLACES(new_plain, "plain");
                HOOK(load, fails);
                """, calls, "");
        try (Program program = Program.start(calls)) {
            ProcessTargetTest.done(program.target().upload("p", fails));
            begin(program, "keeps_register 4711");
            assertThatThrownBy(() -> program.target().apply("p", ApplyOptions.DEFAULT))
                    .hasMessageContaining("failed with signal 4");
            assertThat(program.read()).isEqualTo("4711");
            assertThat(program.ask("call plain 1")).isEqualTo("2");
        }
    }

    @Test
    void whoIsBorrowedIsNotedByTheNumberThatTheProgramItselfSees() throws Exception {
        Process unshare = new ProcessBuilder("unshare", "--pid", "--fork", "true").start();
        assumeTrue(unshare.waitFor() == 0, "needs root, to make namespaces");
        try (Program program = Program.start(calls, "unshare", "--pid", "--fork")) {
            String children = Files.readString(
                            Path.of("/proc/%d/task/%d/children".formatted(program.pid(), program.pid())))
                    .strip();
            int pid = Integer.parseInt(children);
            List<Integer> numbers = ProcStatus.read(pid).numbers();
            assertThat(numbers).hasSizeGreaterThan(1).startsWith(pid);
            long noted = Tracer.run(() -> {
                try (Work work = Work.change(pid, Duration.ofSeconds(5))) {
                    return work.borrow()
                            .with(thread -> work.session().word(work.room().owner()));
                }
            });
            assertThat(noted).isEqualTo(numbers.getLast().longValue());
            ScenariosTest.load(new ProcessTarget(pid, "pid:" + pid), "p", endsIt);
            assertThat(program.ask("call plain 1")).isEqualTo("8");
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    @Test
    void aProgramOfWhichAllThreadsThrowAllTheTimeIsPatchedAndUnpatched() throws Exception {
        Path throwing = Program.compile(folder, "throws.cc", "throwing");
        Payload calms = Program.payloadOf(folder, "calms.cc", """
                extern volatile int calmed;
                extern "C" void fails(int);
                extern "C" void new_passes(int x) { calmed = 1; fails(x); }
                REPLACES(new_passes, "passes");
                """, throwing, "");
        Payload passes = Program.payloadOf(
                folder,
                "passes_by.cc",
                "extern \"C\" void fails(int); extern \"C\" void new_passes(int x) { fails(x); } REPLACES(new_passes, \"passes\");",
                throwing,
                "");
        try (Program program = Program.start(throwing)) {
            assertThat(program.ask("storm alone")).isEqualTo("storming");
            for (int i = 0; i < 3; i++) {
                ScenariosTest.load(program.target(), "passes", passes);
                ProcessTargetTest.done(program.target().revert("passes", ApplyOptions.DEFAULT));
                ProcessTargetTest.done(program.target().unload("passes", ApplyOptions.DEFAULT));
            }
            ScenariosTest.load(program.target(), "calms", calms);
            program.say("a long line");
            assertThat(program.read()).isEqualTo("caught too much");
        }
    }

    @Test
    void whoHoldsTheAllocatorsLocksIsNotAskedToTellTheUnwinder() throws Exception {
        Path throwing = Program.compile(folder, "throws.cc", "throwing");
        Payload passes = Program.payloadOf(
                folder,
                "passes_by.cc",
                "extern \"C\" void fails(int); extern \"C\" void new_passes(int x) { fails(x); } REPLACES(new_passes, \"passes\");",
                throwing,
                "");
        try (Program program = Program.start(throwing)) {
            program.say("stats");
            Path call = Path.of("/proc/" + program.pid() + "/syscall");
            while (!Files.readString(call).startsWith("1 0x2 ")) {
                Thread.sleep(1);
            }
            assertThatThrownBy(() -> program.target().upload("p", passes, within(300)))
                    .hasMessageContaining("none of its threads could be borrowed within 0.3 s")
                    .message()
                    // On a busy machine.
                    .containsAnyOf("is in the midst of allocating memory", "does not stop");
        }
        try (Program program = Program.start(throwing)) {
            assertThat(program.ask("forks")).isEqualTo("forking");
            ScenariosTest.load(program.target(), "p", passes);
            ProcessTargetTest.done(program.target().revert("p", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(program.target().unload("p", ApplyOptions.DEFAULT));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoHoldsTheLockOfAnotherAllocatorIsNotAskedEither(boolean isPreloaded) throws Exception {
        Program.copy(folder, "allocator.c");
        Program.run(folder, List.of("gcc", "-g", "-O2", "-fno-toplevel-reorder", "-fPIC", "-c", "allocator.c"));
        Program.run(folder, List.of("gcc", "-shared", "-o", "liballocator.so", "allocator.o"));
        Path throwing = Program.compile(folder, "throws.cc", "throwing", isPreloaded ? "-O2" : "allocator.o");
        Payload passes = Program.payloadOf(
                folder,
                "passes_by.cc",
                "extern \"C\" void fails(int); extern \"C\" void new_passes(int x) { fails(x); } REPLACES(new_passes, \"passes\");",
                throwing,
                "");
        String preload = "LD_PRELOAD=" + (isPreloaded ? folder.resolve("liballocator.so") : "");
        for (int how : List.of(1, 2, 3, 4)) {
            try (Program program = Program.start(throwing, "env", preload)) {
                // Elsewhere it can be borrowed.
                ProcessTargetTest.done(program.target().upload("before", passes));
                ProcessTargetTest.done(program.target().unload("before", ApplyOptions.DEFAULT));
                program.say("allocates " + how);
                while (!Files.readString(Path.of("/proc/" + program.pid() + "/syscall"))
                        .startsWith("running")) {
                    Thread.sleep(1);
                }
                assertThatThrownBy(() -> program.target().upload("p", passes, within(300)))
                        .hasMessageContaining("none of its threads could be borrowed within 0.3 s")
                        .message()
                        // On a busy machine.
                        .containsAnyOf("is in the midst of allocating memory", "does not stop");
            }
        }
    }
}
