package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import dev.suture.target.Policy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stacks of all kinds, with a function on them that must not change. */
@Tag("threads")
class StacksTest {
    private static final ApplyOptions BRIEF = brief(150);
    private static final String[] LARGE_STACKS = {"sh", "-c", "ulimit -s 65536; exec \"$@\"", "sh"};

    @TempDir
    private static Path folder;

    private static Path calls;

    @BeforeAll
    static void compile() {
        calls = Program.compile(folder, "calls.c", "stacks", "-ldl", "-DSTACKS");
    }

    private static ApplyOptions brief(int millis) {
        return new ApplyOptions(Duration.ofMillis(millis), Policy.STACK, false, Map.of());
    }

    private static Payload replacing(Path binary, String function) {
        return Program.payloadOf(
                folder,
                "of_" + function + ".c",
                "int replacement(int x) { return x + 1000; } REPLACES(replacement, \"" + function + "\");",
                binary,
                "");
    }

    private static Outcome.TimedOut late(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Outcome.TimedOut.class);
        return (Outcome.TimedOut) outcome;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "calls_in_pieces",
                "calls_large_frame",
                "calls_switches",
                "calls_shares_variables",
                "calls_signalled",
                "calls_signalled_bare"
            })
    void aFunctionIsSeenHoweverTheStackItIsOnIsMade(String function) throws Exception {
        Payload payload = replacing(calls, function);
        try (Program program = Program.start(calls, LARGE_STACKS)) {
            ProcessTarget target = program.target();
            program.ask("start " + function + " 1");
            ProcessTargetTest.done(target.upload("p", payload));
            assertThat(late(target.apply("p", BRIEF)).inTheWay().getFirst().what())
                    .contains(" return into " + function);
            program.say("release");
            assertThat(program.read()).startsWith("ended ");
            ProcessTargetTest.done(target.apply("p", ApplyOptions.DEFAULT));
            assertThat(program.ask("call " + function + " 1")).isEqualTo("1001");
        }
    }

    @Test
    void aFunctionIsSeenOnASplitStackAndWaitedForBeforeItIsTakenAway() throws Exception {
        Path binary = Program.compile(folder, "calls.c", "split", "-ldl", "-DSTACKS", "-fsplit-stack");
        Payload payload = Program.payloadOf(
                folder,
                "split.c",
                "extern int large_frame(int); int replacement(int x) { return large_frame(x) + 1000; }"
                        + " REPLACES(replacement, \"calls_large_frame\");",
                binary,
                "");
        try (Program program = Program.start(binary)) {
            ProcessTarget target = program.target();
            program.ask("start calls_large_frame 1");
            ProcessTargetTest.done(target.upload("p", payload));
            assertThat(late(target.apply("p", BRIEF)).inTheWay().getFirst().what())
                    .contains("return into calls_large_frame");
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 2");
            ProcessTargetTest.done(target.apply("p", ApplyOptions.DEFAULT));
            program.ask("start calls_large_frame 1");
            assertThat(late(target.revert("p", BRIEF)).inTheWay().getFirst().what())
                    .contains("return into calls_large_frame");
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 1001");
            ProcessTargetTest.done(target.revert("p", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(target.unload("p", ApplyOptions.DEFAULT));
        }
    }

    @Test
    void whoSleepsInTheFunctionIsLookedAtWithoutBeingDisturbed() throws Exception {
        Payload payload = replacing(calls, "loops_waiting");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            program.ask("start loops_waiting 1");
            ProcessTargetTest.done(target.upload("p", payload));
            Outcome.TimedOut late = late(target.apply("p", brief(2000)));
            assertThat(late.inTheWay().getFirst().what()).contains("will return into loops_waiting");
            assertThat(late.cost().attempts()).as("stops").isLessThan(10);
            assertThat(program.number("call longest_wait 0")).as("ms").isBetween(199, 450);
        }
    }

    @Test
    void ofAVastStackThatAThreadHasLeftOnlyWhatWasTouchedIsRead() throws Exception {
        Payload payload = replacing(calls, "plain");
        try (Program program = Program.start(calls, "sh", "-c", "ulimit -s 1048576; exec \"$@\"", "sh")) {
            ProcessTarget target = program.target();
            program.ask("start calls_switches 1");
            ProcessTargetTest.done(target.upload("p", payload));
            Outcome outcome = target.apply("p", ApplyOptions.DEFAULT);
            ProcessTargetTest.done(outcome);
            assertThat(outcome.cost().stoppedMicros()).isLessThan(500_000);
            assertThat(program.ask("call plain 1")).isEqualTo("1001");
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 2");
        }
    }

    @Test
    void whoSleepsInTheWayAllTheTimeIsNotStoppedAtAll() throws Exception {
        Payload payload = replacing(calls, "holds");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            program.ask("start holds 1");
            ProcessTargetTest.done(target.upload("p", payload));
            Outcome.TimedOut late = late(target.apply("p", BRIEF));
            assertThat(late.inTheWay().getFirst().what()).contains("will return into holds");
            assertThat(late.cost().attempts()).as("stops").isZero();
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 2");
            ProcessTargetTest.done(target.apply("p", ApplyOptions.DEFAULT));
        }
    }

    @Test
    void whereWordsAndCallsDisagreeTheCodeHasToSayWhatTheCallsSay() throws Exception {
        Payload payload = replacing(calls, "lied_to");
        ApplyOptions callsDecide = BRIEF.with(Policy.CALLS);
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            program.ask("start lied_to 1");
            ProcessTargetTest.done(target.upload("p", payload));
            Outcome.TimedOut late = late(target.apply("p", BRIEF));
            assertThat(late.inTheWay().getFirst().what())
                    .matches("thread .* may return into lied_to, to .* the code does not confirm them");
            assertThat(late.inTheWay().getFirst().remedy()).contains("--policy calls");
            Outcome.Done done = (Outcome.Done) target.apply("p", callsDecide);
            assertThat(done.notes().getFirst().what()).contains("may return into lied_to");
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 2");
        }
    }

    @Test
    void aWordThatIsLeftOverIsNotWaitedForAndSaid() throws Exception {
        Payload payload = replacing(calls, "other");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            program.ask("start remembers 1");
            ProcessTargetTest.done(target.upload("p", payload));
            Outcome.Done done = (Outcome.Done) target.apply("p", ApplyOptions.DEFAULT);
            assertThat(done.notes().getFirst().what())
                    .matches("thread .* on its stack, which leads into other, and is in no call of it, .*");
            assertThat(program.ask("call other 1")).isEqualTo("1001");
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 2");
        }
    }

    @Test
    void whoHasNoVariablesOfHisOwnIsNotTakenToBeOnTheStackOfAnother() {
        Payload payload = replacing(calls, "other");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            assertThat(program.ask("call clones_raw 1")).isEqualTo("1");
            ProcessTargetTest.done(target.upload("p", payload));
            ProcessTargetTest.done(target.apply("p", ApplyOptions.DEFAULT));
            assertThat(program.ask("call other 1")).isEqualTo("1001");
        }
    }

    @Test
    void whoComesInOnAStackThatWasMadeMeanwhileIsSeenAsWell() throws Exception {
        Payload payload = replacing(calls, "holds");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            program.ask("start holds 1");
            ProcessTargetTest.done(target.upload("p", payload));
            CompletableFuture<Outcome> applied =
                    CompletableFuture.supplyAsync(() -> target.apply("p", ApplyOptions.DEFAULT));
            // Mostly it waits by then; if not, it finds both at first.
            Thread.sleep(100);
            program.ask("start holds 1");
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 2");
            assertThatThrownBy(() -> applied.get(300, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 2");
            ProcessTargetTest.done(applied.get());
            assertThat(program.ask("call holds 1")).isEqualTo("1001");
        }
    }

    @Test
    void aProcessWithTheSameMemoryIsNamedAndWaitedFor() {
        Payload payload = replacing(calls, "plain");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("p", payload));
            assertThat(program.ask("call shares 1")).isEqualTo("1");
            assertThat(late(target.apply("p", BRIEF)).inTheWay().getFirst().what())
                    .matches("process \\d+ has the same memory, and is not stopped with this one");
            ProcessTargetTest.done(target.apply("p", ApplyOptions.DEFAULT));
            assertThat(program.ask("call plain 1")).isEqualTo("1001");
        }
    }

    @Test
    void whileAThreadCannotBeStoppedTheOthersAreNot() throws Exception {
        Payload payload = replacing(calls, "plain");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            program.ask("start vforks 1");
            ProcessTargetTest.done(target.upload("p", payload));
            Outcome.TimedOut late = late(target.apply("p", BRIEF));
            assertThat(late.inTheWay().getFirst().what())
                    .contains("does not stop")
                    .doesNotContain("ended");
            assertThat(late.cost().stoppedMicros()).isLessThan(20_000);
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 1");
            ProcessTargetTest.done(target.apply("p", ApplyOptions.DEFAULT));
            assertThat(program.ask("call plain 1")).isEqualTo("1001");
        }
    }

    @Test
    void aStackPointerBelowAllMemoryIsNoObstacle() throws Exception {
        Payload payload = replacing(calls, "plain");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            program.say("call on_small_stack -1");
            Thread.sleep(50);
            BorrowedStackTest.awaitRead(program.pid());
            ScenariosTest.load(target, "p", payload);
            program.say("go on");
            assertThat(program.read()).isEqualTo("-1");
            assertThat(program.ask("call plain 1")).isEqualTo("1001");
        }
    }
}
