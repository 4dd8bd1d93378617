package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import dev.suture.target.Policy;
import dev.suture.target.State;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the test suites of other live patching tools try, tried here. */
class ScenariosTest {
    private static final String THOUSAND =
            "extern int counter; int new_answer(int x) { counter++; return x + %d; } REPLACES(new_answer, \"answer\");";
    private static final ApplyOptions SHORT = new ApplyOptions(Duration.ofMillis(150), Policy.STACK, false, Map.of());

    @TempDir
    private static Path folder;

    private static Path server;

    @BeforeAll
    static void compile() {
        server = Program.compile(folder, "server.c", "scenarios");
    }

    private static Payload of(String name, String text) {
        return Program.payloadOf(folder, name + ".c", text, server, "");
    }

    static void load(ProcessTarget target, String name, Payload payload) {
        ProcessTargetTest.done(target.upload(name, payload));
        ProcessTargetTest.done(target.apply(name, ApplyOptions.DEFAULT));
    }

    private static String refusal(Outcome outcome) {
        assertThat(outcome).isInstanceOf(Outcome.Refused.class);
        return ((Outcome.Refused) outcome).refusals().getFirst().text();
    }

    @Test
    void aStaticFunctionIsNamedByItsFileAndUsesTheStaticVariable() {
        Payload payload = of("static", """
                extern int hidden__of__server;
                int new_secret(int x) { return hidden__of__server * 100 + x; }
                REPLACES(new_secret, "server.c#secret");
                """);
        try (Program program = Program.start(server)) {
            assertThat(program.ask("secret")).isEqualTo("42");
            load(program.target(), "static", payload);
            assertThat(program.ask("secret")).isEqualTo("4002");
        }
    }

    @Test
    void aThreadLocalVariableIsTheThreadsOwn() {
        Payload payload = of(
                "tls",
                "extern __thread int of_thread; int new_tail(int x) { return x + of_thread++; }"
                        + " REPLACES(new_tail, \"tail\");");
        try (Program program = Program.start(server)) {
            load(program.target(), "tls", payload);
            assertThat(program.ask("tail")).isEqualTo("12");
            assertThat(program.ask("thread")).isEqualTo("8");
        }
    }

    @Test
    void whatIsCalledInOtherLibrariesIsFoundThoughItIsFarAwayOrChosenAtRunTime() {
        Payload payload = of("libc", """
                #include <stdio.h>
                #include <stdlib.h>
                #include <string.h>
                #include <unistd.h>
                volatile int length = 5;
                int new_tail(int x) {
                    char *a = malloc(100);
                    memset(a, 'x', length);
                    a[length] = 0;
                    fprintf(stderr, "%s", strchr(a, 'x') == a ? "" : "wrong");
                    int n = (int)strlen(a);
                    free(a);
                    return n * 100 + x + (getpid() > 0);
                }
                REPLACES(new_tail, "tail");
                """);
        try (Program program = Program.start(server)) {
            load(program.target(), "libc", payload);
            assertThat(program.ask("tail")).isEqualTo("506");
        }
    }

    @Test
    void aThreadThatIsInTheFunctionIsNamedAndLaterWaitedFor() throws Exception {
        Payload payload = of("linger", "int new_linger(int x) { return x + 50; } REPLACES(new_linger, \"linger\");");
        try (Program program = Program.start(server)) {
            program.ask("linger");
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("linger", payload));

            Outcome outcome =
                    target.apply("linger", new ApplyOptions(Duration.ofSeconds(2), Policy.STACK, false, Map.of()));

            assertThat(outcome).isInstanceOf(Outcome.TimedOut.class);
            Outcome.TimedOut late = (Outcome.TimedOut) outcome;
            assertThat(late.observed()).isEqualTo(State.CHECKED);
            assertThat(late.inTheWay().getFirst().what())
                    .matches("thread \\d+ \\(\\S+\\) will return into linger, to 0x\\w+");
            assertThat(late.cost().attempts()).as("who sleeps is not stopped").isZero();
            ProcessTargetTest.done(
                    target.apply("linger", new ApplyOptions(Duration.ofSeconds(5), Policy.BYTES, false, Map.of())));
        }
    }

    @Test
    void aFunctionInTheMidstOfARecursionIsPatchedWhenItHasEnded() throws Exception {
        Payload payload = of(
                "deep",
                "extern int deep(int); int new_deep(int n) { return n == 0 ? 1000 : deep(n - 1); }"
                        + " REPLACES(new_deep, \"deep\");");
        try (Program program = Program.start(server)) {
            program.ask("deep");
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("deep", payload));
            assertThat(target.apply("deep", SHORT)).isInstanceOf(Outcome.TimedOut.class);
            program.say("leave");
            assertThat(program.read()).isEqualTo("deep 21");
            ProcessTargetTest.done(target.apply("deep", ApplyOptions.DEFAULT));
            program.say("deep");
            assertThat(List.of(program.read(), program.read())).containsExactlyInAnyOrder("deep 1000", "ok");
        }
    }

    @Test
    void aFunctionAtTheFarEndOfALongStackIsSeen() throws Exception {
        Payload payload = of("outer", "int new_outer(int n) { return n; } REPLACES(new_outer, \"outer\");");
        try (Program program = Program.start(server)) {
            program.ask("outer");
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("outer", payload));
            Outcome outcome = target.apply("outer", SHORT);
            assertThat(outcome)
                    .isInstanceOfSatisfying(
                            Outcome.TimedOut.class,
                            it -> assertThat(it.inTheWay())
                                    .singleElement()
                                    .satisfies(refusal ->
                                            assertThat(refusal.what()).contains("will return into outer")));
            program.say("leave");
            assertThat(program.read()).isEqualTo("outer 20002");
            ProcessTargetTest.done(target.apply("outer", ApplyOptions.DEFAULT));
        }
    }

    @Test
    void threadsAreBornAndDieMeanwhile() {
        Payload payload = of("births", THOUSAND.formatted(1000));
        try (Program program = Program.start(server)) {
            program.ask("births 4");
            for (int i = 0; i < 10; i++) {
                load(program.target(), "births", payload);
                assertThat(program.ask("answer")).isEqualTo("1001");
                ProcessTargetTest.done(program.target().revert("births", ApplyOptions.DEFAULT));
                ProcessTargetTest.done(program.target().unload("births", ApplyOptions.DEFAULT));
            }
            assertThat(program.ask("answer")).isEqualTo("2");
        }
    }

    @Test
    void aChildIsPatchedLikeItsParent() throws Exception {
        try (Program program = Program.start(server)) {
            load(program.target(), "fork", of("fork", THOUSAND.formatted(1000)));
            program.say("fork");
            assertThat(program.read()).isEqualTo("child 1001");
        }
    }

    @Test
    void payloadsAreStackedByBuildIdAndReplacedInOneStop() {
        Payload first = of("first", THOUSAND.formatted(1000));
        Payload second = Program.payloadOf(
                folder,
                "second.c",
                THOUSAND.formatted(2000),
                server,
                first.buildId().orElseThrow());
        Payload third = of("third", THOUSAND.formatted(3000));
        try (Program program = Program.start(server)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("second", second));
            assertThat(refusal(target.apply("second", ApplyOptions.DEFAULT))).contains("it is to be stacked on");
            load(target, "first", first);
            ProcessTargetTest.done(target.apply("second", ApplyOptions.DEFAULT));
            assertThat(program.ask("answer")).isEqualTo("2001");
            assertThat(refusal(target.revert("first", ApplyOptions.DEFAULT)))
                    .contains("second is applied on top of it");
            ProcessTargetTest.done(target.upload("third", third));
            assertThat(refusal(target.apply("third", ApplyOptions.DEFAULT))).contains("(second)");
            ProcessTargetTest.done(target.replace("third", ApplyOptions.DEFAULT));
            assertThat(program.ask("answer")).isEqualTo("3001");
            assertThat(target.payloads().getFirst().name()).isEqualTo("third");
            ProcessTargetTest.done(target.revert("third", ApplyOptions.DEFAULT));
            assertThat(program.ask("answer")).isEqualTo("2");
            ProcessTargetTest.done(
                    target.apply("second", new ApplyOptions(Duration.ofSeconds(5), Policy.STACK, true, Map.of())));
            assertThat(program.ask("answer")).isEqualTo("2001");
        }
    }

    @Test
    void hooksRunAroundApplyAndRevertAndMaySayNo() {
        Payload payload = of("hooks", """
                extern int counter;
                int veto = 1;
                int before(void *p) { counter += 1000; return veto; }
                void on_load(void) { counter += 10000; }
                void after(void *p) { counter += 100000; }
                void on_unload(void) { counter += 1000000; }
                int new_answer(int x) { return x + 1000; }
                REPLACES(new_answer, "answer");
                HOOK(preapply, before);
                HOOK(load, on_load);
                HOOK(postapply, after);
                HOOK(unload, on_unload);
                """);
        try (Program program = Program.start(server)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("hooks", payload));
            assertThat(refusal(target.apply("hooks", ApplyOptions.DEFAULT))).contains("its preapply hook says no (1)");
            assertThat(program.ask("counter")).isEqualTo("1100");
            ProcessTargetTest.done(target.apply(
                    "hooks", new ApplyOptions(Duration.ofSeconds(5), Policy.STACK, false, Map.of("veto", "0"))));
            assertThat(program.ask("counter")).isEqualTo("112100");
            ProcessTargetTest.done(target.revert("hooks", ApplyOptions.DEFAULT));
            assertThat(program.ask("counter")).isEqualTo("1112100");
            assertThat(refusal(target.apply(
                            "hooks", new ApplyOptions(Duration.ofSeconds(5), Policy.STACK, false, Map.of("no", "1")))))
                    .contains("it has no variable no that can be set");
        }
    }

    @Test
    void aHookThatCrashesLeavesTheProgramAsItWas() {
        Payload payload = of(
                "crash",
                "void on_load(void) { *(volatile int *)8 = 1; } int new_answer(int x) { return x + 1000; }"
                        + " REPLACES(new_answer, \"answer\"); HOOK(load, on_load);");
        try (Program program = Program.start(server)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("crash", payload));
            assertThatThrownBy(() -> target.apply("crash", ApplyOptions.DEFAULT))
                    .hasMessageContaining("code of the payload failed with signal 11");
            assertThat(program.ask("answer")).isEqualTo("2");
            assertThat(target.payloads().getFirst().state()).isEqualTo(State.CHECKED);
        }
    }

    @Test
    void aLibraryIsPatchedWithItsThreadLocalAndItsCopiedVariables() {
        Path library = Program.compile(folder, "library.c", "libtried.so", "-shared", "-fPIC");
        Path uses = Program.compile(folder, "uses.c", "uses", "-L.", "-ltried");
        Payload payload = Program.payloadOf(folder, "inlibrary.c", """
                extern __thread int own_thread;
                extern int shared;
                extern int count__of__library;
                int new_in(int x) { count__of__library += 5; return x + 100 * own_thread + 1000 * shared; }
                int new_inner(int x) { return x + 70; }
                REPLACES(new_in, "in_library");
                REPLACES(new_inner, "library.c#inner");
                """, library, "");
        try (Program program = Program.start(uses)) {
            assertThat(program.ask("shared")).isEqualTo("shared 11");
            load(program.target(), "inlibrary", payload);
            assertThat(program.ask("in")).isEqualTo("12501");
            assertThat(program.ask("count")).isEqualTo("5");
            assertThat(program.ask("outer")).isEqualTo("73");
        }
    }

    @Test
    void exceptionsGoThroughAReplacedFunction() throws IOException {
        Path binary = Program.compile(folder, "throws.cc", "throws");
        Payload payload = Program.payloadOf(folder, "passes.cc", """
                #include <cstdio>
                extern "C" void fails(int);
                extern "C" void new_passes(int x) {
                    struct Guard { ~Guard() { std::printf("cleaned anew\\n"); } } guard;
                    __asm__ volatile("" ::: "memory");
                    fails(x);
                }
                REPLACES(new_passes, "passes");
                """, binary, "");
        try (Program program = Program.start(binary)) {
            assertThat(List.of(program.ask("long line"), program.read())).containsExactly("cleaned", "caught too much");
            load(program.target(), "passes", payload);
            assertThat(List.of(program.ask("long line"), program.read()))
                    .containsExactly("cleaned anew", "caught too much");
            ProcessTargetTest.done(program.target().revert("passes", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(program.target().unload("passes", ApplyOptions.DEFAULT));
            assertThat(List.of(program.ask("long line"), program.read())).containsExactly("cleaned", "caught too much");
        }
    }

    @Test
    void signalsAreDeliveredAndAStoppedJobStaysStopped() throws Exception {
        Payload payload = of("signals", THOUSAND.formatted(1000));
        try (Program program = Program.start(server)) {
            program.ask("loops 1");
            Thread sender = new Thread(() -> {
                for (int i = 0; i < 40; i++) {
                    kill("-USR1", program.pid());
                }
            });
            sender.start();
            for (int i = 0; i < 5; i++) {
                load(program.target(), "signals", payload);
                ProcessTargetTest.done(program.target().revert("signals", ApplyOptions.DEFAULT));
                ProcessTargetTest.done(program.target().unload("signals", ApplyOptions.DEFAULT));
            }
            sender.join();
            assertThat(program.number("signals")).isBetween(1, 40);
        }
        try (Program program = Program.start(server)) {
            kill("-STOP", program.pid());
            load(program.target(), "signals", payload);
            // It is let go into its stop, which takes the kernel a moment.
            for (int i = 0; i < 500 && ProcStatus.read(program.pid()).state() != 'T'; i++) {
                Thread.sleep(10);
            }
            assertThat(ProcStatus.read(program.pid()).state()).isEqualTo('T');
            kill("-CONT", program.pid());
            assertThat(program.ask("answer")).isEqualTo("1001");
        }
    }

    private static void kill(String signal, int pid) {
        // A shell's own: the program of that name is not on every machine.
        Program.run(folder, List.of("sh", "-c", "kill %s %d".formatted(signal, pid)));
    }

    @Test
    void aBinaryThatIsDeletedIsPatchedAllTheSame() throws IOException {
        Path copy = Files.copy(server, folder.resolve("deleted"));
        Payload payload = of("deleted", THOUSAND.formatted(1000));
        try (Program program = Program.start(copy)) {
            Files.delete(copy);
            load(program.target(), "deleted", payload);
            assertThat(program.ask("answer")).isEqualTo("1001");
        }
    }

    @Test
    void aStrippedBinaryNeedsItsDebugFile() {
        Path stripped = folder.resolve("stripped");
        Program.run(folder, List.of("objcopy", "--only-keep-debug", server.toString(), "stripped.debug"));
        Program.run(
                folder,
                List.of("objcopy", "--strip-all", "--add-gnu-debuglink=stripped.debug", server.toString(), "stripped"));
        Payload payload =
                of("hiddenone", "int new_secret(int x) { return 4; } REPLACES(new_secret, \"server.c#secret\");");
        try (Program program = Program.start(stripped)) {
            load(program.target(), "hiddenone", payload);
            assertThat(program.ask("secret")).isEqualTo("4");
        }
        Program.run(folder, List.of("rm", "stripped.debug"));
        try (Program program = Program.start(stripped)) {
            assertThat(refusal(program.target().upload("hiddenone", payload)))
                    .contains("has no symbol table, and none was found in")
                    .contains("stripped.debug");
        }
    }

    @Test
    void whatDoesNotFitIsRefusedWithAReason() {
        Path other = Program.compile(folder, "server.c", "other", "-O1");
        Payload forOther = Program.payloadOf(folder, "other.c", THOUSAND.formatted(1), other, "");
        Payload missing = of(
                "missing",
                "extern int nowhere(int); int new_answer(int x) { return nowhere(x); }"
                        + " REPLACES(new_answer, \"answer\");");
        Payload local = of(
                "local",
                "__thread int mine; int new_answer(int x) { return mine++ + x; }"
                        + " REPLACES(new_answer, \"answer\");");
        try (Program program = Program.start(server)) {
            assertThat(refusal(program.target().upload("other", forOther)))
                    .contains("it is for a program or library with build id");
            assertThat(refusal(program.target().upload("missing", missing)))
                    .contains("it needs nowhere, and nothing in the process has that");
            assertThat(refusal(program.target().upload("local", local)))
                    .contains("it has 4 bytes of new thread-local variables");
            assertThat(program.target().payloads()).isEmpty();
        }
    }
}
