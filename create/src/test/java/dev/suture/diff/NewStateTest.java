package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

/** What the running system has in a variable would be lost in another one. */
class NewStateTest {
    private static final String COUNTER = """
            volatile int sink; static int calls;
            __attribute__((noinline)) int f(void) { calls++; sink = calls; return calls; }
            """;
    private static final String RENAMED =
            COUNTER.replace("calls", "n_calls").replace("return n_calls", "return n_calls + 1");

    @Test
    void aRenamedVariableIsRefusedWithTheHookThatCopiesIt() {
        assertThat(Change.of(COUNTER, RENAMED).refusals()).isEqualTo("""
                unit.o: refused: variable `n_calls` (4 bytes) is new, and `f` does with it what `calls` (4 bytes) was for, \
                which nothing uses any more: `n_calls` would start anew, and what the running system has in `calls` would be lost
                        Keep the name `calls`, or copy it once: add to the end of the source, behind #include <suture/hooks.h> \
                (in Xen <xen/livepatch_payload.h>): static __typeof__(n_calls) calls __attribute__((used)); static void copy_calls(void) { \
                __builtin_memcpy(&n_calls, &calls, sizeof(n_calls)); } LIVEPATCH_LOAD_HOOK(copy_calls); If it may start anew, \
                pass --accept-new-state 'n_calls'.""");
    }

    @Test
    void whatTheAuthorAcceptsStartsAnew() {
        Change change = Change.of(COUNTER, RENAMED);

        assertThat(change.refusals(TargetTraits.HYPERVISOR.accepting(Set.of("n_calls"))))
                .isEmpty();
    }

    @Test
    void aHookThatCopiesItIsEnough() {
        String hook = """
                static __typeof__(n_calls) calls __attribute__((used)); static void copy_calls(void) { __builtin_memcpy(&n_calls, &calls, sizeof(n_calls)); }
                __attribute__((used, section(".livepatch.hooks.load"))) static void (*const load)(void) = copy_calls;
                """;

        assertThat(Change.of(COUNTER, RENAMED + hook).refusals()).isEmpty();
    }

    @Test
    void aNewVariableBesideTheOldOnesGoesIn() {
        String more = COUNTER.replace("return calls", "return calls + ++more")
                .replace("static int", "static int more; static int");

        assertThat(Change.of(COUNTER, more).explain()).isEqualTo("replaced f\nnew more: `f` uses it\n");
    }

    @Test
    void aVariableThatNothingReplacesMayGo() {
        String less = COUNTER.replace("calls++; sink = calls; return calls", "sink = 3; return 3");

        assertThat(Change.of(COUNTER, less).refusals()).isEmpty();
    }

    /** What reads it has the first value built in, whatever the running system set. */
    @Test
    void aVariableThatNobodyWritesAnyMoreIsNotItsFirstValue() {
        String source = "void say(int); static int level = 3; int f(int x) { say(x); return x * level; }"
                + " void set(int x) { say(x + 7); %s }";
        String written = source.formatted("level = x;");
        String unwritten = source.formatted("say(1);");

        assertThat(Change.of(written, unwritten, "-g").refusals()).isEqualTo("""
                unit.o: refused: nothing writes the variable `level` (4 bytes) any more, so that the compiler leaves it out and \
                builds its first value into the code that reads it (`f`, `set` did): what the running system has in it would be ignored
                        Declare `level` with __attribute__((used)), which keeps it; or if its first value is meant, pass \
                --accept-new-state 'level'.""");
        assertThat(Change.of(written, unwritten.replace("level = 3", "level __attribute__((used)) = 3"), "-g")
                        .explain())
                .isEqualTo("replaced set\n");
    }

    @Test
    void anotherSizeMakesItNoOtherVariable() {
        String longer = RENAMED.replace("static int", "static long");

        assertThat(Change.of(COUNTER, longer).refusals())
                .contains("variable `n_calls` (8 bytes) is new, and `f` does with it what `calls` (4 bytes) was for")
                .contains("Keep the variable `calls` where it is, under its name, and use that. If it may start anew");
    }

    @Test
    void aGlobalThatBecomesStaticUnderAnotherNameIsSeen() {
        String before = COUNTER.replace("static int calls", "int calls");

        assertThat(Change.of(before, RENAMED).refusals()).contains("`f` does with it what `calls` (4 bytes) was for");
    }

    @Test
    void aVariableThatMovesIntoItsOnlyFunctionStays() {
        String inside = COUNTER.replace("static int calls;", "")
                .replace("{ calls++", "{ static int calls; calls++")
                .replace("return calls", "return calls + 1");

        assertThat(Change.of(COUNTER, inside, "-g").explain()).isEqualTo("replaced f\n");
    }

    @Test
    void aFunctionThatIsRenamedTakesItsVariablesAlong() {
        String before = "void say(int);\nint f(int x) { static int n; n += x; say(n); return n; }\n"
                + "int use(int x) { return f(x) + 1; }\n";

        assertThat(Change.of(before, before.replace("f(", "renamed("), "-g", "-fno-inline")
                        .refusals())
                .contains(
                        "refused: variable `n.0` (4 bytes) is new, and `renamed` does with it what `n.0` (4 bytes) was for");
    }

    @Test
    void aStaticThatMovesToAnotherObjectIsSeen() {
        String other = "int g(int x) { return x; }\n";
        String moved = "static int calls; int g(int x) { calls += x; return calls; }\n";
        Change change = Change.of(
                        COUNTER,
                        COUNTER.replace("static int calls;", "")
                                .replace("calls++; sink = calls; return calls", "return 1"))
                .and("other.c", other, moved);

        assertThat(change.refusals()).contains("other.o: refused: variable `calls` (4 bytes) is new");
    }

    @Test
    void twoThatSwapTheirNamesAreWhatTheirNamesSay() {
        String source = "static int a, b; int f(void) { a++; b += 2; return a * 10 + b; }";
        String swapped = "static int a, b; int f(void) { b++; a += 2; return b * 10 + a; }";

        assertThat(Change.of(source, swapped).explain()).isEqualTo("replaced f\n");
    }

    @Test
    void whatMovesFromZeroedToInitializedMemoryIsRefused() {
        String zero = "static int v; int f(void) { return v++; }";

        assertThat(Change.of(zero, zero.replace("int v;", "int v = 5;")).refusals())
                .contains("data `v` changed");
    }
}
