package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import dev.suture.target.Policy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Functions of which a part is elsewhere, and branches into what is overwritten. */
class FunctionPartsTest {
    private static final String SPLITS = "int new_splits(int x) { return x + 1000; } REPLACES(new_splits, \"splits\");";
    private static final ApplyOptions BRIEF = options(Policy.STACK, false);

    @TempDir
    private static Path folder;

    private static ApplyOptions options(Policy policy, boolean isInPlace) {
        return new ApplyOptions(Duration.ofMillis(150), policy, false, Map.of(), isInPlace);
    }

    private static Path compile(String name, String... flags) {
        List<String> all = new ArrayList<>(List.of("-ldl", "-DPARTS", "-DONE_STACK"));
        all.addAll(List.of(flags));
        return Program.compile(folder, "calls.c", name, all.toArray(String[]::new));
    }

    private static String inTheWay(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Outcome.TimedOut.class);
        return ((Outcome.TimedOut) outcome).inTheWay().getFirst().what();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "named; ''",
                "nameless; -Wl,-x",
                "bare; -Wl,-x -fno-asynchronous-unwind-tables -fno-unwind-tables",
            })
    void aThreadInTheUnlikelyPartIsInTheFunctionHoweverThatIsPlaced(String name, String flags) throws Exception {
        Path binary = compile(name, flags.isEmpty() ? new String[0] : flags.split(" "));
        for (ApplyOptions options : List.of(BRIEF, options(Policy.STACK, true), options(Policy.BYTES, true))) {
            Payload payload = Program.payloadOf(folder, "splits.c", SPLITS, binary, "");
            try (Program program = Program.start(binary)) {
                ProcessTarget target = program.target();
                program.ask("start splits 101");
                ProcessTargetTest.done(target.upload("splits", payload, options));
                assertThat(target.payloads().getFirst().inPlace()).hasSize(options.isInPlace() ? 1 : 0);
                assertThat(inTheWay(target.apply("splits", options))).contains(" return into splits");
                program.say("release");
                assertThat(program.read()).isEqualTo("ended 2");
                ProcessTargetTest.done(target.apply("splits", ApplyOptions.DEFAULT));
                assertThat(program.ask("call splits 101")).isEqualTo("1101");
                ProcessTargetTest.done(target.revert("splits", ApplyOptions.DEFAULT));
                assertThat(program.ask("call splits 1")).isEqualTo("2");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"-g", "-Wl,-x"})
    void aPartThatNeverComesBackIsAPartToo(String flag) {
        Path binary = compile("leaves" + flag, flag);
        Payload payload = Program.payloadOf(
                folder,
                "leaves.c",
                "int new_leaves(int x) { return x + 1000; } REPLACES(new_leaves, \"leaves\");",
                binary,
                "");
        try (Program program = Program.start(binary)) {
            program.ask("start leaves 101");
            ProcessTargetTest.done(program.target().upload("leaves", payload));
            assertThat(inTheWay(program.target().apply("leaves", BRIEF))).contains("will return into leaves");
        }
    }

    @Test
    void aFunctionInWhichItEndsIsNoPartOfIt() {
        Path binary = compile("tails");
        Payload payload = Program.payloadOf(
                folder,
                "tails.c",
                "int new_ends(int x) { return x + 1000; } REPLACES(new_ends, \"ends_in_tail\");",
                binary,
                "");
        try (Program program = Program.start(binary)) {
            program.ask("start ends_in_tail 1");
            ScenariosTest.load(program.target(), "tails", payload);
            assertThat(program.ask("call ends_in_tail 1")).isEqualTo("1001");
        }
    }

    @Test
    void theUnlikelyPartOfTheNewFunctionIsWaitedForAsWell() throws Exception {
        Path binary = compile("fresh");
        Payload payload = Program.payloadOf(folder, "fresh.c", """
                extern int counter, hold(int);
                __attribute__((cold, noipa)) int seldom(int x) { return hold(x); }
                int new_splits(int x) {
                    if (__builtin_expect(x > 100, 0)) x = seldom(x) - counter;
                    return x + 1000;
                }
                REPLACES(new_splits, "splits");
                """, binary, "");
        for (boolean isInPlace : List.of(false, true)) {
            try (Program program = Program.start(binary)) {
                ProcessTarget target = program.target();
                ProcessTargetTest.done(target.upload("fresh", payload, options(Policy.STACK, isInPlace)));
                ProcessTargetTest.done(target.apply("fresh", ApplyOptions.DEFAULT));
                program.ask("start splits 101");
                assertThat(inTheWay(target.revert("fresh", BRIEF))).contains(" return into splits");
                program.say("release");
                assertThat(program.read()).isEqualTo("ended 1101");
                ProcessTargetTest.done(target.revert("fresh", ApplyOptions.DEFAULT));
            }
        }
    }

    @Test
    void aCallThatGoesOnInTheOldFunctionMustNotComeBackToWhatIsOverwritten() throws Exception {
        Path binary = compile("early");
        Payload payload = Program.payloadOf(
                folder,
                "early.c",
                "int new_early(int x) { return x + 1000; } REPLACES(new_early, \"loops_early\");",
                binary,
                "");
        try (Program program = Program.start(binary)) {
            ProcessTarget target = program.target();
            program.ask("start loops_early -1");
            ProcessTargetTest.done(target.upload("early", payload));
            Outcome outcome = target.apply("early", options(Policy.BYTES, false));
            assertThat(outcome).isInstanceOf(Outcome.Refused.class);
            assertThat(outcome.toString()).contains("that may jump into the bytes that are overwritten: its branch at");
            program.say("stop spinning");
            assertThat(program.read()).isEqualTo("ended -1");
            ProcessTargetTest.done(target.apply("early", ApplyOptions.DEFAULT));
            assertThat(program.ask("call loops_early 1")).isEqualTo("1001");
        }
    }

    @Test
    void noJumpIsPutWhereAnotherFunctionJumpsInto() {
        Path binary = compile("entered");
        Payload payload = Program.payloadOf(
                folder,
                "entered.c",
                "int new_entered(int x) { return x + 1000; } REPLACES(new_entered, \"is_entered\");",
                binary,
                "");
        try (Program program = Program.start(binary)) {
            for (boolean isInPlace : List.of(false, true)) {
                Outcome outcome = program.target().upload("entered", payload, options(Policy.STACK, isInPlace));
                assertThat(outcome).isInstanceOf(Outcome.Refused.class);
                assertThat(outcome.toString()).contains("among the bytes of it that would be overwritten");
            }
            assertThat(program.ask("call comes_in 1")).isEqualTo("12");
        }
    }
}
