package dev.suture.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Change;
import dev.suture.diff.SpecialEntriesTest;
import dev.suture.elf.Section;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A loaded payload does what the program would do if all of it had been linked anew. */
class LoadTest {
    private static final String REST = """
            int outside = 5;
            void say(const char *text, ...) { asm volatile ("" :: "r" (text)); }
            __attribute__((cold)) void boom(int x) { asm volatile ("" :: "r" (x)); }
            int outer(int x) { return x + outside; }
            int a(int x) { return x + 1; } int b(int x) { return x + 2; } int c(int x) { return x + 3; }
            int d(int x) { return x + 4; } int e(int x) { return x + 5; }
            """;

    private static final String DECLARATIONS = """
            extern int outside; void say(const char *, ...); __attribute__((cold)) void boom(int); int outer(int);
            int a(int), b(int), c(int), d(int), e(int);
            """;

    private static void check(String original, String patched, String... options) {
        check(LinkedPatch.of(Change.of(DECLARATIONS + original, DECLARATIONS + patched, options), REST));
    }

    private static void check(LinkedPatch patch) {
        LoadedPayload loaded = patch.load();
        assertThat(loaded.symbols()).isNotEmpty();
        patch.compared(loaded).check();
    }

    @Test
    void callsAndVariablesLeadToTheRunningProgram() {
        check(
                "static int count = 77; int f(int x) { count += x; return outer(x) + outside; }",
                "static int count = 77; int f(int x) { count += x; outside = 5; return outer(x + 9) + outside; }");
    }

    @Test
    void newFunctionsStringsAndVariablesLeadIntoThePayload() {
        check("int f(int x) { return outer(x); }", """
                static int limit = 123; static unsigned char seen[100]; static const char *const names[] = {"one", "two"};
                static __attribute__((noinline)) int check(int x) {
                  say("checking", x); say(names[x & 1]); seen[x]++; return limit -= x; }
                int f(int x) { return check(outer(x)) + seen[x + 1]; }
                """);
    }

    @Test
    void staticLocalsOfOneNameAreToldApart() {
        check("""
                int f(int x) { static int n = 111; say("f"); return n += x; }
                int g(int x) { static int n = 222; say("g"); return n -= x; }
                """, """
                int g(int x) { static int n = 222; say("g!"); return n -= x; }
                int f(int x) { static int n = 111; say("f!"); return n += x; }
                """, "-g");
    }

    @Test
    void aStaticLocalIsTheOneOfTheOriginal() {
        check("int f(int x) { static int n = 111; return n += x; }", """
                int e2(int x) { static int n = 5; return n += x; }
                int f(int x) { static int n = 111; return e2(n += x); }
                """, "-g");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "if (flag == 1) flag = 5; small = 7; tiny++; return x + last;",
                "last = 100000; flag |= 0x1000; small = 0x1234; return tiny == 3 ? last : flag;",
                "tiny = 1; small ^= 3; last <<= 4; return x * flag;"
            })
    void immediatesBehindAddressesDoNotMisleadIt(String body) {
        String variables = """
                #define SHARED __attribute__((section(".data.read_mostly"), used)) static
                SHARED int first = 1; SHARED int flag = 2; SHARED short small = 3; SHARED char tiny = 4; SHARED int last = 5;
                """;
        check(
                variables + "int f(int x) { return x + flag + small + tiny + last + first; }",
                variables + "int f(int x) { " + body + " }");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-O1", "-O2", "-Os"})
    void jumpTablesLeadIntoTheNewFunction(String level) {
        String source = """
                int f(unsigned x) {
                  switch (x) { case 0: return a(%d); case 1: return b(2); case 2: return c(3); case 3: return d(4);
                    case 4: return e(5); case 5: return a(6); case 6: return b(7); default: return 0; } }
                """;
        check(source.formatted(1), source.formatted(1000), level, "-fjump-tables");
    }

    @Test
    void twoJumpTablesOfOneFunctionAreKeptApart() {
        String source = """
                int f(unsigned x, unsigned y) { int r;
                  switch (x) { case 0: r = a(%d); break; case 1: r = b(2); break; case 2: r = c(3); break;
                    case 3: r = d(4); break; case 4: r = e(5); break; case 5: r = a(6); break; default: r = 0; }
                  switch (y) { case 0: return a(r); case 1: return b(r); case 2: return c(r); case 3: return d(r);
                    case 4: return e(r); case 5: return a(r + 6); case 6: return b(r + 7); default: return 0; } }
                """;
        check(source.formatted(1), source.formatted(1000), "-fjump-tables");
    }

    @Test
    void coldHalvesLeadBackIntoTheNewFunction() {
        String source = """
                int f(int x) { if (__builtin_expect(x < 0, 0)) { boom(%d); x = outer(x); boom(x); } return outer(x + 1); }
                """;
        check(source.formatted(1), source.formatted(1000));
    }

    @Test
    void tablesOfLabelsLeadIntoTheNewFunction() {
        String source = """
                int f(int i, int x) {
                  static const void *const labels[] = {&&a, &&b, &&c};
                  goto *labels[i];
                  a: return outer(x * 3);
                  b: return outer(x + 0x%d);
                  c: return outer(x - 9); }
                """;
        check(source.formatted(5), source.formatted(6));
        check(source.formatted(5), source.formatted(600));
    }

    @Test
    void changedConstantsAreThoseOfThePayload() {
        String source = """
                static const int table[] = {1, 2, 3, %d, 5, 6};
                static const int *const current[] = {table, table + 2};
                int f(int i) { return outer(table[i]) + i; }
                int g(int i) { return outer(current[i & 1][i]) + i; }
                int h(int i) { return outer(i); }
                """;
        // Whatever is read through a table of addresses may be an address, for all that the code tells.
        Change change = Change.of(DECLARATIONS + source.formatted(4), DECLARATIONS + source.formatted(44))
                .accepting("current");
        check(LinkedPatch.of(change, REST));
    }

    @Test
    void functionPointersAreThoseOfTheRunningProgram() {
        check("""
                __attribute__((noinline)) static int one(int x) { return outer(x) * 77; }
                static int (*current)(int) = one;
                int f(int x) { return current(x); }
                """, """
                __attribute__((noinline)) static int one(int x) { return outer(x) * 78; }
                static int (*current)(int) = one;
                static int two(int x) { return outer(x) + 2; }
                static int (*const table[])(int) = {one, two, outer};
                int f(int x) { return current(x) + table[x & 1](x) + (current == one); }
                """);
    }

    @Test
    void callsBetweenReplacedFunctionsGoByName() {
        check("""
                __attribute__((noinline)) int g(int x) { return outer(x) * 77; }
                int f(int x) { return g(x) + 100; }
                """, """
                __attribute__((noinline)) int g(int x) { return outer(x) * 78; }
                int f(int x) { return g(x) + 101; }
                """);
    }

    @Test
    void recursionGoesByName() {
        check(
                "int f(int x) { return x > 1 ? f(x - 1) * f(x - 2) + outer(x) : 1; }",
                "int f(int x) { return x > 2 ? f(x - 1) * f(x - 2) + outer(x) : 7; }");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-O1", "-O2", "-Os", "-O3"})
    void clonesAndInlinedFunctionsAreFollowed(String level) {
        String source = """
                static int helper(int a, int b, const int *p) { static int n = 333; n += a; return outer(a * b + p[1] + n); }
                __attribute__((noinline)) static int often(int a, int b) { return outer(a + b) * 3 + %d; }
                int f(const int *p) { return helper(1, 4, p) + often(p[0], 5); }
                int g(const int *p) { return helper(2, 4, p) + often(p[1], 5); }
                """;
        check(source.formatted(1), source.formatted(2), level);
    }

    @Test
    void aNewGlobalOfAnotherObjectIsThatOfThePayload() {
        LinkedPatch patch = LinkedPatch.of(
                Change.of(DECLARATIONS + "int f(int x) { return outer(x); }", DECLARATIONS + """
                                int shared(int); extern int total;
                                int f(int x) { total += x; return shared(outer(x)); }
                                """)
                        .and("other.c", "int z(int x) { return x * 77 + 1000; }", """
                                int total = 321; int z(int x) { return x * 77 + 1000; }
                                int shared(int x) { return z(x) + total; }
                                """),
                REST);
        LoadedPayload loaded = patch.load();

        patch.compared(loaded).check();
        assertThat(loaded.symbols().values())
                .extracting(symbol -> symbol.name())
                .containsExactlyInAnyOrder("f", "fix#shared", "fix#total");
    }

    @Test
    void aStaticVariableThatBecomesGlobalIsThatOfTheRunningProgram() {
        LinkedPatch patch = LinkedPatch.of(
                Change.of(
                                "static int v = 99; int g(int x) { return v += x; }",
                                "int v = 99; int g(int x) { return v += x; }")
                        .and(
                                "other.c",
                                "extern int v; int f(int x) { return x * 77 + 1000; }",
                                "extern int v; int f(int x) { return x * 77 + v; }"),
                REST);

        patch.compared(patch.load()).check();
    }

    private static final String ENTRIES = SpecialEntriesTest.MACROS + DECLARATIONS + """
            int f(int x) { ALTERNATIVE("movl $1, %%eax", "movl $2, %%eax", 3); return outer(x); }
            int g(int *p) { int v, e = 0;
              ALTERNATIVE("nop; nop; nop; nop; nop", "call outer", 5);
              ALTERNATIVE("nop; nop", "", 6);
              LOAD(v, p, e); if (v > 9) WARN(1234); LOAD(v, p + 1, e); if (e) WARN(5678); return v + e + NUMBER; }
            int h(int *p) { int v, e = 0; ALTERNATIVE("nop", "", 7); LOAD(v, p, e); WARN(42); return v + e; }
            """;

    @ParameterizedTest
    @ValueSource(strings = {".altinstructions", ".ex_table", ".bug_frames.1"})
    void entriesSpeakOfThePayload(String section) {
        LinkedPatch patch =
                LinkedPatch.of(Change.of(ENTRIES.replace("NUMBER", "1000"), ENTRIES.replace("NUMBER", "2000")), REST);
        LoadedPayload loaded = patch.load();
        SameAsFullLink compared = patch.compared(loaded);
        LinkedProgram program = patch.patchedProgram();
        Section here = loaded.elf().section(section).orElseThrow();
        Section there =
                dev.suture.elf.ElfFile.read(program.file()).section(section).orElseThrow();

        compared.check();
        Set<String> entries = compared.entries(section, loaded.section(section), here.sizeBytes(), true);
        assertThat(entries).hasSize(2).allMatch(entry -> entry.startsWith("g+0x"));
        assertThat(compared.entries(section, there.address(), there.sizeBytes(), false))
                .containsAll(entries);
    }

    @Test
    void hooksLeadIntoThePayload() {
        LinkedPatch patch =
                LinkedPatch.of(Change.of(DECLARATIONS + "int f(int x) { return outer(x); }", DECLARATIONS + """
                        int f(int x) { return outer(x); }
                        static void fix(void) { outside = 6; }
                        static void (*hook)(void) __attribute__((section(".livepatch.hooks.load"), used)) = fix;
                        """), REST);
        LoadedPayload loaded = patch.load();
        long pointer = dev.suture.elf.LittleEndian.u64(loaded.bytes(loaded.section(".livepatch.hooks.load"), 8), 0);

        patch.compared(loaded).check();
        assertThat(loaded.symbols().get(pointer).name()).isEqualTo("fix#unit.c#fix");
    }

    @Test
    void theFunctionTableNamesWhatItReplacesAndLeadsToTheReplacement() {
        LinkedPatch patch = LinkedPatch.of(
                Change.of(
                        DECLARATIONS + "static __attribute__((used)) int f(int x) { return outer(x); }",
                        DECLARATIONS + "static __attribute__((used)) int f(int x) { return outer(x + 1); }"),
                REST);
        LoadedPayload loaded = patch.load();
        var entry = loaded.bytes(loaded.section(".livepatch.funcs"), 104);
        var name = loaded.bytes(dev.suture.elf.LittleEndian.u64(entry, 0), 9);

        assertThat(new String(name.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)))
                .isEqualTo("unit.c#f\0");
        assertThat(loaded.symbols()
                        .get(dev.suture.elf.LittleEndian.u64(entry, 8))
                        .name())
                .isEqualTo("unit.c#f");
        assertThat(List.of(dev.suture.elf.LittleEndian.u64(entry, 16))).containsExactly(0L);
    }
}
