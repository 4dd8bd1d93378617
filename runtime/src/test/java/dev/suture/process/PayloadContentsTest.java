package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.LoadedPayload;
import dev.suture.target.Outcome;
import dev.suture.target.Policy;
import dev.suture.target.State;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a payload may hold besides functions that get a jump: no-ops, expectations, hooks, parameters, metadata. */
class PayloadContentsTest {
    private static final ApplyOptions SHORT = new ApplyOptions(Duration.ofMillis(150), Policy.STACK, false, Map.of());

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

    private static ApplyOptions with(Map<String, String> parameters) {
        return new ApplyOptions(Duration.ofSeconds(30), Policy.STACK, false, parameters);
    }

    private static String refusal(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Outcome.Refused.class);
        return ((Outcome.Refused) outcome).refusals().getFirst().text();
    }

    @Test
    void instructionsAreTakenOutAndPutBack() {
        Payload payload = of("out", "TAKES_OUT(first, \"guarded\", 6);");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            assertThat(program.ask("call guarded 1")).isEqualTo("1002");
            ScenariosTest.load(target, "out", payload);
            assertThat(program.ask("call guarded 1")).isEqualTo("2");
            ProcessTargetTest.done(target.revert("out", ApplyOptions.DEFAULT));
            assertThat(program.ask("call guarded 1")).isEqualTo("1002");
        }
    }

    @Test
    void whatIsTakenOutComesBackOnlyWhenNobodyIsInTheFunction() throws Exception {
        Payload payload = of("held", "TAKES_OUT(first, \"guarded_holds\", 6);");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ScenariosTest.load(target, "held", payload);
            program.ask("start guarded_holds 1");
            Outcome late = target.revert("held", SHORT);
            assertThat(late).isInstanceOf(Outcome.TimedOut.class);
            assertThat(((Outcome.TimedOut) late).inTheWay().getFirst().what())
                    .contains("will return into guarded_holds");
            program.say("release");
            assertThat(program.read()).isEqualTo("ended 1");
            ProcessTargetTest.done(target.revert("held", ApplyOptions.DEFAULT));
        }
    }

    @Test
    void noMoreIsTakenOutThanThereIsAndAFunctionTooShortForAJumpIsLongEnoughForNoOps() {
        Payload tooMuch = of("toomuch", "TAKES_OUT(first, \"guarded\", 100);");
        Payload tiny = of("tinyout", "TAKES_OUT(first, \"tiny\", 3);");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            assertThat(refusal(target.upload("toomuch", tooMuch))).contains("more is to be taken out than there is");
            assertThat(target.payloads()).isEmpty();
            ScenariosTest.load(target, "tinyout", tiny);
            ProcessTargetTest.done(target.revert("tinyout", ApplyOptions.DEFAULT));
            assertThat(program.ask("call tiny 1")).isEqualTo("2");
        }
    }

    @Test
    void codeThatIsNotAsThePayloadExpectsIsNotTouched() {
        Payload right = of(
                "right",
                "int counter; int before(void *p) { return 0; } int new_it(int x) { return x; }"
                        + " EXPECTS(new_it, \"guarded\", 6, 0x81, 0xc7, 0xe8, 0x03, 0x00, 0x00);");
        Payload wrong = of(
                "wrong",
                "extern int counter; int before(void *p) { counter++; return 0; } int new_it(int x) { return x; }"
                        + " HOOK(preapply, before);"
                        + " EXPECTS(new_it, \"guarded\", 6, 0x81, 0xc7, 0xe7, 0x03, 0x00, 0x00);");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("wrong", wrong));
            assertThat(refusal(target.apply("wrong", ApplyOptions.DEFAULT)))
                    .contains("starts with 81c7e8030000, and the payload expects 81c7e7030000");
            assertThat(program.ask("counter")).as("the hook was not called").isEqualTo("0");
            ScenariosTest.load(target, "right", right);
            assertThat(program.ask("call guarded 5")).isEqualTo("5");
        }
    }

    @Test
    void whatIsExpectedIsLookedForWhenThePayloadIsAppliedNotBefore() {
        Payload below = of("below", "TAKES_OUT(first, \"guarded\", 6);");
        Payload above = of(
                "above",
                "int new_it(int x) { return x; } EXPECTS(new_it, \"guarded\", 4, 0x66, 0x0f, 0x1f, 0x44);",
                below.buildId().orElseThrow());
        Payload instead =
                of("instead", "int new_it(int x) { return x + 7; } EXPECTS(new_it, \"guarded\", 2, 0x81, 0xc7);");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("above", above));
            ProcessTargetTest.done(target.upload("instead", instead));
            ScenariosTest.load(target, "below", below);
            ProcessTargetTest.done(target.apply("above", ApplyOptions.DEFAULT));
            assertThat(program.ask("call guarded 5")).isEqualTo("5");
            // After all was reverted the code is as the file has it.
            ProcessTargetTest.done(target.replace("instead", ApplyOptions.DEFAULT));
            assertThat(program.ask("call guarded 5")).isEqualTo("12");
        }
    }

    private static final String EIGHT_HOOKS = """
            extern int counter;
            int veto_apply, veto_revert;
            static void note(int digit) { counter = counter * 10 + digit; }
            int before(void *p) { note(1); return veto_apply; }
            void loaded(void) { note(2); }
            int applied(void *p) { note(3); return 0; }
            void after(void *p) { note(4); }
            int before_revert(void *p) { note(5); return veto_revert; }
            int reverted(void *p) { note(6); return 0; }
            void unloaded(void) { note(7); }
            void after_revert(void *p) { note(8); }
            int new_add(int x) { return x + 10; }
            REPLACES(new_add, "add");
            HOOK(preapply, before); HOOK(load, loaded); HOOK(apply, applied); HOOK(postapply, after);
            HOOK(prerevert, before_revert); HOOK(revert, reverted); HOOK(unload, unloaded);
            HOOK(postrevert, after_revert);
            """;

    @Test
    void hooksOfAllEightKindsRunInOrderAndTwoOfThemMaySayNo() {
        Payload payload = of("eight", EIGHT_HOOKS);
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("eight", payload));
            assertThat(refusal(target.apply("eight", with(Map.of("veto_apply", "-3")))))
                    .contains("its preapply hook says no (-3)");
            assertThat(program.ask("counter")).isEqualTo("1");
            ProcessTargetTest.done(target.apply("eight", with(Map.of("veto_apply", "0", "veto_revert", "2"))));
            assertThat(program.ask("counter")).isEqualTo("11234");
            assertThat(refusal(target.revert("eight", ApplyOptions.DEFAULT)))
                    .contains("its prerevert hook says no (2)");
            assertThat(program.ask("call add 1")).isEqualTo("11");
            assertThat(target.payloads().getFirst().state()).isEqualTo(State.APPLIED);
            // The variable of the payload lives on: who has the memory may let it go.
            assertThat(refusal(target.unload("eight", ApplyOptions.DEFAULT))).contains("it is applied");
        }
    }

    @Test
    void hooksOfWhatIsRevertedAndOfWhatIsAppliedRunWhenOneReplacesTheOther() {
        Payload first = of("one", EIGHT_HOOKS);
        Payload second = of(
                "two",
                "extern int counter; void loaded(void) { counter = counter * 10 + 9; }"
                        + " int new_add(int x) { return x + 20; } REPLACES(new_add, \"add\"); HOOK(load, loaded);");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ScenariosTest.load(target, "one", first);
            ProcessTargetTest.done(target.upload("two", second));
            ProcessTargetTest.done(target.replace("two", ApplyOptions.DEFAULT));
            assertThat(program.ask("counter")).isEqualTo("123456978");
            assertThat(program.ask("call add 1")).isEqualTo("21");
        }
    }

    @Test
    void aPayloadOfHooksAloneIsAppliedAndReverted() {
        Payload payload = of(
                "alone",
                "extern int counter; void loaded(void) { counter += 5; } void unloaded(void) { counter -= 3; }"
                        + " HOOK(load, loaded); HOOK(unload, unloaded);");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ScenariosTest.load(target, "alone", payload);
            assertThat(program.ask("counter")).isEqualTo("5");
            assertThat(target.payloads().getFirst().state()).isEqualTo(State.APPLIED);
            ProcessTargetTest.done(target.revert("alone", ApplyOptions.DEFAULT));
            assertThat(program.ask("counter")).isEqualTo("2");
        }
    }

    @Test
    void aHookThatNeverComesBackIsGivenUpAndNothingIsApplied() {
        Payload payload = of(
                "forever",
                "void loaded(void) { for (;;) __asm__ volatile(\"pause\"); } int new_add(int x) { return x + 10; }"
                        + " REPLACES(new_add, \"add\"); HOOK(load, loaded);");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("forever", payload));
            org.assertj.core.api.Assertions.assertThatThrownBy(() -> target.apply("forever", ApplyOptions.DEFAULT))
                    .hasMessageContaining("did not come back within 2 s");
            assertThat(program.ask("call add 1")).isEqualTo("2");
            ProcessTargetTest.done(target.unload("forever", ApplyOptions.DEFAULT));
        }
    }

    @Test
    void parametersOfEachWidthAreSet() {
        Payload payload = of("set", """
                signed char c = 1; unsigned short s = 2; int i = 3; unsigned long l = 4; char text[20] = "old";
                static volatile int hidden = 5;
                const int fixed = 6;
                int new_add(int which) {
                    switch (which) {
                    case 0: return c; case 1: return s; case 2: return i; case 3: return l == ~0ul ? 1 : (int)l;
                    case 4: return text[0] * 1000 + text[1]; case 5: return hidden; default: return fixed;
                    }
                }
                REPLACES(new_add, "add");
                """);
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("set", payload));
            for (Map<String, String> bad : java.util.List.of(
                    Map.of("c", "256"),
                    Map.of("c", "-129"),
                    Map.of("s", "65536"),
                    Map.of("i", "4294967296"),
                    Map.of("l", "18446744073709551616"),
                    Map.of("i", "many"),
                    Map.of("text", "twenty characters!!!"))) {
                assertThat(refusal(target.apply("set", with(bad))))
                        .as(bad.toString())
                        .contains("does not fit its");
            }
            assertThat(refusal(target.apply("set", with(Map.of("fixed", "1")))))
                    .contains("it has no variable fixed that can be set");
            ProcessTargetTest.done(target.apply(
                    "set",
                    with(Map.of(
                            "c",
                            "-2",
                            "s",
                            "0xfffe",
                            "i",
                            "-70000",
                            "l",
                            "18446744073709551615",
                            "text",
                            "AB",
                            "hidden",
                            "55"))));
            assertThat(program.ask("call add 0")).isEqualTo("-2");
            assertThat(program.ask("call add 1")).isEqualTo("65534");
            assertThat(program.ask("call add 2")).isEqualTo("-70000");
            assertThat(program.ask("call add 3")).isEqualTo("1");
            assertThat(program.ask("call add 4")).isEqualTo("65066");
            assertThat(program.ask("call add 5")).isEqualTo("55");
        }
    }

    @Test
    void metadataAndWhatIsReplacedAreToldByTheProcess() {
        Payload payload = of(
                "told",
                "int new_add(int x) { return x; } REPLACES(new_add, \"add\");"
                        + " METADATA(\"cve=CVE-2026-1\\0author=somebody\");");
        try (Program program = Program.start(calls)) {
            ScenariosTest.load(program.target(), "told", payload);
            LoadedPayload told = program.target().payloads().getFirst();
            assertThat(told.metadata()).containsExactly("cve=CVE-2026-1", "author=somebody");
            assertThat(told.functions()).containsExactly("add");
            assertThat(told.inPlace()).isEmpty();
            assertThat(told.buildId()).isEqualTo(payload.buildId().orElseThrow());
            assertThat(told.depends()).isEqualTo(payload.depends().orElseThrow());
        }
    }

    @Test
    void onTopOfSomethingElseItGoesOnlyWhenTheUserSaysThatItDoesNotMatter() {
        Payload payload = of("nodeps", "int new_add(int x) { return x + 10; } REPLACES(new_add, \"add\");", "0123");
        try (Program program = Program.start(calls)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("nodeps", payload));
            assertThat(refusal(target.apply("nodeps", ApplyOptions.DEFAULT)))
                    .contains("it is to be stacked on 0123")
                    .contains("--nodeps");
            ProcessTargetTest.done(
                    target.apply("nodeps", new ApplyOptions(Duration.ofSeconds(30), Policy.STACK, true, Map.of())));
            assertThat(program.ask("call add 1")).isEqualTo("11");
        }
    }
}
