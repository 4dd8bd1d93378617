package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Comparison.Status;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompareTest {
    private static final String SAY = "void say(const char *, ...);\n";

    @Test
    void eachSymbolHasItsVerdict() {
        Change change = Change.of(
                "int f(int x) { return x * 3; } int g(int x) { return x * 5; } int v = 1;",
                "int f(int x) { return x * 3; } int g(int x) { return x * 7; } int v = 1; int h(int x) { return x; }");

        assertThat(change.verdicts().lines()).containsExactlyInAnyOrder("f SAME", "g CHANGED", "h NEW", "v SAME");
    }

    @Test
    void aRenumberedStringIsTheSame() {
        Change change = Change.of(
                SAY + "void f(void) { say(\"hello\"); }",
                SAY + "void e(void) { say(\"first\"); } void f(void) { say(\"hello\"); }");

        assertThat(change.status("f")).isEqualTo(Status.SAME);
    }

    @Test
    void aChangedStringChangesWhoPrintsIt() {
        Change change = Change.of(SAY + "void f(void) { say(\"hello\"); }", SAY + "void f(void) { say(\"hullo\"); }");

        assertThat(change.status("f")).isEqualTo(Status.CHANGED);
        assertThat(change.difference("f")).contains("the string \"hullo\" instead of the string \"hello\"");
    }

    @Test
    void stringsThatAreMergedWithOthersAreTheSame() {
        Change change = Change.of(
                SAY + "void f(void) { say(\"hello\"); }",
                SAY + "void e(void) { say(\"hello\"); say(\"hello\"); } void f(void) { say(\"hello\"); }");

        assertThat(change.status("f")).isEqualTo(Status.SAME);
    }

    @Test
    void theTailOfAStringIsWhatMatters() {
        Change change = Change.of(
                SAY + "void f(void) { say(\"xhello\" + 1); }", SAY + "void f(void) { say(\"abchello\" + 3); }");

        assertThat(change.status("f")).isEqualTo(Status.SAME);
    }

    @Test
    void aConstantIsComparedByItsValue() {
        String source =
                "typedef int v4 __attribute__((vector_size(16)));" + "%sv4 f(v4 x) { return x + (v4) {1, 2, 3, %d}; }";
        String other = "v4 e(v4 x) { return x * (v4) {9, 8, 7, 6}; }";
        String[] sse = {"-msse2"};

        Change renumbered = Change.of(source.formatted("", 4), source.formatted(other, 4), sse);
        Change changed = Change.of(source.formatted("", 4), source.formatted("", 5), sse);

        assertThat(renumbered.status("f")).isEqualTo(Status.SAME);
        assertThat(changed.status("f")).isEqualTo(Status.CHANGED);
    }

    private static final String SWITCH = """
            int a(int), b(int), c(int), d(int), e(int);
            int f(unsigned x) {
              switch (x) { case 0: return a(1); case 1: return b(2); case 2: return c(3); case 3: return d(4);
                case 4: return e(5); case 5: return a(6); case 6: return b(7); default: return 0; } }
            """;

    @Test
    void aJumpTableIsComparedByItsDestinations() {
        Change same = Change.of(SWITCH, "int g(void) { return 1; }" + SWITCH, "-fjump-tables");
        Change changed = Change.of(
                SWITCH,
                SWITCH.replace("case 0: return a(1); case 1: return b(2)", "case 1: return a(1); case 0: return b(2)"),
                "-fjump-tables");

        assertThat(same.status("f")).isEqualTo(Status.SAME);
        assertThat(changed.status("f")).isEqualTo(Status.CHANGED);
    }

    @Test
    void theEntriesOfJumpTablesLeadIntoTheirOwnFunctions() {
        String other = SWITCH.replace("f(unsigned", "g(unsigned").replace("e(5)", "e(9)");
        Change change = Change.of(SWITCH + other, SWITCH + other, "-fjump-tables", "-fno-function-sections");
        ObjectPieces object = change.comparison().original();
        List<String> destinations = object.pieces().stream()
                .filter(piece -> piece.kind() == Piece.Kind.NAMELESS_DATA)
                .flatMap(table -> object.references(table).stream())
                .map(entry -> Compare.describe(object, entry))
                .toList();

        assertThat(destinations).hasSize(14);
        assertThat(destinations.subList(0, 7)).containsOnly("f");
        assertThat(destinations.subList(7, 14)).containsOnly("g");
    }

    private static final String COLD = """
            void boom(int) __attribute__((cold));
            int g(int);
            int f(int x) { if (__builtin_expect(x < 0, 0)) { boom(%d); g(x); boom(x); } return g(x + 1); }
            """;

    @Test
    void aFunctionOfWhichOnlyTheColdHalfChangesIsChanged() {
        Change change = Change.of(COLD.formatted(1), COLD.formatted(2));

        assertThat(change.comparison().patched().pieces())
                .anyMatch(piece -> piece.name().equals("f.cold"));
        assertThat(change.status("f")).isEqualTo(Status.CHANGED);
    }

    @Test
    void anEqualColdHalfIsTheSameWhereverItIs() {
        Change change =
                Change.of(COLD.formatted(1), COLD.formatted(3).replace("f(int x)", "e(int x)") + COLD.formatted(1));

        assertThat(change.status("f")).isEqualTo(Status.SAME);
    }

    @Test
    void aCallOfAnotherFunctionIsADifference() {
        Change change = Change.of(
                "void a(void), b(void); void f(void) { a(); a(); }",
                "void a(void), b(void); void f(void) { a(); b(); }");

        assertThat(change.difference("f")).contains("it refers to b instead of a");
    }

    @Test
    void aVariableThatBecomesInitializedIsChanged() {
        Change change = Change.of("int v;", "int v = 3;");

        assertThat(change.difference("v")).isEqualTo("it becomes initialized");
    }

    @Test
    void anInitializedVariableThatBecomesZeroIsChanged() {
        Change change = Change.of("int v = 3;", "int v;");

        assertThat(change.difference("v")).isEqualTo("it is no longer initialized");
    }

    @Test
    void aResizedVariableIsChanged() {
        Change change = Change.of("int v[4];", "int v[6];");

        assertThat(change.difference("v")).isEqualTo("its size changes from 16 to 24 bytes");
    }

    @Test
    void aPointerToAnotherVariableIsADifference() {
        Change change = Change.of("int a, b; int *p = &a;", "int a, b; int *p = &b;");

        assertThat(change.difference("p")).contains("it refers to b instead of a");
    }

    @Test
    void theSameVariableAtAnotherPlaceOfItsSectionIsTheSame() {
        String shared = "__attribute__((section(\".data.read_mostly\"))) static int %s = 1;";
        String users = "int f(void) { return a; } void g(int x) { a = x; }";
        Change change = Change.of(
                shared.formatted("a") + users,
                shared.formatted("z") + "int z_(void) { return z++; }" + shared.formatted("a") + users);

        assertThat(change.verdicts().lines()).contains("f SAME", "g SAME", "a SAME", "z NEW");
    }

    @Test
    void aDebugBuildAndOneWithoutAreTheSame() {
        String source = "static int count; int f(int x) { return count += x; }";
        Change change = Change.ofObjects(Tools.gcc("unit.c", source), Tools.gcc("unit.c", source, "-g"));

        assertThat(change.verdicts().lines()).containsExactlyInAnyOrder("f SAME", "count SAME");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-O1", "-O2", "-Os", "-O3"})
    void whatAPatchDoesNotTouchIsTheSameAtEachLevelOfOptimisation(String level) {
        String rest = """
                static int count; static const int table[] = {4, 5, 6};
                static int helper(int a, const int *p) { static int calls; calls++; return a + p[1] + count; }
                int f(int x) { say("%d", x); return helper(x, table) + helper(x + 1, table + 1); }
                int g(int x) { count = x; return x > 3 ? f(x - 1) : 0; }
                """;
        Change change = Change.of(
                SAY + "int h(int x) { return x; }" + rest,
                SAY + "int h(int x) { static int count; say(\"new\"); return x + ++count; }" + rest,
                level);

        assertThat(change.verdicts().lines()).contains("f SAME", "g SAME", "h CHANGED");
    }

    @Test
    void entryMarksOfIndirectBranchesAreJustCode() {
        String source = "int f(int x) { return x + %d; } int g(void) { return 1; }";
        Change change = Change.of(source.formatted(1), source.formatted(2), "-fcf-protection=branch");

        assertThat(change.verdicts().lines()).containsExactlyInAnyOrder("f CHANGED", "g SAME");
    }

    @Test
    void functionsInGroupsAreComparedLikeOthers() {
        String group = """
                .section .text.f,"axG",@progbits,f,comdat
                .weak f
                .type f,@function
                f: mov $%d, %%eax
                ret
                .size f, .-f
                .section .text.g,"axG",@progbits,g,comdat
                .weak g
                .type g,@function
                g: call f
                ret
                .size g, .-g
                """;
        Change change = Change.ofAssembly(group.formatted(1), group.formatted(2));

        assertThat(change.verdicts().lines()).containsExactly("f CHANGED", "g SAME");
    }

    @Test
    void visibilityAndBindingChangeNothing() {
        String source = "%s int f(void) { return 1; } %s int v = 1; int g(void) { return f() + v; }";
        Change change = Change.of(
                source.formatted("__attribute__((visibility(\"hidden\")))", ""),
                source.formatted("__attribute__((visibility(\"protected\")))", "__attribute__((weak))"),
                "-O0");

        assertThat(change.verdicts().lines()).contains("f SAME", "v SAME");
    }

    @Test
    void aFunctionOfNoBytesHidesNothing() {
        String source = """
                .text
                .type f,@function
                f: .size f, 0
                .globl g
                .type g,@function
                g: mov $%d, %%eax
                ret
                .size g, .-g
                """;
        Change change = Change.ofAssembly(source.formatted(1), source.formatted(2));

        assertThat(change.status("g")).isEqualTo(Status.CHANGED);
    }

    @Test
    void aSymbolThatEndsBehindItsSectionIsNoPiece() {
        String source = """
                .section .text.f,"ax"
                .globl f
                .type f,@function
                f: mov $%d, %%eax
                ret
                .size f, 100
                """;
        Change change = Change.ofAssembly(source.formatted(1), source.formatted(2));

        assertThat(change.verdicts()).isEmpty();
        assertThat(change.refusals()).contains("assembly in .text.f changed");
    }

    @Test
    void callsAreTheSameWhetherTheAssemblerAsksForAPltOrNot() {
        String source = """
                .section .text.f,"ax"
                .globl f
                .type f,@function
                f: .byte 0xe8
                .reloc ., %s, g-4
                .long 0
                ret
                .size f, .-f
                """;
        Change change = Change.ofAssembly(source.formatted("R_X86_64_PC32"), source.formatted("R_X86_64_PLT32"));

        assertThat(change.status("f")).isEqualTo(Status.SAME);
    }

    private static final String NEIGHBOURS = """
            .text
            .globl f
            .type f,@function
            f: nop
            call 1f
            ret
            .size f, .-f
            .type %s,@function
            %1$s:
            1: xor %%eax, %%eax
            ret
            .size %1$s, .-%1$s
            .type %2$s,@function
            %2$s: inc %%eax
            ret
            .size %2$s, .-%2$s
            """;

    @Test
    void aCallWithoutARelocationIsComparedByWhereItLeads() {
        assertThat(Change.ofAssembly(NEIGHBOURS.formatted("g", "h"), NEIGHBOURS.formatted("g", "h"))
                        .status("f"))
                .isEqualTo(Status.SAME);
        Change change = Change.ofAssembly(NEIGHBOURS.formatted("g", "h"), NEIGHBOURS.formatted("h", "g"));

        assertThat(change.status("f")).isEqualTo(Status.CHANGED);
        assertThat(change.difference("f")).isEqualTo("at +0x1 it leads to another neighbour in .text");
    }

    @Test
    void clangsObjectsAreComparedLikeGccs() {
        Tools.assumeInstalled("clang");
        String source = """
                void say(const char *);
                int f(int x) { static int count; say("hello"); return x + ++count; }
                int g(int x) { static int count; return x + %d + ++count; }
                """;
        List<String> options = List.of("-O2", "-w", "-fPIC", "-ffunction-sections", "-fdata-sections");
        Change change = Change.ofObjects(
                Tools.compile("clang", "unit.c", source.formatted(1), options),
                Tools.compile("clang", "unit.c", source.formatted(2), options));

        assertThat(change.verdicts().lines()).contains("f SAME", "g CHANGED");
    }
}
