package dev.suture.linked;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SeesInliningTest {
    private static boolean affects(String source, String function) {
        return SeesInlining.in(source).affects(function);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "int f(int x) { return __builtin_constant_p(x); }",
                "int f(char *x) { return __builtin_dynamic_object_size(x, 0); }",
                "void *f(void) { return __builtin_return_address(0); }",
                "int f(int x) { return __builtin_that_comes_next_year(x); }",
                "static int g(int x) { return __builtin_constant_p(x); } int f(int x) { return g(x); }",
                "static int g(int x) { return __builtin_constant_p(x); } static int h(int x) { return g(x); }"
                        + " int f(int x) { return h(x); }",
                "static int (g)(int x) { return __builtin_constant_p(x); } int f(int x) { return g(x); }",
                "static int g(int x) { return __builtin_constant_p(x); }"
                        + " static struct ops { int (*call)(int); } const ops = { .call = g }, *const all = &ops;"
                        + " int f(int x) { return all->call(x); }",
                "_Atomic(int) g(int x) { return __builtin_constant_p(x); } int f(int x) { return g(x); }",
                "int f(x) int x; { return __builtin_constant_p(x); }",
                "static int g(x) int x; { return __builtin_constant_p(x); } int f(int x) { return g(x); }",
                "extern \"C\" { int g(int x) { return __builtin_constant_p(x); } int f(int x) { return g(x); } }",
                "int f(int x) { return x; } }",
            })
    void whatMayDoSomethingElseWhenInlined(String source) {
        assertThat(affects(source.endsWith("} }") ? source + " int k = __builtin_constant_p(1);" : source, "f"))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "int f(int x) { return x; }",
                "int f(int x) { return __builtin_expect(x, 1) + __builtin_memcmp(\"a\", \"b\", x); }",
                "static int g(int x) { return __builtin_constant_p(x); } int f(int x) { return x; }"
                        + " int k(int x) { return g(x); }",
                "extern int g(int x) __attribute__((nonnull(1))); static int __attribute__((nonnull(1)))"
                        + " h(int *x) { return __builtin_constant_p(*x); }"
                        + " __attribute__((nonnull(1))) int f(int *x) { return *x + sizeof(\"__builtin_constant_p(\"); }",
            })
    void whatDoesTheSameWherever(String source) {
        assertThat(affects(source, "f")).isFalse();
    }

    @Test
    void whatIsNotDefinedIsNotKnown() {
        assertThat(affects("int f(int x) { return __builtin_constant_p(x); }", "g"))
                .isTrue();
        assertThat(affects("int f(int x) { return x; }", "g")).isFalse();
    }
}
