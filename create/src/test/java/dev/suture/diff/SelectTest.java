package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What comes along with a changed function. */
class SelectTest {
    private static final String SAY = "void say(const char *, ...);\n";

    @Test
    void onlyWhatChangedGoesIn() {
        Change change = Change.of(
                "int f(int x) { return x * 77; } int g(int x) { return x * 55 + 1000; }",
                "int f(int x) { return x * 77; } int g(int x) { return x * 55 + 1001; }");

        assertThat(change.explain()).isEqualTo("replaced g\n");
    }

    @Test
    void aPatchThatChangesNothingSelectsNothing() {
        Change change = Change.of("int f(void) { return 1; }", "/* says more */ int f(void) { return 1; }");

        assertThat(change.explain()).isEmpty();
        assertThat(change.select().isEmpty()).isTrue();
    }

    @Test
    void aNewStaticFunctionComesAlong() {
        Change change = Change.of(SAY + "void f(int x) { say(\"x\", x); }", SAY + """
                static __attribute__((noinline)) void check(int x) { if (x > 5) say("too large", x); }
                void f(int x) { check(x); say("x", x); }
                """);

        assertThat(change.explain()).isEqualTo("""
                copy "too large": `check` uses it
                new check: `f` uses it
                copy "x": `f` uses it
                replaced f
                """);
    }

    @Test
    void aNewGlobalOfAnotherObjectComesAlong() {
        Change change = Change.of(
                        "int g(int); int f(int x) { return x * 77 + 1000; }",
                        "int g(int); int f(int x) { return g(x); }")
                .and("other.c", "int h(void) { return 1; }", """
                        int h(void) { return 1; } int limit = 5; int g(int x) { return x + limit; }
                        """);

        assertThat(change.explain()).isEqualTo("""
                replaced f
                new g: `f` uses it
                new limit: `g` uses it
                """);
    }

    @Test
    void aNewStaticLocalComesAlongAndTheOldOneStays() {
        Change change = Change.of(
                "int f(void) { static int calls; return ++calls; }",
                "int f(void) { static int calls, limit = 9; return ++calls > limit++; }");

        assertThat(change.chosen()).hasSize(2).contains("f").anyMatch(name -> name.startsWith("limit."));
        assertThat(change.refusals()).isEmpty();
    }

    @Test
    void aNewConstantComesAlong() {
        Change change = Change.of(
                "typedef int v4 __attribute__((vector_size(16))); v4 f(v4 x) { return x; }",
                "typedef int v4 __attribute__((vector_size(16))); v4 f(v4 x) { return x + (v4) {1, 2, 3, 4}; }",
                "-msse2");

        assertThat(change.chosen()).containsExactly("f", ".rodata.cst16");
    }

    @Test
    void aJumpTableComesAlong() {
        String source = """
                int a(int), b(int), c(int), d(int), e(int);
                int f(unsigned x) {
                  switch (x) { case 0: return a(%d); case 1: return b(2); case 2: return c(3); case 3: return d(4);
                    case 4: return e(5); case 5: return a(6); case 6: return b(7); default: return 0; } }
                """;
        Change change = Change.of(source.formatted(1), source.formatted(9), "-fjump-tables");

        assertThat(change.chosen()).containsExactly("f", ".rodata.f");
    }

    @Test
    void theColdHalfComesAlong() {
        String cold = """
                void boom(int) __attribute__((cold));
                int g(int);
                int f(int x) { if (__builtin_expect(x < 0, 0)) { boom(%d); g(x); boom(x); } return g(x + 1); }
                """;
        Change change = Change.of(cold.formatted(1), cold.formatted(2));

        assertThat(change.chosen()).containsExactlyInAnyOrder("f", "f.cold");
    }

    @Test
    void aCloneThatTheCompilerMakesAnewComesAlong() {
        String source = """
                __attribute__((noinline)) static int helper(int a, int b) { return a * %s + b; }
                int f(int x) { return helper(x, %s); }
                """;
        Change change = Change.of(source.formatted("3", "x"), source.formatted("3", "7"));

        assertThat(change.chosen()).hasSize(2).contains("f").anyMatch(name -> name.startsWith("helper.constprop"));
    }

    @Test
    void aTableOfPointersToNewFunctionsBringsThem() {
        Change change = Change.of("int f(int i) { return i; }", """
                static int one(void) { return 1; } static int two(void) { return 2; }
                static int (*const table[])(void) = {one, two};
                int f(int i) { return table[i](); }
                """);

        assertThat(change.chosen()).containsExactlyInAnyOrder("one", "two", "f", "table");
    }

    @Test
    void aNewVariableThatPointsToNewThingsBringsThem() {
        Change change = Change.of("int f(void) { return 1; }", """
                struct node { struct node *next; const char *name; };
                static struct node second = {0, "second"};
                static struct node first = {&second, "first"};
                int f(void) { struct node *n = first.next; first.next = 0; return n == 0; }
                """);

        assertThat(change.chosen()).containsExactlyInAnyOrder("f", "first", "second", "\"first\"", "\"second\"");
    }

    @Test
    void aNewFunctionThatCallsItselfComesOnce() {
        Change change = Change.of("int f(int x) { return x * 77 + 1000; }", """
                static __attribute__((noinline)) int depth(int x) { return x ? depth(x - 1) + depth(x - 2) : 0; }
                int f(int x) { return depth(x); }
                """);

        assertThat(change.chosen()).containsExactly("depth", "f");
    }

    @Test
    void whatTheRunningSystemHasStaysThere() {
        String source = """
                int g(int); static int count; static __attribute__((noinline)) int h(int x) { return x + count++; }
                int f(int x) { return h(g(x)) + %d; }
                """;
        Change change = Change.of(source.formatted(1), source.formatted(2));

        assertThat(change.chosen()).containsExactly("f");
    }

    @Test
    void aStaticFunctionThatBecomesGlobalIsTheOneTheSystemHas() {
        Change change = Change.of(
                        "static __attribute__((noinline)) int g(int x) { return x * 333 + 1000; } int h(int x) { return g(x); }",
                        "__attribute__((noinline)) int g(int x) { return x * 333 + 1000; } int h(int x) { return g(x); }")
                .and(
                        "other.c",
                        "int g(int); int f(int x) { return x * 77 + 1000; }",
                        "int g(int); int f(int x) { return g(x); }");

        assertThat(change.explain()).isEqualTo("replaced f\n");
    }

    @Test
    void aStaticVariableThatBecomesGlobalIsTheOneTheSystemHas() {
        Change change = Change.of(
                        "static int v; int h(int x) { return v += x; }", "int v; int h(int x) { return v += x; }")
                .and(
                        "other.c",
                        "extern int v; int f(int x) { return x * 77 + 1000; }",
                        "extern int v; int f(int x) { return v; }");

        assertThat(change.explain()).isEqualTo("replaced f\n");
    }

    @Test
    void aVariableThatMovesToAnotherObjectIsTheOneTheSystemHas() {
        Change change = Change.of("int v = 3; int g(void) { return ++v; }", "extern int v; int g(void) { return ++v; }")
                .and(
                        "other.c",
                        "extern int v; int f(int x) { return x * 77 + 1000; }",
                        "int v = 3; int f(int x) { return v + x; }");

        assertThat(change.explain()).isEqualTo("replaced f\n");
    }

    @Test
    void aVariableThatMovesToAnotherObjectAndChangesIsRefused() {
        Change change = Change.of("int v = 3; int g(void) { return ++v; }", "extern int v; int g(void) { return ++v; }")
                .and(
                        "other.c",
                        "extern int v; int f(int x) { return x * 77 + 1000; }",
                        "int v = 4; int f(int x) { return v + x; }");

        assertThat(change.refusals()).isEqualTo("""
                        other.o: refused: data `v` moved here from unit.o and changed; the running system already uses the old contents
                                Leave its contents as they were in the source, and change them at run time from a load hook (LIVEPATCH_LOAD_HOOK) that an unload hook takes back.""");
    }

    @Test
    void aGlobalFunctionThatMovesToAnotherObjectReplacesTheOldOne() {
        Change change = Change.of(
                        "int g(int x) { return x * 333 + 1000; } int h(void) { return 1; }",
                        "int h(void) { return 1; }")
                .and(
                        "other.c",
                        "int f(void) { return 2; }",
                        "int f(void) { return 2; } int g(int x) { return x * 333 + 1000; }");

        assertThat(change.explain()).isEqualTo("replaced g\n");
        assertThat(change.select().chosen().getFirst().reason()).isEqualTo("it moved here from unit.o");
    }

    @Test
    void aFunctionOfTheBootThatIsNowNeededLaterComesAlong() {
        String init = "%s int g(int x) { return x * 333 + 1000; }";
        Change change = Change.of(init.formatted("__attribute__((section(\".init.text\")))"), init.formatted(""))
                .and(
                        "other.c",
                        "int g(int); int f(int x) { return x * 77 + 1000; }",
                        "int g(int); int f(int x) { return g(x); }");

        assertThat(change.explain()).isEqualTo("new g: `f` uses it\nreplaced f\n");
    }

    @Test
    void aGlobalThatNoObjectOfThePatchDefinesIsReferredToByName() {
        Change change =
                Change.of("extern int v; int f(void) { return 1000; }", "extern int v; int f(void) { return v; }");

        assertThat(change.explain()).isEqualTo("replaced f\n");
    }

    private static final String TABLE = """
            static const int table[] = {1, 2, 3, %d, 5, 6};
            int f(int i) { return table[i]; }
            int g(int i) { return table[i + 1]; }
            int h(int i) { return i; }
            """;

    @Test
    void aChangedConstantTakesItsUsersAlong() {
        Change change = Change.of(TABLE.formatted(4), TABLE.formatted(7));

        assertThat(change.explain()).isEqualTo("""
                replaced f
                replaced g
                copy table: its contents changed, and `f` uses it
                """);
        assertThat(change.select().chosen().getFirst().reason())
                .isEqualTo("it uses the constant `table`, which changed");
    }

    @Test
    void aChangedConstantTakesConstantsThatPointToItAlong() {
        String source = """
                static const int inner[] = {1, 2, %d};
                static const int *const outer[] = {inner, 0};
                int f(int i) { return outer[i] ? outer[i][1] : 0; }
                int g(int i) { return i; }
                """;
        Change change = Change.of(source.formatted(3), source.formatted(4));

        assertThat(change.chosen()).containsExactlyInAnyOrder("f", "inner", "outer");
    }

    @Test
    void aChangedConstantThatAColdHalfUsesTakesItsFunctionAlong() {
        String source = """
                static const int table[] = {1, 2, 3, %d, 5, 6};
                void boom(int) __attribute__((cold)); int g(int);
                int f(int x) { if (__builtin_expect(x < 0, 0)) { boom(table[-x]); g(x); boom(x); } return g(x + 1); }
                """;
        Change change = Change.of(source.formatted(4), source.formatted(7));

        assertThat(change.chosen()).containsExactlyInAnyOrder("f", "f.cold", "table");
    }

    private static final String LABELS = """
            int f(int i, int x) {
              static const void *const labels[] = {&&a, &&b, &&c};
              goto *labels[i];
              a: return x * 3;
              b: return x + 0x%d;
              c: return x - 9; }
            """;

    @Test
    void aTableOfLabelsInAReplacedFunctionLeadsIntoTheNewOne() {
        Change change = Change.of(LABELS.formatted(5), LABELS.formatted(6));

        assertThat(change.status("f")).isEqualTo(Comparison.Status.CHANGED);
        assertThat(change.chosen()).hasSize(2).contains("f").anyMatch(name -> name.startsWith("labels."));
    }

    @Test
    void aWritableTableOfLabelsInAReplacedFunctionIsRefused() {
        String source = """
                .section .text.f,"ax"
                .globl f
                .type f,@function
                f: mov $%d, %%eax
                jmp *labels(%%rip)
                inside: ret
                .size f, .-f
                .section .data.labels,"aw"
                .type labels,@object
                labels: .quad inside
                .size labels, 8
                """;
        Change change = Change.ofAssembly(source.formatted(1), source.formatted(2));

        assertThat(change.refusals()).isEqualTo("""
                unit.o: refused: data `labels` holds addresses inside of `f`, which is replaced: they would lead into the old code
                        Make `labels` const, so that the payload can bring its own copy.""");
    }

    @Test
    void aHookAndWhatItCallsGoIn() {
        Change change = Change.of("int v; int f(void) { return v; }", """
                int v; int f(void) { return v; }
                static void fix(void) { v = 5; }
                void (*hook)(void) __attribute__((section(".livepatch.hooks.load"), used)) = fix;
                """);

        assertThat(change.explain()).isEqualTo("new fix: `hook` uses it\nhook hook: it is in .livepatch.hooks.load\n");
    }

    @Test
    void changesOfTheBootAreLeftOut() {
        String source = """
                __attribute__((section(".init.text"))) int f(void) { return %d; }
                __attribute__((section(".init.data"))) int v = %d;
                """;
        Change change = Change.of(source.formatted(1, 1), source.formatted(2, 2));

        assertThat(change.explain().lines())
                .containsExactlyInAnyOrder(
                        "left out unit.o f: it runs only while the system boots",
                        "left out unit.o v: it is used only while the system boots");
        assertThat(change.select().isEmpty()).isTrue();
    }

    @Test
    void aFunctionThatOnlyATableOfTheBootNamesMayRunLater() {
        String source = """
                struct operations { int (*run)(int); };
                static int run(int x) { return x * 77 + %d; }
                __attribute__((section(".init.rodata"), used)) static const struct operations table = {run};
                """;
        Change change = Change.of(source.formatted(1000), source.formatted(1001));

        assertThat(change.explain()).isEqualTo("replaced run\n");
    }

    @Test
    void thatOnlyAnInitcallNamesAFunctionIsLeftToTheLinkedProgramToJudge() {
        String source = """
                static int start(void) { return %d; }
                __attribute__((section(".initcall1.init"), used)) static int (*const call)(void) = start;
                """;
        Change change = Change.of(source.formatted(1000), source.formatted(1001));

        assertThat(change.explain()).isEqualTo("replaced start\n");
    }

    @Test
    void aFunctionCalledInitIsNotOfTheBoot() {
        String source = "__attribute__((used)) static int init(void) { return %d; }";
        Change change = Change.of(source.formatted(1), source.formatted(2));

        assertThat(change.explain()).isEqualTo("replaced init\n");
    }

    @Test
    void aVariableWhoseNameBeginsWithPercpuIsNone() {
        Change change = Change.of(
                "int f(void) { return 1; }", "static int percpu_count; int f(void) { return ++percpu_count; }");

        assertThat(change.chosen()).containsExactlyInAnyOrder("f", "percpu_count");
        assertThat(change.refusals()).isEmpty();
    }

    @Test
    void lineNumbersAloneAreLeftOut() {
        String source = "void warn(const char *, int); void f(int x) { if (x) warn(\"f\", %d); }";
        Change change = Change.withLines(
                (before, after) -> before == 100 && after == 107, source.formatted(100), source.formatted(107));

        assertThat(change.explain())
                .isEqualTo("left out unit.o f: only line numbers of the source differ, first at +0xa\n"
                        .replaceAll("0x.", change.difference("f").replaceAll(".*\\+", "")));
        assertThat(change.status("f")).isEqualTo(Comparison.Status.ONLY_LINE_NUMBERS);
    }

    @Test
    void aNumberThatIsNoMovedLineIsAChange() {
        String source = "void warn(const char *, int); void f(int x) { if (x) warn(\"f\", %d); }";
        Change change = Change.withLines(
                (before, after) -> before == 100 && after == 107, source.formatted(100), source.formatted(108));

        assertThat(change.status("f")).isEqualTo(Comparison.Status.CHANGED);
    }

    @Test
    void aSixteenBitLineNumberIsOne() {
        String source = "struct s { short line; }; void f(struct s *s) { s->line = %d; }";
        Change change = Change.withLines(
                (before, after) -> before == 1000 && after == 1007, source.formatted(1000), source.formatted(1007));

        assertThat(change.status("f")).isEqualTo(Comparison.Status.ONLY_LINE_NUMBERS);
    }
}
