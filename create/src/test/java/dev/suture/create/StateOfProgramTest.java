package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.Refusal;
import dev.suture.link.LinkResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a program has in its variables, where a name, an order or a number could be taken for a proof. */
class StateOfProgramTest {
    private static final String MAIN = """
            #include <stdio.h>
            int tick(int n);
            int main(void) { for (int n = 0; n < 5; n++) printf("%d\\n", tick(n)); return 0; }
            """;

    @TempDir
    private Path directory;

    private PatchedProgram program(String source, String from, String to) {
        return new PatchedProgram(
                        directory,
                        "gcc -O2 -g -c main.c && gcc -O2 -g -c a.c && gcc -Wl,--build-id main.o a.o -o program",
                        "program")
                .file("main.c", MAIN)
                .file("a.c", source, from, to);
    }

    private static void assertRefused(CreateReport report, String text) {
        assertThat(report.refusals())
                .extracting(Refusal::text)
                .anySatisfy(found -> assertThat(found).startsWith(text));
        assertThat(report.output()).isEmpty();
    }

    private static final String FILTER = """
            volatile int sink;
            static int (*filter)(int);
            int twice(int x) { return 2 * x; }
            __attribute__((noinline)) int run(int x) { sink = x; return filter ? filter(x) : x; }
            __attribute__((noinline)) int set_filter(int v) { sink = v; sink = 2 * v; return v; }
            int tick(int n) { return 1000 * set_filter(1) + run(20 + n); }
            """;

    /** Nothing wrote it, so that the running {@code run} does not even ask. */
    @Test
    void aPointerToAFunctionThatThePatchSetsIsReadByWhoIsReplaced() {
        CreateReport report =
                program(FILTER, "{ sink = v;", "{ filter = twice; sink = v;").assertTakesEffect("program");

        assertThat(report.functions()).extracting(LinkResult.Function::name).contains("run", "set_filter");
    }

    @Test
    void aMemberThatIsConstantMakesNoConstantOfTheRest() {
        String source = """
                volatile int sink;
                static struct { const int id; int limit; } cfg = { 1, 5 };
                __attribute__((noinline)) int within(int x) { return x < cfg.limit; }
                __attribute__((noinline)) int set_limit(int v) { sink = v; sink = 2 * v; return v; }
                int tick(int n) { return 1000 * set_limit(50) + within(20 + n); }
                """;

        program(source, "{ sink = v;", "{ cfg.limit = v; sink = v;").assertTakesEffect("program");
    }

    @Test
    void aPointerCalledLikeASectionOfConstantsStaysAsItRuns() {
        String source = """
                int def1(int x) { return 10 + x; } int def2(int x) { return 20; } int chosen(int x) { return 77; }
                static int (*root_handler)(int) = def1;
                volatile int sink;
                __attribute__((noinline)) void choose(void) { sink = 1; root_handler = chosen; }
                __attribute__((noinline)) int run(int x) { sink = x; return root_handler(x); }
                int tick(int n) { if (n == 0) choose(); return run(1); }
                """;

        assertRefused(
                program(source, "= def1;", "= def2;").create(), "a.o: refused: data `root_handler` changed (.data.rel");
    }

    @Test
    void aNewPointerCalledLikeASectionOfConstantsCanBeWritten() {
        String source = """
                __attribute__((noinline)) int def1(int x) { return 10; }
                __attribute__((noinline)) int def2(int x) { return 20; }
                volatile int sink;
                __attribute__((noinline)) int run(int x) { sink = x; return def1(x); }
                int tick(int n) { return run(n); }
                """;

        program(
                        source,
                        "__attribute__((noinline)) int run(int x) { sink = x; return def1(x); }",
                        "static int (*route)(int) = def1; __attribute__((noinline)) int run(int x)"
                                + " { sink = x; int r = route(x); route = x % 2 ? def1 : def2; return r; }")
                .assertTakesEffect("program");
    }

    @Test
    void aNumberThatGrowsLikeTheLinesDoIsNoLineNumber() {
        String source = "volatile int sink;\n" + "\n".repeat(14) + """
                __attribute__((noinline)) int other(int x) { sink = x; sink = 3 * x; return (1
                  +
                  x
                  +
                  sink
                  + 1); }
                __attribute__((noinline)) int limit(int x) { sink = x; sink = 2 * x;
                  return 20;
                }
                int tick(int n) { return 1000 * other(1) + limit(1); }
                """;
        PatchedProgram both = program(source, "1\n  +\n  x", "1\n  +\n1 +\n 2 +\n 3 +\n  x")
                .edited("a.c", "  return 20;", "  return 23;");

        assertThat(both.assertTakesEffect("program").functions())
                .extracting(LinkResult.Function::name)
                .containsExactlyInAnyOrder("other", "limit");
    }

    /** The program's own {@code printk} keeps what it is given. */
    @Test
    void aFunctionIsNotBelievedForItsName() {
        String source = """
                struct ops { int v[8]; };
                static const struct ops *cur;
                volatile int sink;
                void printk(const struct ops *o);
                static const struct ops my = { { 3 } };
                __attribute__((noinline)) void setup(void) { sink = 1; printk(&my); sink = 2; }
                __attribute__((noipa)) void printk(const struct ops *o) { cur = o; }
                int tick(int n) { if (n == 0) setup(); return cur->v[0]; }
                """;

        assertRefused(
                program(source, "{ 3 }", "{ 5 }").create(),
                "a.o: refused: constant `my` changed, and `setup` passes its address to `printk` (+0x");
    }

    @Test
    void theLibrarysOwnFunctionIsBelieved() {
        String source = """
                #include <string.h>
                volatile int sink; char buffer[40];
                static const char text[] = "some text of more than a few bytes";
                __attribute__((noinline)) int copy(int x) { sink = x; strcpy(buffer, text + x); return strlen(buffer); }
                int tick(int n) { int r = copy(n); return r * 1000 + buffer[0]; }
                """;

        program(source, "\"some text", "\"another text").assertTakesEffect("program");
    }

    /** The program did not write texts so far. */
    @Test
    void theLibrarysFunctionsThatThePatchCallsFirstAreBelieved() {
        String source = """
                #include <stdio.h>
                #include <stdlib.h>
                volatile int sink;
                __attribute__((noinline)) int f(int x) { sink = x; return x; }
                int tick(int n) { return f(n); }
                """;

        program(
                        source,
                        "{ sink = x; return x; }",
                        "{ static char text[32]; snprintf(text, sizeof text, \"%d\", 7 * x); sink = x; return atoi(text); }")
                .assertTakesEffect("program");
    }

    /** The program's own {@code snprintf} keeps what it was given before. */
    @Test
    void anOwnFunctionOfALibrarysNameIsNot() {
        String source = """
                volatile int sink; static char *kept;
                int snprintf(char *to, unsigned long n, const char *how, ...)
                { if (kept) { sink = *kept; *kept = 9; } kept = to; *to = how[n & 1]; return 1; }
                __attribute__((noinline)) int f(int x) { sink = x; return x; }
                int tick(int n) { char c[4]; kept = 0; return f(n) + snprintf(c, 4, "x"); }
                """;

        assertRefused(
                program(
                                source,
                                "{ sink = x; return x; }",
                                "{ static char text[32]; snprintf(text, sizeof text, \"%d\", 7 * x); sink = x; return text[0]; }")
                        .create(),
                "a.o: refused: variable `text.0` (32 bytes) is new");
    }

    /** It is searched by code that never names who compares. */
    @Test
    void whoComparesForTheLibraryIsNamed() {
        String source = """
                #include <stdlib.h>
                static int all[] = {3, 1, 2};
                volatile int sink;
                static int order(const void *a, const void *b) { sink = 1; return *(const int *) a - *(const int *) b; }
                __attribute__((noinline)) void setup(void) { qsort(all, 3, sizeof all[0], order); }
                __attribute__((noinline)) int find(int k) { int i = 0; while (i < 2 && all[i] < k) i++; return i; }
                int tick(int n) { if (n == 0) setup(); return find(3); }
                """;

        assertThat(program(source, "*(const int *) a - *(const int *) b", "*(const int *) b - *(const int *) a")
                        .create()
                        .warnings())
                .contains(
                        "`order` changed, and it tells the C library in which order things are (`qsort` by `setup`): what the running system has in the old order is looked for in the new one");
    }

    /** As CVE-2022-40304 of libxml2 does it: strings that were borrowed when the object was made are freed now. */
    @Test
    void whoFreesWhatOthersMadeIsSaid() {
        CreateReport both = program(ENTITIES, "e->name = borrow();", "e->name = strdup(\"own\");")
                .edited("a.c", "if (!owns(e->name)) release", "release")
                .create();

        assertThat(both.refusals()).isEmpty();
        assertThat(both.warnings())
                .contains(
                        "the patch changes both who makes objects (`make` no longer uses `borrow`, but `strdup`) and who frees"
                                + " them (`drop` no longer uses `owns`): what the running code made before is freed by the new code,"
                                + " so see that it can be");
    }

    @Test
    void whatChangesNobodyWhoFreesIsNotWarnedOf() {
        assertThat(program(ENTITIES, "return x + 1", "return x + 2").create().warnings())
                .isEmpty();
    }

    private static final String ENTITIES = """
                #include <stdlib.h>
                #include <string.h>
                void (*release)(void *) = free;
                char shared[8] = "shared";
                volatile int sink;
                struct entity { char *name; };
                __attribute__((noipa)) char *borrow(void) { sink = 1; return shared; }
                __attribute__((noipa)) int owns(char *s) { sink = 2; return s == shared; }
                __attribute__((noipa)) struct entity *make(void)
                { struct entity *e = malloc(sizeof(*e)); e->name = borrow(); return e; }
                __attribute__((noipa)) void drop(struct entity *e)
                { if (!owns(e->name)) release(e->name); release(e); }
                __attribute__((noipa)) int other(int x) { sink = x; return x + 1; }
                int tick(int n) { struct entity *e = make(); int r = e->name[0] + other(n); drop(e); return r; }
                """;

    @Test
    void staticsOfOneNameOnAReplacedLineAreNotGuessed() {
        String source = """
                #define CNT(by) ({ static int n; n += by; n; })
                volatile int sink;
                __attribute__((noinline)) int f(void) { int a = CNT(1); sink = a; int b = CNT(1000); sink = b; return b; }
                int tick(int n) { return f(); }
                """;

        assertRefused(
                program(
                                source,
                                "int a = CNT(1); sink = a; int b = CNT(1000); sink = b; return b;",
                                "int b = CNT(1000); sink = b; int c = CNT(1); sink = c; return b;")
                        .create(),
                "a.o: refused: `f` uses the static variable `n.");
    }

    @Test
    void aRenamedVariableIsNotLostWithoutAWord() {
        String source = """
                volatile int sink; static int calls;
                __attribute__((noinline)) int f(void) { calls++; sink = calls; return calls; }
                int tick(int n) { return f(); }
                """;
        PatchedProgram program = new PatchedProgram(
                        directory,
                        "gcc -O2 -g -c main.c && gcc -O2 -g -c a.c && gcc -Wl,--build-id main.o a.o -o program",
                        "program")
                .file("main.c", MAIN)
                .file(
                        "a.c",
                        source,
                        source,
                        source.replace("calls", "n_calls").replace("return n_calls", "return n_calls + 5"));

        assertRefused(
                program.create(),
                "a.o: refused: variable `n_calls` (4 bytes) is new, and `f` does with it what `calls`");
    }

    @Test
    void whatMayMeanSomethingElseIsSaidAndThePageTellsWhenItRuns() throws IOException {
        String source = """
                #include <stdlib.h>
                struct o { long deadline; };
                static struct o *it;
                __attribute__((noinline)) void make(void) { it = malloc(sizeof *it); it->deadline = 5; }
                __attribute__((noinline)) long left(struct o *o) { return o->deadline * 1000; }
                int tick(int n) { if (!it) make(); return left(it); }
                """;
        Path page = directory.resolve("why.html");
        CreateReport report = program(source, "deadline = 5", "deadline = 5000")
                .edited("a.c", "deadline * 1000", "deadline")
                .explainedIn(page)
                .create();

        assertThat(report.warnings())
                .containsExactly(
                        "`make` now puts something else into `deadline` (`it->deadline = 5000`), and `left` reads it in another way (`return o->deadline`): what the running system has there was put there by the old `make`, so see that the new `left` can read it");
        assertThat(Files.readString(page))
                .contains("left (a.o): at the next call", "deadline = 5000", "puts something else");
    }

    private static final String FLAG = """
            static unsigned short limit;
            volatile int sink;
            __attribute__((noinline)) void set(void) { sink = 1; limit = 19; }
            __attribute__((noinline)) int get(void) { return limit; }
            int tick(int n) { int was = get(); set(); return was + n; }
            """;

    private PatchedProgram byClang(String from, String to) {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/clang")), "needs clang");
        return new PatchedProgram(
                        directory,
                        "clang -O2 -g -c main.c && clang -O2 -g -c a.c && clang -Wl,--build-id main.o a.o -o program",
                        "program")
                .file("main.c", MAIN)
                .file("a.c", FLAG, from, to);
    }

    /** The running program has one byte that says whether it was set to 19; the patched one would read 39 there. */
    @Test
    void aNumberOfWhichTheCompilerKeepsOnlyThatItWasSetMayNotBecomeAnother() {
        assertRefused(
                byClang("limit = 19", "limit = 39").create(),
                "a.o: refused: memory does not hold the value of variable `limit`, but what the compiler computes it from,"
                        + " and the patch makes that another computation");
    }

    @Test
    void aNumberOfWhichTheCompilerKeepsOnlyThatItWasSetMayStay() {
        byClang("was + n", "was - n").assertTakesEffect("program");
    }
}
