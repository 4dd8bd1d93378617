package dev.suture.diff;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Objects of many kinds, for properties that all have. */
final class Sources {
    static final String MIXED = SpecialEntriesTest.MACROS + """
            void say(const char *, ...); int outer(int); void boom(int) __attribute__((cold));
            typedef int v4 __attribute__((vector_size(16)));
            static int count, limit = 7; static const int table[] = {1, 2, 3, 4}; const char *names[] = {"one", "two"};
            static int (*const calls[])(int) = {outer, outer};
            __attribute__((section(".data.read_mostly"))) static int flag = 1, other = 2;
            __attribute__((section(".bss.percpu"))) int per_cpu__n;
            __attribute__((section(".init.text"))) int start(int x) { say("booting"); return x + count; }
            static int helper(int a, int b, const int *p) { static int n = 333; n += a; return outer(a * b + p[1] + n); }
            int f(int *p) { int v, e = 0; static int n;
              ALTERNATIVE("movl $1, %%eax", "movl $2, %%eax", 3); ALTERNATIVE("nop", "", 4);
              LOAD(v, p, e); if (v > 9) WARN(1234); say("hello %d", v); say(__func__);
              return table[v & 3] + helper(e, 4, table) + ++n + (flag == 1) + calls[v & 1](e); }
            int g(int x) { static int n; if (__builtin_expect(x < 0, 0)) { boom(3); x = outer(x); boom(x); WARN(4); }
              switch (x) { case 0: return outer(1); case 1: return outer(22); case 2: return f(0); case 3: return x * n++;
                case 4: return helper(2, 4, table); case 5: return limit++; case 6: return other; default: return count++; } }
            int h(unsigned x) { switch (x) { case 0: return 7; case 1: return 17; case 2: return 4; case 3: return 99;
                case 4: return 1000; case 5: return -3; default: return per_cpu__n++; } }
            int alias(int *p) __attribute__((alias("f"), weak));
            int common_looking;
            """;

    private Sources() {}

    /** {@return one object for each way to compile the same source} */
    static List<Path> objects() {
        List<Path> objects = new ArrayList<>();
        for (String[] options : OPTIONS) {
            objects.add(Tools.gcc("mixed.c", MIXED, options));
        }
        return objects;
    }

    private static final String[][] OPTIONS = {
        {},
        {"-O1"},
        {"-Os"},
        {"-O3", "-fjump-tables"},
        {"-g", "-fjump-tables"},
        {"-fcf-protection=branch", "-mmanual-endbr"},
        {"-fno-function-sections", "-fno-data-sections", "-fjump-tables"},
        {"-mindirect-branch=thunk-extern", "-mfunction-return=thunk-extern"},
        {"-fasynchronous-unwind-tables"},
        {"-O0"},
        {"-msse2", "-O3"}
    };
}
