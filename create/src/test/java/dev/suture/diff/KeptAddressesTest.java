package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A constant changes whose address the running code may have put somewhere. */
class KeptAddressesTest {
    private static final String DECLARATIONS = """
            struct object { long id; const int *table; };
            void *memcpy(void *, const void *, unsigned long);
            void publish(const int *), log(long);
            """;
    private static final String TABLE = "static const int table[] = {1, 2, 3, %d};\n";

    private static Change change(String users) {
        String before = DECLARATIONS + TABLE.formatted(4);
        String after = DECLARATIONS + TABLE.formatted(5);
        return Change.of(before + users, after + users);
    }

    private static List<String> warnings(Change change) {
        return KeptAddresses.warnings(change.select(), Change.TRAITS);
    }

    private static void assertClean(Change change) {
        assertThat(change.refusals()).isEmpty();
        assertThat(warnings(change)).isEmpty();
        assertThat(change.chosen()).contains("table");
    }

    private static void assertRefused(Change change, String how) {
        assertThat(change.refusals())
                .startsWith("unit.o: refused: constant `table` changed, and " + how)
                .contains(": the old contents would stay in use there\n        Give the new contents another name");
    }

    private static void assertWarned(Change change, String how) {
        assertThat(change.refusals())
                .startsWith("unit.o: refused: constant `table` changed, and " + how)
                .contains(
                        ": who got it there before keeps the old contents if it keeps the address\n        If nobody keeps");
        assertThat(warnings(change))
                .singleElement()
                .asString()
                .startsWith("the constant `table` has a changed copy in the payload, and " + how)
                .endsWith(": who got it there before keeps the old contents if it keeps the address");
    }

    @Test
    void whatIsOnlyReadIsReplacedWithoutAWord() {
        assertClean(change("int f(int i) { return table[i]; } int g(void) { return table[3]; }"));
    }

    @Test
    void aLoopOverTheTableOnlyReadsIt() {
        assertClean(change("""
                int f(int x) {
                    for (const int *p = table; p < table + 4; p++) if (*p == x) log(*p); else x += *p;
                    return x;
                }
                """));
    }

    @Test
    void aCopyOfTheContentsKeepsNoAddress() {
        assertClean(change("void f(void *to) { memcpy(to, table, sizeof(table)); }"));
    }

    @Test
    void whatIsStoredInAnObjectIsRefused() {
        assertRefused(
                change("void f(struct object *o) { log(o->id); o->table = table; }"),
                "`f` stores its address where a pointer leads (+0x");
    }

    @Test
    void whatIsStoredInPairsIsSeen() {
        Change change = change(
                "struct { const int *first, *second; } kept; void f(void) { kept.first = table; kept.second = table + 2; }");
        assertThat(change.refusals()).contains("constant `table` changed, and `f`");
    }

    @Test
    void whatIsStoredInAVariableIsRefused() {
        assertRefused(
                change("static const int *current; int f(int i) { return current ? current[i] : 0; }"
                        + " void g(void) { log(1); current = table + 1; log(2); }"),
                "`g` stores its address in `current` (+0x");
    }

    @Test
    void whatOneOfTwoWaysStoresIsRefused() {
        assertRefused(
                change(
                        "int f(struct object *o, int i) { if (i > 7) { o->table = table; return 0; } return table[i]; }"),
                "`f` stores its address where a pointer leads (+0x");
    }

    @Test
    void whatAFunctionStoredThatThePatchRemovesIsRefused() {
        String source = DECLARATIONS + TABLE;
        String reader = "int f(int i) { return table[i]; }";

        Change change = Change.of(
                source.formatted(4) + "void g(struct object *o) { o->table = table; }" + reader,
                source.formatted(5) + reader);

        assertRefused(change, "`g` stores its address where a pointer leads (+0x");
    }

    @Test
    void whoPassesItOnIsNamed() {
        assertWarned(change("void f(void) { publish(table); log(1); }"), "`f` passes its address to `publish` (+0x");
    }

    @Test
    void aFunctionOfTheObjectIsBelievedForWhatItsCodeDoes() {
        String reads = "static __attribute__((noinline)) int look(const int *t, int i) { log(i); return t[i]; }";
        String keeps = "static const int *kept; static __attribute__((noipa)) void look(const int *t, int i)"
                + " { if (i > 7) kept = t; } int use(int i) { return kept[i]; }";

        assertClean(change(reads + " int f(int i) { return look(table, i) + 1; }"));
        assertWarned(
                change(keeps + " void f(int i) { look(table, i); log(1); }"), "`f` passes its address to `look` (+0x");
    }

    /** The program's own {@code printk} may keep what it gets; only that of Xen is known. */
    @Test
    void aNameProvesNothing() {
        String source =
                "void printk(const int *); static const int table[] = {1, 2, 3, %d}; void f(void) { printk(table); }";
        Change change = Change.of(source.formatted(4), source.formatted(5));

        assertThat(change.refusals(TargetTraits.ofProcess(Set.of(), Set.of("printf"))))
                .startsWith(
                        "unit.o: refused: constant `table` changed, and `f` goes on with its address in `printk` (+0x");
        assertThat(change.refusals(TargetTraits.ofProcess(Set.of(), Set.of()).accepting(Set.of("table"))))
                .isEmpty();
    }

    @Test
    void whoReturnsItIsNamed() {
        assertWarned(change("const int *f(int i) { log(i); return i ? table : 0; }"), "`f` returns its address (+0x");
    }

    @Test
    void whatIsOnTheStackForACallMayBeKept() {
        assertWarned(
                change("void take(const int **); void f(void) { const int *t = table; take(&t); log(1); }"),
                "`f` keeps its address on the stack (+0x");
    }

    @Test
    void anAddressThatAnotherTableHoldsMayBeKept() {
        Change change = change("static const int *const all[] = {table, table + 1};"
                + " void f(struct object *o, int i) { o->table = all[i]; }");

        assertThat(change.refusals())
                .startsWith(
                        "unit.o: refused: constant `all` changed, and `f` may store its address where a pointer leads (+0x");
        assertThat(warnings(change))
                .singleElement()
                .asString()
                .startsWith("the constant `all` has a changed copy in the payload, and `f` may store its address"
                        + " where a pointer leads (+0x");
    }

    @Test
    void whatBootCodeOnlyReadHasHadItsEffect() {
        assertClean(change("""
                __attribute__((section(".init.text"))) int start(int i) { return table[i] + table[i + 1]; }
                int f(int i) { return table[i]; }
                """));
    }

    @Test
    void whatBootCodeStoredIsRefused() {
        assertRefused(
                change("__attribute__((section(\".init.text\"))) void start(struct object *o) { o->table = table; }"),
                "`start` stores its address where a pointer leads (+0x");
    }

    @Test
    void anInstructionThatIsNotUnderstoodMayDoAnything() {
        Change change = change(
                "void f(void *to) { asm volatile (\"movq %0, %%xmm0; movups %%xmm0, (%1)\" :: \"r\" (table), \"r\" (to)); }");

        assertWarned(change, "`f` uses its address in an instruction that is not understood (+0x");
    }
}
