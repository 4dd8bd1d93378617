package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import dev.suture.target.Policy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** New functions written over the old ones. */
@Tag("threads")
class InPlaceTest {
    private static final ApplyOptions IN_PLACE =
            new ApplyOptions(Duration.ofSeconds(30), Policy.STACK, false, Map.of(), true);
    private static final ApplyOptions BRIEF =
            new ApplyOptions(Duration.ofMillis(150), Policy.STACK, false, Map.of(), true);
    private static final String FAR = """
            #include <stdio.h>
            #include <string.h>
            extern int counter, plain(int);
            static const char *const words[] = {"none", "one", "three"};
            int mine = 3;
            __attribute__((noipa)) static int helps(int x) { return x + mine; }
            int new_longer(int x) {
                int sum = 0;
                for (int i = 0; i < x; i++)
                    sum += helps(i) + (int)strlen(words[i %% 3]);
                counter++;
                return sum * %d + plain(0);
            }
            REPLACES(new_longer, "longer");
            """;

    @TempDir
    private static Path folder;

    private static Path calls;

    @BeforeAll
    static void compile() {
        calls = Program.compile(folder, "calls.c", "calls", "-ldl", "-DONE_STACK");
    }

    private static Payload of(String name, String text, String depends) {
        return Program.payloadOf(folder, name + ".c", text, calls, depends);
    }

    private static void load(ProcessTarget target, String name, Payload payload) {
        ProcessTargetTest.done(target.upload(name, payload, IN_PLACE));
        ProcessTargetTest.done(target.apply(name, ApplyOptions.DEFAULT));
    }

    private static byte[] code(Program program, long address, int sizeBytes) {
        return Tracer.run(() -> {
            try (Work work = Work.look(program.pid())) {
                return work.session().memory().read(address, sizeBytes);
            }
        });
    }

    private static Ledger.Function function(Program program) {
        return Tracer.run(() -> {
            try (Work work = Work.look(program.pid())) {
                return work.ledger().entries().getLast().functions().getFirst();
            }
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"-pie", "-no-pie"})
    void aFunctionWithLoopsCallsAndDataRunsInTheOldPlaceAndTheOldOneComesBack(String how) {
        Path binary = Program.compile(
                folder,
                "calls.c",
                "calls" + how,
                how,
                how.equals("-no-pie") ? "-fno-pie" : "-fPIE",
                "-ldl",
                "-DONE_STACK");
        Payload payload = Program.payloadOf(folder, "far" + how + ".c", FAR.formatted(1), binary, "");
        try (Program program = Program.start(binary)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("far", payload, IN_PLACE));
            Ledger.Function function = function(program);
            byte[] old = code(program, function.oldAddress(), (int) function.oldBytes());
            ProcessTargetTest.done(target.apply("far", ApplyOptions.DEFAULT));

            assertThat(program.ask("call longer 4")).isEqualTo(String.valueOf(3 + 4 + 5 + 6 + 4 + 3 + 5 + 4 + 1));
            assertThat(program.ask("counter")).isEqualTo("1");
            assertThat(target.payloads().getFirst().inPlace()).containsExactly("longer");
            byte[] live = code(program, function.oldAddress(), (int) function.oldBytes());
            assertThat(live[0]).as("no jump").isNotEqualTo((byte) 0xe9);
            assertThat(live).endsWith((byte) 0xcc);

            ProcessTargetTest.done(target.revert("far", ApplyOptions.DEFAULT));
            assertThat(program.ask("call longer 4")).isEqualTo("5");
            assertThat(code(program, function.oldAddress(), old.length)).isEqualTo(old);
            ProcessTargetTest.done(target.unload("far", ApplyOptions.DEFAULT));
            assertThat(program.ask("call longer 4")).isEqualTo("5");
        }
    }

    @Test
    void payloadsAreStackedOnTopOfOneInPlaceInBothWaysAndReplacedTogether() {
        Payload first = of("first", FAR.formatted(1), "");
        Payload second = of("second", FAR.formatted(2), first.buildId().orElseThrow());
        Payload third = of(
                "third",
                "int new_longer(int x) { return 3; } REPLACES(new_longer, \"longer\");",
                second.buildId().orElseThrow());
        Payload alone = of("alone", FAR.formatted(100), "");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            load(target, "first", first);
            assertThat(program.ask("call longer 1")).isEqualTo("8");
            load(target, "second", second);
            assertThat(program.ask("call longer 1")).isEqualTo("15");
            ScenariosTest.load(target, "third", third);
            assertThat(program.ask("call longer 1")).isEqualTo("3");
            ProcessTargetTest.done(target.revert("third", ApplyOptions.DEFAULT));
            assertThat(program.ask("call longer 1")).isEqualTo("15");
            ProcessTargetTest.done(target.apply("third", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(target.upload("alone", alone));
            ProcessTargetTest.done(target.replace("alone", ApplyOptions.DEFAULT));
            assertThat(program.ask("call longer 1")).isEqualTo("701");
            ProcessTargetTest.done(target.revert("alone", ApplyOptions.DEFAULT));
            assertThat(program.ask("call longer 1")).isEqualTo("2");
        }
    }

    @Test
    void onTopOfAJumpTheWholeFunctionIsWrittenAndTheJumpComesBack() {
        Payload jump = of("jump", "int new_longer(int x) { return 9; } REPLACES(new_longer, \"longer\");", "");
        Payload whole = of("whole", FAR.formatted(1), jump.buildId().orElseThrow());
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ScenariosTest.load(target, "jump", jump);
            load(target, "whole", whole);
            assertThat(program.ask("call longer 1")).isEqualTo("8");
            ProcessTargetTest.done(target.revert("whole", ApplyOptions.DEFAULT));
            assertThat(program.ask("call longer 1")).isEqualTo("9");
            ProcessTargetTest.done(target.revert("jump", ApplyOptions.DEFAULT));
            assertThat(program.ask("call longer 1")).isEqualTo("2");
        }
    }

    @ParameterizedTest
    @EnumSource(Policy.class)
    void aThreadAnywhereInTheOldOrTheNewFunctionIsWaitedForWhateverThePolicy(Policy policy) throws Exception {
        Payload payload = of("held" + policy, """
                extern int hold(int);
                int new_holds(int x) { return hold(x) + 10; }
                REPLACES(new_holds, "holds");
                """, "");
        ApplyOptions brief = new ApplyOptions(Duration.ofMillis(150), policy, false, Map.of(), true);
        ApplyOptions patient = new ApplyOptions(Duration.ofSeconds(30), policy, false, Map.of(), true);
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            program.ask("start holds 1");
            ProcessTargetTest.done(target.upload("held", payload, brief));
            assertThat(target.payloads().getFirst().inPlace()).containsExactly("holds");
            assertThat(target.apply("held", brief)).isInstanceOf(Outcome.TimedOut.class);
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 2");
            ProcessTargetTest.done(target.apply("held", patient));
            program.ask("start holds 1");
            assertThat(target.revert("held", brief)).isInstanceOf(Outcome.TimedOut.class);
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 11");
            ProcessTargetTest.done(target.revert("held", patient));
        }
    }

    @Test
    void theStackOfAThreadInAFunctionInPlaceIsUnderstood() throws Exception {
        // What looks like a return address is told from a real one by following the calls through the function.
        Payload decoy = of("decoy", """
                extern int hold(int), other(int);
                int new_longer(int x) {
                    long at = (long)other + 16;
                    volatile long there[] = {at, at, at, at, at, at};
                    int held = hold(x);
                    return held + (there[0] == 0);
                }
                REPLACES(new_longer, "longer");
                """, "");
        Payload next = of(
                "next",
                "int new_other(int x) { return x + 3; } REPLACES(new_other, \"other\");",
                decoy.buildId().orElseThrow());
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            load(target, "decoy", decoy);
            assertThat(target.payloads().getFirst().inPlace()).containsExactly("longer");
            program.ask("start longer 1");
            ScenariosTest.load(target, "next", next);
            assertThat(program.ask("call other 1")).isEqualTo("4");
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 1");
        }
    }

    @Test
    void aFunctionTooShortForAJumpIsReplacedInPlaceIfTheNewOneFits() {
        Payload payload = of("tiny", """
                int new_tiny(int);
                __asm__(".text; .globl new_tiny; .type new_tiny, @function\\n"
                        "new_tiny: leal 2(%rdi), %eax; ret; .size new_tiny, .-new_tiny");
                REPLACES(new_tiny, "tiny");
                """, "");
        Payload longer =
                of("tinylong", "int new_tiny(int x) { return x * 1000003; } REPLACES(new_tiny, \"tiny\");", "");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            assertThat(target.upload("tiny", payload).toString())
                    .contains("the old function has 4 bytes, too few for a jump")
                    .contains("use --in-place");
            assertThat(target.upload("tinylong", longer, IN_PLACE).toString())
                    .contains("the old function has 4 bytes, too few for a jump")
                    .contains("Replace the functions that call it.");
            load(target, "tiny", payload);
            assertThat(program.ask("call tiny 1")).isEqualTo("3");
            ProcessTargetTest.done(target.revert("tiny", ApplyOptions.DEFAULT));
            assertThat(program.ask("call tiny 1")).isEqualTo("2");
        }
    }

    @Test
    void whatDoesNotFitOrCannotBeMovedGetsAJump() {
        Payload payload = of("mixed", """
                #include <stdio.h>
                extern int counter;
                __attribute__((noipa)) int new_add(int x) {
                    for (int i = 0; i < 20; i++) { counter += i * x; printf(counter < 0 ? "%d%s" : "", i, "never"); }
                    return x + counter + 3 * x * x * x * x * x + (x % 7) + (x % 11);
                }
                __attribute__((noipa)) int new_longer(int x) {
                    int (*const *volatile table)(int) = 0;
                    static void *const labels[] = {&&a, &&b};
                    goto *labels[x & 1];
                a: return table == 0 ? 10 : 0;
                b: return 20;
                }
                int new_plain(int x) { return x + 30; }
                REPLACES(new_add, "add");
                REPLACES(new_longer, "longer");
                REPLACES(new_plain, "plain");
                """, "");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            load(target, "mixed", payload);
            assertThat(target.payloads().getFirst().inPlace()).containsExactly("plain");
            assertThat(program.ask("call longer 0")).isEqualTo("10");
            assertThat(program.ask("call longer 1")).isEqualTo("20");
            assertThat(program.ask("call plain 1")).isEqualTo("31");
            assertThat(program.ask("call add 0")).isEqualTo("0");
        }
    }

    @Test
    void theUnlikelyPartOfAFunctionComesBackToTheRightPlace() throws Exception {
        Payload payload = of("cold", """
                extern int counter, hold(int);
                __attribute__((cold, noipa)) void rarely(int x) { counter += x; }
                int new_longer(int x) {
                    if (__builtin_expect(x > 100, 0)) {
                        rarely(x);
                        x -= counter;
                    }
                    return hold(x) + 1000;
                }
                REPLACES(new_longer, "longer");
                """, "");
        assertThat(payload.elf().symbols()).anyMatch(symbol -> symbol.name().equals("new_longer.cold"));
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            load(target, "cold", payload);
            assertThat(target.payloads().getFirst().inPlace()).containsExactly("longer");
            program.ask("start longer 101");
            assertThat(program.ask("counter")).as("it was in the unlikely part").isEqualTo("101");
            Outcome.TimedOut late = ProcessTargetTest.late(() -> target.revert("cold", BRIEF));
            Ledger.Function function = function(program);
            String returns = late.inTheWay().getFirst().what().replaceFirst(".* to 0x", "");
            assertThat(Long.parseLong(returns, 16))
                    .isBetween(function.oldAddress(), function.oldAddress() + function.oldBytes());
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 1000");
            ProcessTargetTest.done(target.revert("cold", ApplyOptions.DEFAULT));
        }
    }

    @Test
    void inAProgramThatUnwindsItsStacksOnlyWhatCallsNothingRunsInPlace() {
        Path cancels = Program.compile(folder, "calls.c", "cancels", "-ldl", "-DCANCELS", "-DONE_STACK");
        Payload payload = Program.payloadOf(folder, "unwinds.c", """
                extern int plain(int);
                int new_longer(int x) { return plain(x) + plain(x); }
                int new_other(int x) { return x + 3; }
                REPLACES(new_longer, "longer");
                REPLACES(new_other, "other");
                """, cancels, "");
        try (Program program = Program.start(cancels)) {
            load(program.target(), "unwinds", payload);
            assertThat(program.target().payloads().getFirst().inPlace()).containsExactly("other");
            assertThat(program.ask("call longer 1")).isEqualTo("4");
            assertThat(program.ask("call other 1")).isEqualTo("4");
        }
    }

    @Test
    void whatIsWrittenOverHasToBeAsInTheFileToTheLastByte() {
        Payload payload = of("changed", FAR.formatted(1), "");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("changed", payload, IN_PLACE));
            Ledger.Function function = function(program);
            Tracer.run(() -> {
                try (Work work = Work.look(program.pid())) {
                    work.session()
                            .write(
                                    function.oldAddress() + function.oldBytes() - 1,
                                    new byte[] {(byte) 0xcc},
                                    "a breakpoint");
                    return null;
                }
            });
            assertThat(target.apply("changed", ApplyOptions.DEFAULT).toString())
                    .contains("its code at 0x%x is".formatted(function.oldAddress()))
                    .contains("A debugger or another tool changed it");
        }
    }
}
