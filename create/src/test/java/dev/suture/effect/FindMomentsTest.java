package dev.suture.effect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.effect.ProgramCode.Part;
import dev.suture.image.Image;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who starts what, in a program of one file, and in a hypervisor. */
class FindMomentsTest {
    private static final String PROGRAM = """
            #include <pthread.h>
            #include <signal.h>
            #include <stdlib.h>
            #include <unistd.h>
            #define PLAIN __attribute__((noipa))
            int state;
            PLAIN void setup(int x) { state = x; }
            PLAIN void argument(int x) { state += x; }
            PLAIN void step(int x) { state ^= x; }
            PLAIN void deep(int x) { state -= x; }
            PLAIN void once_below(int x) { deep(x); }
            PLAIN void on_signal(int x) { state = x; }
            PLAIN void *worker(void *unused) { for (;;) step(1); return unused; }
            PLAIN void never(int x) { if (x) abort(); exit(1); }
            PLAIN int recursive(int x) { return x < 2 ? 1 : x * recursive(x - 1); }
            __attribute__((constructor)) PLAIN void made_first(void) { state = 1; }
            __attribute__((constructor)) PLAIN void made_twice(void) { state = 2; }
            __attribute__((destructor)) PLAIN void at_the_end(void) { state = 3; }
            PLAIN int choose(int x)
            {
                switch (x) {
                case 0: return state; case 1: state = 5; break; case 2: return 7; case 3: state++; break;
                case 4: never(x); break; case 5: return 9; default: step(x);
                }
                return 0;
            }
            PLAIN void in_child(int x) { state = x; }
            PLAIN void line(int x) { state += 2 * x; }
            PLAIN void config(int x) { while (x-- > 0) line(x); }
            PLAIN void clone(int x) { state += 3 * x; }
            PLAIN void after_clones(int x) { state += 5 * x; }
            void errx(int);
            PLAIN void report(int x) { errx(x); }
            PLAIN int accept_all(void) { for (;;) if (fork() == 0) return 1; else usleep(1); }
            int main(int count, char **words)
            {
                pthread_t thread;
                setup(count);
                for (int i = 0; i < count; i++) argument(i);
                once_below(recursive(count));
                config(count);
                while (count > 5) clone(count--);
                after_clones(count);
                signal(SIGUSR1, on_signal);
                pthread_create(&thread, 0, worker, 0);
                if (count == 77 && accept_all()) in_child(1);
                for (;;) { choose(state); if (state == 99) made_twice(); if (state == 98) report(1); }
            }
            """;

    @TempDir
    private static Path directory;

    private static Image image;
    private static CallGraph graph;

    @BeforeAll
    static void compile() throws IOException, InterruptedException {
        Files.writeString(directory.resolve("p.c"), PROGRAM);
        Files.writeString(directory.resolve("e.c"), "int last; void errx(int x) { last = x; }");
        gcc("-shared", "-fPIC", "e.c", "-o", "libe.so");
        gcc("-pthread", "p.c", "-o", "p", "-L.", "-le");
        image = Image.openProgram(directory.resolve("p"), Optional.empty());
        graph = CallGraph.of(image);
    }

    private static void gcc(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("gcc", "-O2", "-Wl,--build-id"));
        command.addAll(List.of(arguments));
        Process gcc = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(gcc.waitFor()).as(said).isZero();
    }

    private static Part part(String function) {
        return graph.code().with(image.find(function).orElseThrow().address()).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "setup, AT_START",
        "argument, AT_START",
        "deep, AT_START",
        "recursive, AT_START",
        "line, AGAIN",
        "after_clones, AT_START",
        "main, AT_START",
        "made_first, AT_START",
        "made_twice, AGAIN",
        "at_the_end, AGAIN",
        "step, AGAIN",
        "choose, AGAIN",
        "on_signal, AGAIN",
        "worker, AGAIN",
        "in_child, AGAIN",
        "never, AGAIN"
    })
    void aFunctionRunsAgainIfALoopAPointerOrAForkLeadsToIt(String function, FindMoments.Reach reach) {
        assertThat(new FindMoments(image, graph).of(part(function).start()).reach())
                .isEqualTo(reach);
    }

    @Test
    void whatTheEntryCodeStartsIsMainWhateverItIsCalled() {
        FindMoments moments = new FindMoments(image, graph);
        assertThat(moments.isOnlyFirst(part("main").start())).isTrue();
        assertThat(moments.isFirst(part("setup").start())).isFalse();
        assertThat(JudgeEffect.of(image, AcceptedEffects.NONE).onlyAtStart())
                .contains("made_first")
                .doesNotContain("main", "made_twice", "setup");
    }

    @ParameterizedTest
    @CsvSource({
        "worker, false, true",
        "main, false, true",
        "never, false, false",
        "report, true, false",
        "choose, true, false",
        "step, true, false"
    })
    void aFunctionThatNeverReturnsRunsForEverIfItHasALoopWithoutAWayOut(
            String function, boolean mayReturn, boolean isEndless) {
        Body body = graph.body(part(function));
        assertThat(body.isComplete()).isTrue();
        assertThat(body.mayReturn()).isEqualTo(mayReturn);
        assertThat(body.endlessLoop().isPresent()).isEqualTo(isEndless);
    }

    @Test
    void whatMainMayHaveLeftIsSaid() throws IOException, InterruptedException {
        Files.writeString(directory.resolve("q.c"), """
                #include <stdio.h>
                #include <stdlib.h>
                #define PLAIN __attribute__((noipa))
                int state;
                PLAIN void option(const char *word) { state += atoi(word); }
                PLAIN void file(const char *word) { option(word); while (*word++) option(word); }
                PLAIN void row(int x) { state += x; }
                PLAIN void serve(const char *line) { printf("%d\\n", state + atoi(line)); }
                int main(int count, char **words)
                {
                    char line[80];
                    for (int i = 0; i < count; i++) option(words[i]);
                    file("12");
                    row(1); row(count); row(3); row(4);
                    while (fgets(line, sizeof line, stdin)) serve(line);
                    return 0;
                }
                """);
        gcc("q.c", "-o", "q");
        Image other = Image.openProgram(directory.resolve("q"), Optional.empty());
        FindMoments moments = new FindMoments(other, CallGraph.of(other));
        for (String function : List.of("option", "row")) {
            assertThat(moments.of(other.find(function).orElseThrow().address()))
                    .as(function)
                    .extracting(FindMoments.Found::reach, FindMoments.Found::leaving)
                    .containsExactly(FindMoments.Reach.AGAIN, List.of("main"));
        }
        assertThat(moments.of(other.find("file").orElseThrow().address()).reach())
                .isEqualTo(FindMoments.Reach.AT_START);
        assertThat(moments.of(other.find("serve").orElseThrow().address()))
                .extracting(FindMoments.Found::reach, FindMoments.Found::leaving)
                .containsExactly(FindMoments.Reach.AGAIN, List.of());
    }

    @ParameterizedTest
    @CsvSource({"fork, AGAIN", "vfork, AGAIN", "getppid, AT_START"})
    void aStaticProgramsForksAreFoundByWhatTheyAskOfTheKernel(String call, FindMoments.Reach reach)
            throws IOException, InterruptedException {
        Files.writeString(directory.resolve("s.c"), """
                #include <unistd.h>
                int state;
                __attribute__((noipa)) void behind(int x) { state += x; }
                __attribute__((noipa)) void note(int x) { state += x; }
                __attribute__((noipa)) int next(void)
                {
                    for (;;) if (%s() == 0) return 1; else note(1);
                }
                int main(int count, char **words)
                {
                    if (next()) behind(count);
                    for (;;) pause();
                }
                """.formatted(call));
        gcc("-static", "s.c", "-o", "s");
        Image program = Image.openProgram(directory.resolve("s"), Optional.empty());
        FindMoments moments = new FindMoments(program, CallGraph.of(program));
        assertThat(moments.of(program.find("behind").orElseThrow().address()).reach())
                .isEqualTo(reach);
        assertThat(moments.of(program.find("note").orElseThrow().address()).reach())
                .isEqualTo(FindMoments.Reach.AGAIN);
    }

    @Test
    void theHypervisorsStartOfAProcessorIsFoundByWhatItsBootCodeJumpsTo() {
        String tree = System.getenv("SUTURE_XEN_TREE");
        assumeTrue(tree != null, "needs a built Xen tree: set SUTURE_XEN_TREE");
        Image xen = Image.open(Path.of(tree, "xen/xen-syms"));
        CallGraph calls = CallGraph.of(xen);
        FindMoments moments = new FindMoments(xen, calls);
        assertThat(moments.of(
                        xen.find("arch/x86/cpu/amd.c#init_amd").orElseThrow().address()))
                .isEqualTo(new FindMoments.Found(
                        FindMoments.Reach.PROCESSOR, List.of("__high_start", "enter_state_helper"), false, List.of()));
        assertThat(moments.of(xen.find("setup_apic_nmi_watchdog").orElseThrow().address())
                        .reach())
                .isEqualTo(FindMoments.Reach.PROCESSOR);
        assertThat(moments.of(xen.find("do_domctl").orElseThrow().address()).reach())
                .isEqualTo(FindMoments.Reach.AGAIN);
        assertThat(moments.of(xen.find("__start_xen").orElseThrow().address()).reach())
                .isEqualTo(FindMoments.Reach.AT_START);
    }
}
