package dev.suture.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Refusal;
import dev.suture.diff.Change;
import dev.suture.diff.Selection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What would be set by code that has run is not set in the payload. */
class SetEarlierTest {
    /** What becomes of V, R, W and F is what each patch is. */
    private static final String SOURCE = """
            #include <pthread.h>
            #include <stdlib.h>
            #include <stdio.h>
            #include <time.h>
            volatile int sink;
            int limit; V
            __attribute__((noinline)) int check(int x) { sink = x; R return x < limit; }
            F
            __attribute__((noinline)) void setup(int n) { sink = 2 * n; limit = 5; W }
            int tick(int n) { if (n == 0) setup(n); return check(7); }
            """;

    private static String source(String variable, String read, String write, String function) {
        return SOURCE.replace("V\n", variable + "\n")
                .replace(" R ", " " + read + " ")
                .replace(" W ", " " + write + " ")
                .replace("F\n", function + "\n");
    }

    private static List<Refusal> refusals(
            String variable, String read, String write, String function, String... accepted) {
        Selection selection = Change.of(source("", "", "", ""), source(variable, read, write, function))
                .select();
        assertThat(selection.refusals()).isEmpty();
        return SetEarlier.find(selection, _ -> Optional.empty(), Set.of(accepted), _ -> false);
    }

    @Test
    void whatAFunctionSetsThatMayHaveRunIsRefusedWithTheHookThatSetsIt() {
        assertThat(refusals("static int higher;", "x -= higher;", "higher = 9;", ""))
                .extracting(Refusal::text)
                .containsExactly("""
                        unit.o: refused: variable `higher` (4 bytes) is new, `check` reads it, and it is set by `setup`, which may \
                        have run before and need not run again: until then it holds zeros
                                Set it when the payload is loaded: add to the end of the source, behind #include <suture/hooks.h> \
                        (in Xen <xen/livepatch_payload.h>): static void set_higher(void) { higher = /* what it would hold now */; } \
                        LIVEPATCH_LOAD_HOOK(set_higher); Or set it where it is read, or give it the right first contents. If those \
                        it has are right until `setup` runs next, pass --accept-new-state 'higher'.""");
    }

    /** Its being counted up says nothing of what {@code setup()} did. */
    @Test
    void aCounterIsNoSignThatSomethingWasMade() {
        String count = "if (++seen > 1000000) return%s;";

        assertThat(refusals(
                        "static int seen, higher;",
                        count.formatted(" 7") + " x -= higher;",
                        count.formatted("") + " higher = 5;",
                        ""))
                .extracting(Refusal::symbol)
                .containsExactly("higher");
    }

    @Test
    void whatTheAuthorAcceptsGoesIn() {
        assertThat(refusals("static int higher;", "x -= higher;", "higher = 9;", "", "higher"))
                .isEmpty();
    }

    @Test
    void aHookThatSetsItIsEnough() {
        String hook = "static void set(void) { higher = 9; }"
                + " __attribute__((used, section(\".livepatch.hooks.load\"))) static void (*const load)(void) = set;";

        assertThat(refusals("static int higher;", "x -= higher;", "higher = 9;", hook))
                .isEmpty();
    }

    /** What is saved when the new code comes and looked at when it goes is between the hooks alone. */
    @Test
    void whatOnlyHooksSetOrReadHasNoPast() {
        String save = " static int saved; static void keep(void) { saved = limit; }"
                + " __attribute__((used, section(\".livepatch.hooks.postapply\"))) static void (*const kept)(void) = keep;"
                + " static void back(void) { limit = saved; }"
                + " __attribute__((used, section(\".livepatch.hooks.prerevert\"))) static void (*const gone)(void) = back;";
        String forget = "static void forget(void) { higher = 9; }"
                + " __attribute__((used, section(\".livepatch.hooks.postrevert\"))) static void (*const gone)(void) = forget;";

        assertThat(refusals("", "x++;", "", save)).isEmpty();
        assertThat(refusals("static int higher;", "x -= higher;", "", forget)).isEmpty();
    }

    /** A function that a hook calls as well as others do is no hook's. */
    @Test
    void whatAHookSharesWithOthersHasAPast() {
        String hook = "static void set(void) { setup(3); }"
                + " __attribute__((used, section(\".livepatch.hooks.postapply\"))) static void (*const done)(void) = set;";
        String source = source("static int higher;", "x -= higher;", "higher = 9;", "");
        Selection selection = Change.of(source("", "", "", ""), source + hook).select();

        assertThat(SetEarlier.find(selection, _ -> Optional.empty(), Set.of(), _ -> false))
                .hasSize(1);
    }

    @Test
    void aHookThatRunsAfterwardsIsNotEnough() {
        String hook = "static void set(void) { higher = 0; }"
                + " __attribute__((used, section(\".livepatch.hooks.unload\"))) static void (*const gone)(void) = set;";

        assertThat(refusals("static int higher;", "x -= higher;", "higher = 9;", hook))
                .hasSize(1);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            a table             | static unsigned char t[256]; | x += t[x & 255];         | for (int i = 0; i < 256; i++) t[i] = i * 7; |
            a pointer           | static int *box;             | if (box) x += *box;      | box = malloc(4); |
            an own function     | static int higher;           | x -= higher;             | more(); | __attribute__((noinline)) static void more(void) { sink = 1; higher = 9; }
            a flag of the start | static int first, higher;    | if (sink == 3) { first = 1; higher = 9; } if (first) x = 3; x -= higher; | |
            a lock              | static pthread_mutex_t m;    | pthread_mutex_lock(&m); sink = 3; pthread_mutex_unlock(&m); | pthread_mutex_init(&m, 0); |
            a structure         | static struct { int a, b; } c; | x += c.a + c.b;        | c.a = sink; c.b = 4; |
            a thread            | static int seen;             | x += seen;               | pthread_t t; pthread_create(&t, 0, run, 0); | static void *run(void *p) { for (;;) { seen = 9; getchar(); } return p; }
            a time              | static struct timespec t;    | x += t.tv_sec;           | clock_gettime(CLOCK_MONOTONIC, &t); |
            """)
    void whatTheStartMakesIsRefused(String what, String variable, String read, String write, String function) {
        assertThat(refusals(
                        variable,
                        read == null ? "" : read,
                        write == null ? "" : write,
                        function == null ? "" : function))
                .isNotEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            a counter             | static int n;                | if (++n > 3) return 7;   | n++; |
            a limit of a rate     | static time_t last;          | time_t now = time(0); if (now - last < 5) return 5; last = now; | |
            a warning given once  | static int warned;           | if (!warned) { warned = 1; puts("x"); } | |
            the greatest so far   | static int most;             | if (x > most) most = x; if (most > 5) return 6; | |
            a lock                | static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; | pthread_mutex_lock(&m); sink = 3; pthread_mutex_unlock(&m); | pthread_mutex_lock(&m); sink = 4; pthread_mutex_unlock(&m); |
            what is made when needed | static int ready, t[16];  | if (!ready) { fill(); ready = 1; } x = t[x & 15]; | | __attribute__((noinline)) static void fill(void) { for (int i = 0; i < 16; i++) t[i] = i; }
            what is made once     | static pthread_once_t o; static int t[16]; | pthread_once(&o, fill); x = t[x & 15]; | | static void fill(void) { for (int i = 0; i < 16; i++) t[i] = i; }
            what is put back      | static int inside;           | if (inside) x = 40;      | inside = 1; sink = check(3); inside = 0; |
            a text                | static char text[32];        | snprintf(text, 32, "%d", x); puts(text); | |
            what is set before    | static int line;             | line = x; sink = 1; show(); | | __attribute__((noinline)) static void show(void) { sink = 7; printf("%d", line); }
            a first value alone   | static int higher = 9;       | x -= higher;             | if (higher > 3) sink = 1; |
            """)
    void whatBeginsWithItsFirstContentsGoesIn(
            String what, String variable, String read, String write, String function) {
        String before = function == null ? "" : function;
        assertThat(refusals(variable + "\n" + before, read == null ? "" : read, write == null ? "" : write, ""))
                .isEmpty();
    }

    /** Nobody but {@code tick} calls them, and it always sets it first. */
    @Test
    void whatAllCallersSetFirstGoesIn() {
        String before = SOURCE.replace("V\n", "\n")
                .replace(" R ", " ")
                .replace("F\n", "\n")
                .replace(" W ", " ")
                .replace("if (n == 0) ", "");
        String after = before.replace("limit;", "limit, higher;")
                .replace("return x < limit", "return x < higher")
                .replace("limit = 5;", "limit = 5; higher = 9;");
        Selection selection = Change.of(before, after).select();

        assertThat(SetEarlier.find(selection, _ -> Optional.of(Set.of("tick")), Set.of(), _ -> false))
                .isEmpty();
        assertThat(SetEarlier.find(selection, _ -> Optional.of(Set.of("tick", "other")), Set.of(), _ -> false))
                .hasSize(1);
    }

    @Test
    void aVariableThatNobodyUsedIsLikeANewOne() {
        Selection selection = Change.of(
                        source("int higher;", "", "", ""), source("int higher;", "x -= higher;", "higher = 9;", ""))
                .select();

        assertThat(SetEarlier.find(selection, _ -> Optional.empty(), Set.of(), _ -> false))
                .extracting(Refusal::text)
                .singleElement()
                .asString()
                .startsWith("unit.o: refused: variable `higher` (4 bytes) was not used so far, `check` reads it,");
    }
}
