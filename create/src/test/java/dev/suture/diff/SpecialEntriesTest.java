package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Comparison.Status;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Entries of special sections, made by macros that do what those of Xen do. */
public class SpecialEntriesTest {
    public static final String MACROS = """
            #define ALTERNATIVE(old, new, feature) asm volatile ( \\
              "661:\\n\\t" old "\\n662:\\n\\t" \\
              ".pushsection .altinstructions, \\"a\\", @progbits\\n" \\
              " .long 661b - .\\n .long 663f - .\\n .word " #feature "\\n" \\
              " .byte 662b - 661b\\n .byte 664f - 663f\\n .byte 0\\n .byte 0\\n" \\
              ".section .altinstr_replacement, \\"ax\\", @progbits\\n" \\
              "663:\\n\\t" new "\\n664:\\n" \\
              ".popsection\\n" ::: "memory", "eax")
            #define LOAD(value, address, error) asm volatile ( \\
              "1: mov %[from], %[to]\\n2:\\n" \\
              ".pushsection .fixup, \\"ax\\"\\n" \\
              "3: mov %[code], %[result]\\n xor %[to], %[to]\\n jmp 2b\\n" \\
              ".popsection\\n" \\
              ".pushsection .ex_table, \\"a\\"\\n .balign 4\\n .long 1b - ., 3b - .\\n.popsection\\n" \\
              : [to] "=&r" (value), [result] "+r" (error) : [from] "m" (*(address)), [code] "i" (-14))
            #define BUG_FRAME(type, line, ptr) asm volatile ( \\
              ".Lbug%=: ud2\\n" \\
              ".pushsection .bug_frames.%c[bf_type], \\"a\\", @progbits\\n" \\
              ".p2align 2\\n" \\
              ".Lfrm%=:\\n" \\
              ".long (.Lbug%= - .Lfrm%=) + %c[bf_line_hi]\\n" \\
              ".long (%c[bf_ptr] - .Lfrm%=) + %c[bf_line_lo]\\n" \\
              ".popsection\\n" \\
              :: [bf_type] "i" (type), [bf_ptr] "i" (ptr), \\
                 [bf_line_lo] "i" ((line & 127) << 24), [bf_line_hi] "i" (((line) >> 7) << 24))
            #define WARN(line) BUG_FRAME(1, line, "unit.c")
            """;

    private static final String ALTERNATIVES = MACROS + """
            int f(int x) { ALTERNATIVE("movl $1, %%eax", "movl $%s, %%eax", 3); return x * 77 + 1000; }
            int g(int x) { ALTERNATIVE("movl $3, %%eax", "movl $4, %%eax", 5); return x * 77 + %s; }
            int h(int x) { ALTERNATIVE("movl $5, %%eax", "movl $6, %%eax", 7); return x * 77 + 3000; }
            """;

    private static String alternatives(String replacement, String constant) {
        String[] parts = ALTERNATIVES.split("%s", -1);
        return (parts[0] + replacement + parts[1] + constant + parts[2]).replace("%%eax", "%%eax");
    }

    private static List<String> chosenOf(Change change) {
        assertThat(change.refusals()).isEmpty();
        return change.chosen();
    }

    @Test
    void theAlternativesOfAChangedFunctionComeAlongAndThoseOfOthersDoNot() {
        Change change = Change.of(alternatives("2", "2000"), alternatives("2", "2001"));

        assertThat(change.status("f")).isEqualTo(Status.SAME);
        assertThat(chosenOf(change)).containsExactlyInAnyOrder("g", ".altinstructions", ".altinstr_replacement");
        assertThat(change.explain()).contains("entry .altinstructions: it is about `g`");
    }

    @Test
    void aChangeInAReplacementAloneChangesItsFunction() {
        Change change = Change.of(alternatives("2", "2000"), alternatives("9", "2000"));

        assertThat(change.verdicts().lines()).containsExactly("f CHANGED", "g SAME", "h SAME");
        assertThat(change.difference("f")).isEqualTo("one of its entries in .altinstructions differs");
    }

    @Test
    void aChangeOfTheFeatureAloneChangesItsFunction() {
        Change change = Change.of(
                alternatives("2", "2000"),
                alternatives("2", "2000").replace("movl $6, %%eax\", 7", "movl $6, %%eax\", 8"));

        assertThat(change.verdicts().lines()).containsExactly("f SAME", "g SAME", "h CHANGED");
    }

    @Test
    void aReplacementOfNoBytesHasNothingToDoWithTheNextOne() {
        String source = MACROS + """
                int f(int x) { ALTERNATIVE("movl $1, %%eax", "", 3); return x * 77 + 1000; }
                int g(int x) { ALTERNATIVE("movl $3, %%eax", "movl $NUMBER, %%eax", 5); return x * 77 + 2000; }
                """;
        Change change = Change.of(source.replace("NUMBER", "4"), source.replace("NUMBER", "9"));

        assertThat(change.verdicts().lines()).containsExactly("f SAME", "g CHANGED");
        assertThat(chosenOf(change)).containsExactlyInAnyOrder("g", ".altinstructions", ".altinstr_replacement");
    }

    @Test
    void aReplacementOfNoBytesAtTheEndIsFound() {
        String source = MACROS + """
                int g(int x) { ALTERNATIVE("movl $3, %%eax", "movl $4, %%eax", 5); return x * 77 + 2000; }
                int f(int x) { ALTERNATIVE("movl $1, %%eax", "", 3); return x * 77 + NUMBER; }
                """;
        Change change = Change.of(source.replace("NUMBER", "1000"), source.replace("NUMBER", "1001"));

        assertThat(chosenOf(change)).containsExactlyInAnyOrder("f", ".altinstructions");
    }

    @Test
    void aReplacementOfNoBytesMayBeTheOnlyOne() {
        String source = MACROS + """
                int f(int x) { ALTERNATIVE("movl $1, %%eax", "", 3); return x * 77 + NUMBER; }
                """;
        Change change = Change.of(source.replace("NUMBER", "1000"), source.replace("NUMBER", "1001"));

        assertThat(chosenOf(change)).containsExactlyInAnyOrder("f", ".altinstructions");
    }

    private static final String LOADS = MACROS + """
            int f(int *p) { int v, e = 0; LOAD(v, p, e); return v + e + 1000; }
            int g(int *p) { int v, e = 0; LOAD(v, p + 1, e); return v + e + NUMBER; }
            """;

    @Test
    void theFixUpOfAChangedFunctionComesAlong() {
        Change change = Change.of(LOADS.replace("NUMBER", "2000"), LOADS.replace("NUMBER", "2001"));

        assertThat(change.verdicts().lines()).containsExactly("f SAME", "g CHANGED");
        assertThat(chosenOf(change)).containsExactlyInAnyOrder("g", ".fixup", ".ex_table");
    }

    @Test
    void aChangeInAFixUpAloneChangesItsFunction() {
        Change change = Change.of(
                LOADS.replace("NUMBER", "2000"), LOADS.replace("NUMBER", "2000").replace("-14", "-22"));

        assertThat(change.verdicts().lines()).containsExactly("f CHANGED", "g CHANGED");
        assertThat(change.difference("g")).isEqualTo("one of its entries in .ex_table differs");
    }

    /** As in a debug build of Xen, where the first assertion of an object goes. */
    @Test
    void theOrderInWhichAnObjectHasItsSectionsIsNoDifference() {
        String source = MACROS + """
                int a(int x) { FIRST return x * 77 + 3; }
                int f(int *p) { int v, e = 0; LOAD(v, p, e); WARN(5); return v + e + 1000; }
                """;
        Change change = Change.of(source.replace("FIRST", "WARN(9);"), source.replace("FIRST", ""));

        assertThat(change.verdicts().lines()).containsExactly("a CHANGED", "f SAME");
    }

    @Test
    void fixUpsAreCutOneByOne() {
        Change change = Change.of(LOADS.replace("NUMBER", "2000"), LOADS.replace("NUMBER", "2001"));

        assertThat(change.comparison().patched().pieces())
                .filteredOn(piece -> piece.section().name().equals(".fixup"))
                .hasSize(2);
    }

    @Test
    void fixUpsThatRunOnIntoOneAnotherAreOne() {
        String source = MACROS + """
                int f(int *p, int *q) { int v, e = NUMBER;
                  asm volatile ("1: mov (%[p]), %[v]\\n2: mov (%[q]), %[v]\\n3:\\n"
                    ".pushsection .fixup, \\"ax\\"\\n4: inc %[e]\\n5: inc %[e]\\n jmp 3b\\n.popsection\\n"
                    ".pushsection .ex_table, \\"a\\"\\n .balign 4\\n .long 1b - ., 4b - ., 2b - ., 5b - .\\n.popsection\\n"
                    : [v] "=&r" (v), [e] "+r" (e) : [p] "r" (p), [q] "r" (q));
                  return v + e; }
                int g(int *p) { int v, e = 0; LOAD(v, p + 1, e); return v + e; }
                """;
        Change change = Change.of(source.replace("NUMBER", "7"), source.replace("NUMBER", "8"));

        assertThat(change.comparison().patched().pieces())
                .filteredOn(piece -> piece.section().name().equals(".fixup"))
                .hasSize(2);
        assertThat(chosenOf(change)).containsExactlyInAnyOrder("f", ".fixup", ".ex_table", ".ex_table");
    }

    private static final String WARNINGS = MACROS + """
            int f(int x) { if (x > 7) WARN(LINE); return x * 77 + 1000; }
            int g(int x) { if (x > 9) WARN(4000); return x * 77 + NUMBER; }
            """;

    @Test
    void aChangedLineNumberInABugFrameChangesNothing() {
        Change change = Change.of(
                WARNINGS.replace("LINE", "100").replace("NUMBER", "2000"),
                WARNINGS.replace("LINE", "8100").replace("NUMBER", "2000"));

        assertThat(change.verdicts().lines()).containsExactly("f SAME", "g SAME");
    }

    @Test
    void theBugFrameOfAChangedFunctionComesAlongWithItsFileName() {
        Change change = Change.of(
                WARNINGS.replace("LINE", "100").replace("NUMBER", "2000"),
                WARNINGS.replace("LINE", "100").replace("NUMBER", "2001"));

        assertThat(chosenOf(change)).containsExactlyInAnyOrder("g", ".bug_frames.1", "\"unit.c\"");
    }

    @Test
    void anotherFileNameInABugFrameChangesItsFunction() {
        Change change = Change.of(
                WARNINGS.replace("LINE", "100").replace("NUMBER", "2000"),
                WARNINGS.replace("LINE", "100").replace("NUMBER", "2000").replace("\"unit.c\"", "\"other.c\""));

        assertThat(change.verdicts().lines()).containsExactly("f CHANGED", "g CHANGED");
        assertThat(change.difference("f")).isEqualTo("one of its entries in .bug_frames.1 differs");
    }

    @Test
    void oneWarningMoreChangesItsFunction() {
        Change change = Change.of(
                MACROS + "int f(int x) { WARN(5); return x; }",
                MACROS + "int f(int x) { WARN(5); WARN(6); return x; }");

        assertThat(change.status("f")).isEqualTo(Status.CHANGED);
    }

    @Test
    void aBugFrameThatCallsAFunctionRefersToTheOneTheSystemHas() {
        String source = MACROS + """
                static __attribute__((noinline, used)) void handler(void) { asm volatile ("nop"); }
                int f(int x) { BUG_FRAME(0, 0, handler); return x * 77 + NUMBER; }
                """;
        Change change = Change.of(source.replace("NUMBER", "1"), source.replace("NUMBER", "2"), "-O1");

        assertThat(chosenOf(change)).containsExactlyInAnyOrder("f", ".bug_frames.0");
    }

    @Test
    void anEntryAboutAColdHalfComesAlong() {
        String source = MACROS + """
                void boom(int) __attribute__((cold)); int g(int);
                int f(int x) { if (__builtin_expect(x < 0, 0)) { boom(3); WARN(77); boom(x); } return g(x + NUMBER); }
                """;
        Change change = Change.of(source.replace("NUMBER", "1"), source.replace("NUMBER", "2"));

        assertThat(chosenOf(change)).containsExactlyInAnyOrder("f", "f.cold", ".bug_frames.1", "\"unit.c\"");
    }

    @Test
    void anEntryThatOnlyTheBootUnderstandsIsRefused() {
        String source = MACROS + """
                int f(int *p) { int v = 0;
                  asm volatile ("1: mov (%[p]), %[v]\\n2:\\n"
                    ".pushsection .ex_table.pre, \\"a\\"\\n .balign 4\\n .long 1b - ., 2b - .\\n.popsection\\n"
                    : [v] "+r" (v) : [p] "r" (p));
                  return v + NUMBER; }
                """;
        Change change = Change.of(source.replace("NUMBER", "1000"), source.replace("NUMBER", "2000"));

        assertThat(change.refusals()).isEqualTo("""
                unit.o: refused: function `f` has an entry in .ex_table.pre, which a payload cannot extend
                        Move the change out of the code that the entry covers.""");
    }

    @Test
    void entriesOfAnotherReleaseAreABadObject() {
        String source = MACROS + "int f(int x) { ALTERNATIVE(\"movl $1, %%eax\", \"movl $2, %%eax\", 3); return x; }";

        org.assertj.core.api.Assertions.assertThatThrownBy(() -> SplitObject.split(
                        "unit.o", dev.suture.elf.ElfFile.read(Tools.gcc("unit.c", source)), SpecialSections.xenX86(10)))
                .hasMessageContaining(
                        ".altinstructions has 14 bytes, not a multiple of 12: the object was made for another release");
    }
}
