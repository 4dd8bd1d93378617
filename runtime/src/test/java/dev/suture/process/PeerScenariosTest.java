package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import dev.suture.target.Policy;
import dev.suture.target.State;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** More of what the test suites of other live patching tools try; docs/scenarios.md says which test is which of theirs. */
class PeerScenariosTest {
    private static final ApplyOptions BRIEF = new ApplyOptions(Duration.ofMillis(150), Policy.STACK, false, Map.of());
    private static final ApplyOptions BYTES = new ApplyOptions(Duration.ofSeconds(30), Policy.BYTES, false, Map.of());

    @TempDir
    private static Path folder;

    private static Path calls;

    @BeforeAll
    static void compile() {
        calls = Program.compile(folder, "calls.c", "calls", "-ldl", "-DCANCELS");
    }

    private static Payload of(String name, String text, String depends) {
        return Program.payloadOf(folder, name + ".c", text, calls, depends);
    }

    private static Payload of(String name, String text) {
        return of(name, text, "");
    }

    static void revert(ProcessTarget target, String name) {
        ProcessTargetTest.done(target.revert(name, ApplyOptions.DEFAULT));
    }

    static void unload(ProcessTarget target, String name) {
        ProcessTargetTest.done(target.unload(name, ApplyOptions.DEFAULT));
    }

    static String refusal(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Outcome.Refused.class);
        return ((Outcome.Refused) outcome).refusals().getFirst().text();
    }

    /** A payload that adds ten more than the function did. */
    private static Payload ten(String function) {
        return of(
                function + "10",
                "int new_%1$s(int x) { return x + 10; } REPLACES(new_%1$s, \"%1$s\");".formatted(function));
    }

    @ParameterizedTest
    @ValueSource(strings = {"crossing", "entered"})
    void aFunctionAtAnOddPlaceOrWithAPreparedEntryIsPatched(String function) {
        Payload payload = ten(function);
        try (Program program = Program.start(calls)) {
            ScenariosTest.load(program.target(), "odd", payload);
            assertThat(program.ask("call " + function + " 1")).isEqualTo("11");
            revert(program.target(), "odd");
            assertThat(program.ask("call " + function + " 1")).isEqualTo("2");
        }
    }

    @Test
    void aProfiledProgramIsPatched() {
        Path profiled = Program.compile(folder, "calls.c", "profiled", "-pg", "-fno-omit-frame-pointer", "-ldl");
        Payload payload = Program.payloadOf(
                folder, "pg.c", "int new_add(int x) { return x + 10; } REPLACES(new_add, \"add\");", profiled, "");
        try (Program program = Program.start(profiled)) {
            ScenariosTest.load(program.target(), "pg", payload);
            assertThat(program.ask("call add 1")).isEqualTo("11");
        }
    }

    @Test
    void argumentsOfAllKindsArriveAndResultsComeBack() {
        Payload payload = of("many", """
                struct large { double a; long b[4]; };
                struct large new_many(int a, long b, double c, float d, const char *e, long f, long g, long h, double i,
                                      struct large j) {
                    struct large result = {c + d + i + j.a + 1, {a, b, e[0] + 1, f + g + h + j.b[3] + 1}};
                    return result;
                }
                REPLACES(new_many, "many");
                """);
        try (Program program = Program.start(calls)) {
            assertThat(program.ask("call calls_many 3")).isEqualTo(String.valueOf(3875 + 'e' + 24 * 100000));
            ScenariosTest.load(program.target(), "many", payload);
            assertThat(program.ask("call calls_many 3")).isEqualTo(String.valueOf(4875 + 'f' + 25 * 100000));
        }
    }

    @Test
    void constantsAndChosenFunctionsOfTheProgramAreUsed() {
        Payload payload = of("words", """
                extern const char words__of__calls[];
                extern int chosen(int);
                int new_reads_words(int x) { return words__of__calls[x + 1] * 1000 + chosen(x); }
                REPLACES(new_reads_words, "reads_words");
                """);
        try (Program program = Program.start(calls)) {
            assertThat(program.ask("call reads_words 0")).isEqualTo(String.valueOf((int) 'w'));
            ScenariosTest.load(program.target(), "words", payload);
            assertThat(program.ask("call reads_words 0")).isEqualTo((int) 'o' + "005");
        }
    }

    @Test
    void twoFunctionsThatCallEachOtherArePatchedTogetherOrOneAlone() {
        Payload one = of(
                "oneoftwo",
                "extern int second_of_two(int); int new_first_of_two(int x) { return x <= 0 ? 0 : second_of_two(x - 1) + 100; }"
                        + " REPLACES(new_first_of_two, \"first_of_two\");");
        try (Program program = Program.start(calls)) {
            assertThat(program.ask("call first_of_two 5")).isEqualTo("5");
            ScenariosTest.load(program.target(), "one", one);
            assertThat(program.ask("call first_of_two 5")).isEqualTo("302");
            assertThat(program.ask("call second_of_two 5")).isEqualTo("203");
        }
    }

    @Test
    void aThreadThatRunsInTheFunctionForeverIsNamedAndGoesOn() throws Exception {
        Payload payload = ten("spins");
        try (Program program = Program.start(calls)) {
            program.ask("start spins 1");
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("spins", payload));
            Outcome.TimedOut late = ProcessTargetTest.late(() -> target.apply("spins", BRIEF));
            assertThat(late.inTheWay().getFirst().what()).matches("thread \\d+ \\(calls\\) runs in spins, at 0x\\w+");
            assertThat(late.observed()).isEqualTo(State.CHECKED);
            program.say("stop spinning");
            assertThat(program.read()).isEqualTo("ended 1");
            ProcessTargetTest.done(target.apply("spins", ApplyOptions.DEFAULT));
        }
    }

    @Test
    void aThreadThatRunsInTheNewFunctionKeepsItFromBeingRevertedAndUnloaded() throws Exception {
        Payload payload = of(
                "stays",
                "extern int hold(int); int new_add(int x) { return hold(x) + 10; } REPLACES(new_add, \"add\");");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ScenariosTest.load(target, "stays", payload);
            program.ask("start add 1");
            Outcome.TimedOut late = ProcessTargetTest.late(() -> target.revert("stays", BRIEF));
            assertThat(late.observed()).isEqualTo(State.APPLIED);
            assertThat(late.inTheWay().getFirst().what()).contains("will return into add");
            ProcessTargetTest.done(target.revert("stays", BYTES));
            assertThat(target.unload("stays", BRIEF)).isInstanceOf(Outcome.TimedOut.class);
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 11");
            unload(target, "stays");
            assertThat(program.ask("call add 1")).isEqualTo("2");
        }
    }

    @Test
    void whatAHandlerOnAStackOfItsOwnInterruptedIsFound() throws Exception {
        Path binary = Program.compile(folder, "calls.c", "signalled", "-ldl", "-DALTERNATE_STACK");
        String text = "int new_interrupted(int x) { return x + 10; } REPLACES(new_interrupted, \"interrupted\");";
        Payload payload = Program.payloadOf(folder, "signalled10.c", text, binary, "");
        try (Program program = Program.start(binary)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("signalled", payload));
            program.ask("start interrupted 1");
            Outcome.TimedOut late = ProcessTargetTest.late(() -> target.apply("signalled", BRIEF));
            assertThat(late.inTheWay().getFirst().what()).contains("will return into interrupted");
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 1");
            ProcessTargetTest.done(target.apply("signalled", ApplyOptions.DEFAULT));
            assertThat(program.ask("call interrupted 1")).isEqualTo("11");
        }
    }

    @Test
    void whatAThreadKeepsBelowItsStackPointerStays() {
        Payload payload = ten("add");
        try (Program program = Program.start(calls)) {
            program.ask("start red_zone 0");
            ProcessTarget target = program.target();
            for (int i = 0; i < 8; i++) {
                ScenariosTest.load(target, "red", payload);
                revert(target, "red");
                unload(target, "red");
            }
            assertThat(program.ask("call red_result 0")).isEqualTo("1");
        }
    }

    @Test
    void aQueueLosesNothingWhileItsFunctionIsPatchedAgainAndAgain() {
        Payload payload =
                of("queue", "int new_one_more(int x) { return 1 + x; } REPLACES(new_one_more, \"one_more\");");
        try (Program program = Program.start(calls)) {
            for (String what : List.of("produces", "consumes", "produces", "consumes")) {
                program.ask("start " + what + " 0");
            }
            ProcessTarget target = program.target();
            for (int i = 0; i < 10; i++) {
                ScenariosTest.load(target, "queue", payload);
                revert(target, "queue");
                unload(target, "queue");
            }
            assertThat(program.ask("call lost 0")).isEqualTo("0");
        }
    }

    @Test
    void threadsThatAreInTheDynamicLinkerAllTheTimeDoNotMatter() {
        Payload payload = ten("add");
        try (Program program = Program.start(calls)) {
            program.ask("start opens 0");
            program.ask("start opens 0");
            ProcessTarget target = program.target();
            for (int i = 0; i < 8; i++) {
                ScenariosTest.load(target, "linker", payload);
                assertThat(program.ask("call add 1")).isEqualTo("11");
                revert(target, "linker");
                unload(target, "linker");
            }
            int before = program.number("counter");
            assertThat(before).isPositive();
        }
    }

    @Test
    void memoryIsNeverWritableAndExecutableAndProtectedCodeStaysAsItWas() {
        Payload payload = of(
                "protect",
                "int variable = 1; const int constant = 2; int new_add(int x) { return x + variable++ + constant; }"
                        + " REPLACES(new_add, \"add\");");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ScenariosTest.load(target, "protect", payload);
            assertThat(program.ask("call add 1")).isEqualTo("4");
            assertThat(Mappings.read(program.pid()).all())
                    .noneMatch(it -> it.permissions().contains("wx"));
            assertThat(program.ask("call unprotects 0")).isEqualTo("0");
            List<Mapping> open = Mappings.read(program.pid()).all().stream()
                    .filter(it -> it.permissions().contains("wx"))
                    .toList();
            assertThat(open).isNotEmpty();
            revert(target, "protect");
            ScenariosTest.load(target, "unprotects", ten("unprotects"));
            assertThat(program.ask("call unprotects 0")).isEqualTo("10");
            assertThat(Mappings.read(program.pid())
                            .at(open.getFirst().start())
                            .orElseThrow()
                            .permissions())
                    .isEqualTo("rwxp");
        }
    }

    @Test
    void aThreadIsCancelledInANewFunction() {
        Payload payload = of(
                "cancel",
                "extern int hold(int); int new_add(int x) { return hold(x) + 10; } REPLACES(new_add, \"add\");");
        try (Program program = Program.start(calls)) {
            ScenariosTest.load(program.target(), "cancel", payload);
            program.ask("start add 1");
            assertThat(program.ask("cancel")).isEqualTo("cancelled");
            program.ask("start add 1");
            assertThat(program.ask("cancel")).isEqualTo("cancelled");
            revert(program.target(), "cancel");
            unload(program.target(), "cancel");
            assertThat(program.ask("call add 1")).isEqualTo("2");
        }
    }

    @Test
    void aFunctionThatIsSuspendedOnAStackOfItsOwnEndsInTheOldCode() {
        Path coroutines = Program.compile(folder, "calls.c", "coroutines", "-ldl", "-DCOROUTINES");
        Payload payload = Program.payloadOf(
                folder,
                "works.c",
                "int new_works(int x) { return x + 100; } REPLACES(new_works, \"works\");",
                coroutines,
                "");
        ApplyOptions inPlace = new ApplyOptions(Duration.ofSeconds(30), Policy.STACK, false, Map.of(), true);
        try (Program program = Program.start(coroutines)) {
            ProcessTarget target = program.target();
            assertThat(program.ask("call begins 5")).isEqualTo("5");
            // It is not found, and so its code must stay: what is written over it is a jump, whatever was asked for.
            ProcessTargetTest.done(target.upload("works", payload, inPlace));
            assertThat(target.payloads().getFirst().inPlace()).isEmpty();
            ProcessTargetTest.done(target.apply("works", ApplyOptions.DEFAULT));
            assertThat(program.ask("call resumes 0")).isEqualTo("6");
            assertThat(program.ask("call works 5")).isEqualTo("105");
        }
    }

    @Test
    void aProgramThatThrowsAllTheTimeIsToldOfPayloadsThatComeAndGo() throws IOException {
        Path throwing = Program.compile(folder, "throws.cc", "storm");
        Payload payload = Program.payloadOf(folder, "calm.cc", """
                #include <cstdio>
                extern "C" void fails(int);
                extern "C" void new_passes(int x) {
                    struct Guard { ~Guard() { std::printf("cleaned anew\\n"); } } guard;
                    __asm__ volatile("" ::: "memory");
                    fails(x);
                }
                REPLACES(new_passes, "passes");
                """, throwing, "");
        try (Program program = Program.start(throwing)) {
            assertThat(program.ask("storm")).isEqualTo("storming");
            ProcessTarget target = program.target();
            for (int i = 0; i < 6; i++) {
                ScenariosTest.load(target, "calm", payload);
                assertThat(List.of(program.ask("long line"), program.read()))
                        .containsExactly("cleaned anew", "caught too much");
                revert(target, "calm");
                unload(target, "calm");
                assertThat(List.of(program.ask("long line"), program.read()))
                        .containsExactly("cleaned", "caught too much");
            }
        }
    }

    @Test
    void whatIsNotThereIsRefusedAndNothingChanges() {
        Payload missing = of("gone", "int new_add(int x) { return x; } REPLACES(new_add, \"add\");");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ScenariosTest.load(target, "there", missing);
            assertThat(refusal(target.revert("nowhere", ApplyOptions.DEFAULT)))
                    .contains("the process has no payload of that name");
            assertThat(refusal(target.unload("there", ApplyOptions.DEFAULT))).contains("it is applied");
            assertThat(refusal(target.apply("there", ApplyOptions.DEFAULT))).contains("it is applied");
            assertThat(refusal(target.upload("there", missing))).contains("the process has a payload of that name");
            assertThat(refusal(target.upload("again", missing))).contains("the process has it already, as there");
            assertThat(program.ask("call add 1")).isEqualTo("1");
            revert(target, "there");
            assertThat(refusal(target.revert("there", ApplyOptions.DEFAULT))).contains("it is not applied");
        }
    }

    @Test
    void aFunctionThatTheProgramDoesNotHaveIsNamed() throws IOException {
        of("named", "int new_add(int x) { return x; } REPLACES(new_add, \"add\");");
        byte[] bytes = Files.readAllBytes(folder.resolve("named.livepatch"));
        String text = new String(bytes, StandardCharsets.ISO_8859_1).replace("add\0", "adx\0");
        Path changed = Files.write(folder.resolve("adx.livepatch"), text.getBytes(StandardCharsets.ISO_8859_1));
        try (Program program = Program.start(calls)) {
            assertThat(refusal(program.target().upload("adx", Program.read(changed))))
                    .contains("adx: refused: calls has no function of that name, or several");
        }
    }
}
