package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Refusal;
import dev.suture.effect.Moment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a change of a program takes effect, and what is refused because it would not. */
class TakesEffectTest {
    private static final String PLAIN =
            "#define PLAIN __attribute__((noinline, noclone))\n#include <unistd.h>\n#include <stdlib.h>\n";
    private static final String BUILD = "gcc -O2 -g -pthread -Wl,--build-id p.c -o program";

    @TempDir
    private Path directory;

    private CreateReport report(String source, String from, String to) {
        return new PatchedProgram(directory, BUILD, "program")
                .file("p.c", PLAIN + source, from, to)
                .create();
    }

    private static List<String> texts(CreateReport report) {
        return report.refusals().stream().map(Refusal::text).toList();
    }

    @Test
    void aChangeOfMainIsRefusedBecauseTheProgramIsInsideOfIt() {
        CreateReport report = report("""
                PLAIN int check(int x) { return x * x > 10; }
                int main(void) { for (;;) if (check(rand())) usleep(100); }
                """, "usleep(100)", "usleep(200)");

        assertThat(texts(report))
                .singleElement()
                .asString()
                .matches(
                        "(?s)p\\.o: refused: `main` changed \\(.*\\), and the program is inside of it from its start to its end:"
                                + " the running one goes on in its old code, whatever is replaced around it\\R.*--accept-effect restart.*");
    }

    @Test
    void aWorkerThatLoopsForEverIsNamed() {
        CreateReport report = report("""
                #include <pthread.h>
                static volatile int g;
                static void *worker(void *a) { for (;;) { g += 3; usleep(50000); } return a; }
                int main(void) { pthread_t t; pthread_create(&t, 0, worker, 0); for (;;) pause(); }
                """, "g += 3", "g += 4");

        assertThat(texts(report))
                .singleElement()
                .asString()
                .matches(
                        "(?s)p\\.o: refused: `worker` never returns \\(its loop at \\+0x[0-9a-f]+ has no way out\\): a thread that is in"
                                + " it runs the old code for ever, and load would wait for it until the time is over\\R.*"
                                + "next-start-of:worker.*");
    }

    @Test
    void whatOnlyTheStartRunsIsWithoutEffect() {
        CreateReport report = report("""
                static volatile int base;
                PLAIN void setup(int x) { base = x * 5 + 1; }
                int main(int n, char **v) { setup(n); for (;;) { base++; usleep(100); } }
                """, "x * 5", "x * 6");

        assertThat(texts(report)).containsExactly("""
                        p.o: refused: the patch changes only what runs once, when the program starts (`setup`; started by `main` alone, and in no loop of it): the new code would never run
                                Install the patched program for the next start, and do from a load hook what must change now. If it is called once more in this run, pass --accept-effect restart.""".replace("                Install", "        Install"));
    }

    @Test
    void aHandlerWithAnotherNameIsRefusedBecauseWhoHasTheOldOneKeepsIt() {
        String source = """
                #include <signal.h>
                static volatile int g;
                static void on_usr1(int s) { g += s + 1; }
                PLAIN void arm(void) { signal(SIGUSR1, on_usr1); }
                int main(void) { for (;;) { arm(); raise(SIGUSR1); } }
                """;
        CreateReport report = report(source, "on_usr1(int s) { g += s + 1; }", "on_usr1(int s) { g += s + 2; }");
        assertThat(texts(report)).isEmpty();
        assertThat(report.effects()).extracting(effect -> effect.moment()).containsExactly(Moment.NEXT_CALL);
    }

    @Test
    void aRenamedHandlerIsNamedWithWhoHandsItOut() {
        String source = """
                #include <signal.h>
                static volatile int g;
                static void on_usr1(int s) { g += s + 1; }
                PLAIN void arm(void) { signal(SIGUSR1, on_usr1); }
                int main(void) { for (;;) { arm(); raise(SIGUSR1); } }
                """;
        PatchedProgram program =
                new PatchedProgram(directory, BUILD, "program").file("p.c", PLAIN + source, "on_usr1", "on_signal");
        assertThat(texts(program.create()))
                .singleElement()
                .asString()
                .startsWith(
                        "p.o: refused: `on_usr1` was handed out by its address in `arm`, which now hands out `on_signal` instead:"
                                + " whoever got it before keeps calling the old `on_usr1`");
    }

    @Test
    void aComparisonThatIsSortedWithMayGetAnotherName() {
        CreateReport report = report("""
                static int up(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
                PLAIN int lowest(void) { int v[4] = {3, 1, 2, rand()}; qsort(v, 4, 4, up); return v[0]; }
                int main(void) { for (;;) if (lowest() == 9) usleep(1); }
                """, "up", "order");
        assertThat(texts(report)).noneMatch(text -> text.contains("handed out"));
    }

    @Test
    void aConstructorThatIsCalledAgainGoesIn() {
        CreateReport report = report("""
                static volatile int t;
                __attribute__((constructor, noinline)) static void init(void) { t = t * 3 + 7; }
                int main(void) { for (;;) { init(); usleep(t); } }
                """, "+ 7", "+ 8");
        assertThat(texts(report)).isEmpty();
        assertThat(report.functions()).extracting(function -> function.name()).containsExactly("p.c#init");
    }
}
