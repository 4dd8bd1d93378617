package dev.suture.source;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SourceChangeTest {
    private static SourceChange change(String original, String patched) {
        return SourceChange.between(original, patched).orElseThrow();
    }

    /** {@return whether {@code f} is reached when one text of a source becomes another} */
    private static boolean reachesF(String source, String from, String to) {
        assertThat(source).contains(from);
        SourceChange change = change(source, source.replace(from, to));
        assertThat(change.knows("f")).isTrue();
        return !change.pathToChange("f").isEmpty();
    }

    private static final String SOURCE = """
            # 1 "unit.c"
            #pragma GCC visibility push(hidden)
            typedef unsigned long size_type;
            enum colour { RED, GREEN = 4, BLUE } ;
            struct inner { int a; };
            struct __attribute__((packed)) outer { struct inner in; enum { ON, OFF } state; union { int u; } v; };
            struct stranger { int z; };
            extern int (*hook)(int), limit, table[4];
            static const int constants[] = { [0] = 1, [BLUE] = 2 };
            typedef int (*callback)(struct stranger *);
            extern void touched(struct outer *o) __attribute__((noreturn));
            static inline __attribute__((always_inline)) int h(int x) { return x + constants[0]; }
            static void *(*operations[])(int) = { 0 };
            int f(struct outer *o, size_type n)
            {
                if (o->state == ON && hook(limit))
                    return h(({ int t = o->in.a; t + table[1]; }));
                asm volatile ("call helper" : : : "memory");
                return GREEN;
            }
            int helper(int x) { return x; }
            int g(int x) { return x + (int)sizeof(struct stranger) + f(0, 1); }
            """;

    @Test
    void theSameSourceHasNoChange() {
        SourceChange change = change(SOURCE, SOURCE);

        assertThat(change.knows("f")).isTrue();
        assertThat(change.knows("hook")).isFalse();
        assertThat(change.pathToChange("f")).isEmpty();
        assertThat(change.pathToChange("g")).isEmpty();
        assertThat(change.isUsedByChangedCode("f")).isFalse();
    }

    @Test
    void linesAndWhiteSpaceAreNothing() {
        assertThat(reachesF(SOURCE, "# 1 \"unit.c\"\n", "# 700 \"unit.c\" 3\n\n\n"))
                .isFalse();
        assertThat(reachesF(SOURCE, "{ return x + constants[0]; }", "{return x\n+constants [ 0 ];\n}"))
                .isFalse();
    }

    @Test
    void aPrototypeThatRepeatsTheHeadOfAFunctionIsNothing() {
        assertThat(reachesF(
                        SOURCE,
                        "extern void touched",
                        "static inline __attribute__((always_inline)) int h(int x);\nextern void touched"))
                .isFalse();
        assertThat(reachesF(SOURCE, "extern void touched", "int f(struct outer *o, size_type n); extern void touched"))
                .isFalse();
    }

    @Test
    void aPrototypeThatSaysMoreOrOtherwiseIsAChange() {
        assertThat(reachesF(SOURCE, "extern void touched", "static int h(int x);\nextern void touched"))
                .isTrue();
        assertThat(
                        reachesF(
                                SOURCE,
                                "extern void touched",
                                "static inline __attribute__((always_inline)) int h(int x) __attribute__((const));\nextern void touched"))
                .isTrue();
        assertThat(reachesF(
                        SOURCE, "static const int constants", "#pragma GCC visibility pop\nstatic const int constants"))
                .isTrue();
    }

    @Test
    void whatAFunctionDoesNotUseDoesNotReachIt() {
        assertThat(reachesF(SOURCE, "struct stranger { int z; }", "struct stranger { long z; }"))
                .isFalse();
        assertThat(reachesF(SOURCE, "return x + (int)sizeof", "return x - (int)sizeof"))
                .isFalse();
        assertThat(reachesF(SOURCE, "int g(", "struct fresh; int fresh(int y) { return f(0, y); }\nint g("))
                .isFalse();
        assertThat(reachesF(SOURCE, "(struct stranger *)", "(struct stranger *, int)"))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "return GREEN;|return RED;",
                "GREEN = 4|GREEN = 5",
                "RED,|RED, WHITE,",
                "unsigned long size_type|unsigned int size_type",
                "int a;|char a;",
                "ON, OFF|OFF, ON",
                "int u;|int u : 4;",
                "{ [0] = 1,|{ [0] = 3,",
                "x + constants|x - constants",
                "table[4]|table[5]",
                "(*hook)(int)|(*hook)(long)",
                "int helper(int x) { return x; }|int helper(int x) { return x + 1; }",
                "#pragma GCC visibility push(hidden)|#pragma GCC visibility push(default)",
                "__attribute__((packed))|__attribute__((aligned))",
                "typedef unsigned long size_type;|typedef unsigned long size_type; int memcpy(int x) { return x; }",
                "int t = o->in.a|int t = o->in.b"
            })
    void whatAFunctionUsesReachesIt(String edit) {
        int bar = edit.indexOf('|');

        assertThat(reachesF(SOURCE, edit.substring(0, bar), edit.substring(bar + 1)))
                .isTrue();
    }

    @Test
    void theWayToAChangeIsTold() {
        SourceChange change = change(SOURCE, SOURCE.replace("int a;", "int b;"));

        assertThat(change.pathToChange("g")).containsExactly("g", "f", "outer", "inner");
    }

    @Test
    void whatIsNotUnderstoodConcernsEverything() {
        String old = SOURCE + "int k(a, b) int a; long b; { return a; }\n";

        assertThat(SourceChange.between(old, old)).isPresent();
        assertThat(SourceChange.between(old, old.replace("return a", "return b")))
                .isEmpty();
        assertThat(SourceChange.between(SOURCE, SOURCE + "asm(\".globl x\");")).isEmpty();
        assertThat(SourceChange.between(SOURCE, SOURCE + "int s = \"no end;")).isEmpty();
        assertThat(SourceChange.between(SOURCE, SOURCE + "int (*returns(int a))(int) { return 0; }"))
                .isEmpty();
    }

    @Test
    void whatIsNotUnderstoodMayLeadToAChange() {
        String source = SOURCE + """
                int late(int x) { return x; }
                int k(a) int a; { return late(a); }
                """;

        assertThat(reachesF(source, "late(int x) { return x", "late(int x) { return -x"))
                .isTrue();
    }

    @Test
    void operatorsAreNotTornApart() {
        String source = "int f(int a, int b) { return a + +b; }";

        assertThat(reachesF(source, "a + +b", "a++ +b")).isTrue();
        assertThat(reachesF(source, "a + +b", "a+ +b")).isFalse();
        assertThat(reachesF("int f(void) { return 'a'; }", "'a'", "'b'")).isTrue();
        assertThat(reachesF("double f(void) { return 1e+3; }", "1e+3", "1e + 3"))
                .isTrue();
    }

    @Test
    void codeThatChangedReachesWhatItCalls() {
        String source = """
                static int low(int x) { return x; }
                static int middle(int x) { return low(x); }
                static int other(int x) { return x; }
                int g(int x) { return x; }
                int f(int x) { return middle(x) + other(x); }
                """;
        SourceChange change = change(source, source.replace("g(int x) { return x", "g(int x) { return middle(-x)"));

        assertThat(change.isUsedByChangedCode("low")).isTrue();
        assertThat(change.isUsedByChangedCode("other")).isFalse();
        assertThat(change.isUsedByChangedCode("f")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "static int v;",
                "static const char *v;",
                "static struct { int a; } v[4];",
                "static int w, v = 3;",
                "static int (*v)(int);",
                "static int (*v[4])(int) = { 0 };",
                "static struct { const int id; int limit; } v = { 1, 5 };",
                "static const struct ops *v;",
                "static const char *const *v;",
                "static const int w = 1, *v = &w;",
                "static volatile const int v;",
                "static __typeof__(const int) v;",
                "static inline int v(int n) { static int last; return last += n; }"
            })
    void aStaticVariableThatChangedCodeUsesIsShared(String declaration) {
        String source = declaration + """

                int g(int x) { return x; }
                int f(int x) { return (long)&v; }
                """;
        SourceChange change = change(source, source.replace("return x;", "return x + (long)&v;"));

        assertThat(change.pathToChange("f")).isEmpty();
        assertThat(change.sharedState("f", objects(true, false))).contains("v");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "static const int v = 3;",
                "extern int v;",
                "int v;",
                "static int v(int);",
                "static int *v(int (*callback)(void), int n);",
                "static const char *const v[] = { 0 };",
                "static int (*const v[])(int) = { 0 };",
                "struct s { int a; }; static const struct s v = { 1 };",
                "extern int (*v)(int);"
            })
    void whatOthersMayWriteOrNobodyMayIsNot(String declaration) {
        String source = declaration + """

                int g(int x) { return x; }
                int f(int x) { return (long)&v; }
                """;
        SourceChange change = change(source, source.replace("return x;", "return x + (long)&v;"));

        assertThat(change.sharedState("f", objects(true, false))).isEmpty();
    }

    /** A compiler that sees the whole program knows all who write to a variable without {@code static}, too. */
    @Test
    void whatTheObjectsSayCountsMoreThanWhatTheSourceSays() {
        String uses = "\nint g(int x) { return x; }\nint f(int x) { return (long)&v; }\n";
        String changed = uses.replace("return x;", "return x + (long)&v;");

        assertThat(change("int v;" + uses, "int v;" + changed).sharedState("f", objects(false, false)))
                .contains("v");
        assertThat(change("static const int v = 3;" + uses, "static const int v = 3;" + changed)
                        .sharedState("f", objects(false, true)))
                .contains("v");
    }

    @Test
    void whatIsNotUnderstoodMayBeAVariable() {
        String uses = "int g(int x) { return x; }\nint f(int x) { return x; }\n";
        String changed = uses.replace("g(int x) { return x;", "g(int x) { return x + 1;");

        for (String unknown : new String[] {"typedef int T; static T (v);\n", "static int (v);\n"}) {
            assertThat(change(unknown + uses, unknown + changed).sharedState("f", objects(true, false)))
                    .contains("static");
        }
        assertThat(change("asm(\".data\");\n" + uses, "asm(\".data\");\n" + changed)
                        .sharedState("f", objects(true, false)))
                .isEmpty();
    }

    private static SourceChange.Variables objects(boolean isForAll, boolean isWritable) {
        return new SourceChange.Variables() {
            @Override
            public boolean isForAll(String name) {
                return isForAll;
            }

            @Override
            public boolean isWritable(String name) {
                return isWritable;
            }
        };
    }

    @Test
    void membersAreNotTakenForFunctions() {
        String source = """
                struct s { int next; };
                int next(int x) { return x; }
                int f(struct s *s) { struct s t = { .next = 1 }; return s->next + t.next; }
                """;

        assertThat(reachesF(source, "return x;", "return x + 1;")).isFalse();
    }
}
