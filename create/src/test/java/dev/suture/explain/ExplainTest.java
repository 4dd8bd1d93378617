package dev.suture.explain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Change;
import dev.suture.explain.ExplainedFunction.Decision;
import dev.suture.explain.PatchLines.PatchLine;
import dev.suture.explain.Row.Mark;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a reader is told of a patch. */
class ExplainTest {
    private static final String OUTER = "int outer(int); void say(const char *, ...);\n";

    @Test
    void theFirstInstructionThatDiffersStandsBesideItsSourceLine() {
        Change change = Change.of(
                OUTER + "int f(void) {\n  return outer(1); }", OUTER + "int f(void) {\n  return outer(2); }", "-g");

        assertThat(text(change)).isEqualTo("""
                f (unit.o, 10 -> 10 bytes): replaced: its code differs first at +0x1
                    first instruction that differs:
                      original +0x0     bf 01 00 00 00                                                 unit.c:3
                      patched  +0x0     bf 02 00 00 00                                                 unit.c:3
                    1 instructions are the same, 1 changed, 0 removed, 0 added""");
    }

    @Test
    void whatAFunctionReferredToAndWhatItRefersToNowStandSideBySide() {
        Change change = Change.of(
                OUTER + "int g(int); int f(int x) { return outer(x); }",
                OUTER + "int g(int); int f(int x) { return g(x); }");

        assertThat(text(change)).isEqualTo("""
                f (unit.o, 5 -> 5 bytes): replaced: at +0x1 it refers to g instead of outer
                    first instruction that differs:
                      original +0x0     e9 00 00 00 00                 jumps to outer
                      patched  +0x0     e9 00 00 00 00                 jumps to g
                    0 instructions are the same, 1 changed, 0 removed, 0 added
                Source lines are not shown: the objects have no debug information (-g).""");
    }

    private static final String ONE_CALL = OUTER + """
            static int work(int x)
            {
                for (int i = 0; i < x; i++) {
                    x += outer(outer(x) * 3 + i);
                    if (x & 1) say("%d", outer(x), outer(i + 1), outer(i + 2));
                    else if (x & 2) say("%d", outer(x + 3), outer(i + 4), outer(i + 5));
                }
                return x;
            }
            int nobodyTouched(int x) { return work(x) + 7; }
            """;
    private static final String TWO_CALLS = ONE_CALL + "int patched(int x) { return work(x + 1) * 5; }";

    @Test
    void ofAFunctionThatOnlyInliningMayHaveChangedThatIsSaid() {
        assertThat(text(Change.of(ONE_CALL, TWO_CALLS, "-g")))
                .contains(
                        "maybe only the compiler's choice: it now calls `work`, which it had inlined. If the patch touches"
                                + " neither, it need not be replaced");
        assertThat(text(Change.of(TWO_CALLS, ONE_CALL, "-g")))
                .contains("maybe only the compiler's choice: it now has `work` inlined, which it called before.");
    }

    @Test
    void ofAFunctionWithTheSameCallsInlinedNothingIsSaidOfInlining() {
        assertThat(text(Change.of(ONE_CALL, ONE_CALL.replace("+ 7", "+ 8"), "-g")))
                .doesNotContain("compiler's choice");
    }

    @Test
    void aBranchThatOnlyLeadsFurtherIsTheSame() {
        Change change = Change.ofAssembly(assembly("nop"), assembly("call added"));

        ExplainedFunction function = explain(change).functions().getFirst();

        assertThat(function.count(Mark.CHANGED)).isEqualTo(1);
        assertThat(function.count(Mark.SAME)).isEqualTo(4);
        assertThat(function.firstDifference()
                        .orElseThrow()
                        .patched()
                        .orElseThrow()
                        .effect())
                .isEqualTo("calls added");
    }

    private static String assembly(String inserted) {
        return """
                .section .text.f, "ax", @progbits
                .globl f
                .type f, @function
                f: test %edi, %edi
                   je 1f
                   call outer
                   INSERTED
                1: ret
                .size f, . - f
                """.replace("INSERTED", inserted);
    }

    @Test
    void aBranchToAnotherPlaceIsMarked() {
        String loop = """
                .section .text.f, "ax", @progbits
                .globl f
                .type f, @function
                f: mov %edi, %eax
                1: dec %eax
                   mov %eax, %ecx
                2: jne LABELb
                   ret
                .size f, . - f
                """;
        Change change = Change.ofAssembly(loop.replace("LABEL", "1"), loop.replace("LABEL", "2"));

        Row first = explain(change).functions().getFirst().firstDifference().orElseThrow();

        assertThat(first.original().orElseThrow().effect()).isEqualTo("may jump to +0x2");
        assertThat(first.patched().orElseThrow().effect()).isEqualTo("may jump to +0x6");
    }

    @Test
    void aChainOfReferencesTellsWhyAConstantIsIn() {
        Change change = Change.of(OUTER + "int f(int x) { return outer(x); }", OUTER + """
                static __attribute__((noinline)) void tell(int x) { say("too \\"large\\" %d\\n", x); }
                int f(int x) { if (x > 5) tell(x); return outer(x); }
                """);

        assertThat(text(change))
                .contains("""
                tell (unit.o, %d bytes): new: `f` uses it
                    needed by: f -> tell
                """.formatted(size(change, "tell")))
                .contains("needed by: f -> tell -> the string \"too \\\"large\\\" %d\\n\"");
    }

    private static long size(Change change, String function) {
        return explain(change).functions().stream()
                .filter(explained -> explained.name().equals(function))
                .findFirst()
                .orElseThrow()
                .patchedSizeBytes();
    }

    @Test
    void anInlinedFunctionIsNamedWithTheLineItWasCalledFrom() {
        String source = OUTER + "static inline int limit(int x) { return x > LIMIT ? LIMIT : x; }\n"
                + "int f(int x) { return outer(limit(x)); }";
        Change change = Change.of(source.replace("LIMIT", "77"), source.replace("LIMIT", "78"), "-g");

        Row first = explain(change).functions().getFirst().firstDifference().orElseThrow();

        assertThat(first.patched().orElseThrow().place()).isEqualTo("unit.c:2 in limit, inlined at unit.c:3");
    }

    @Test
    void aFunctionThatDiffersOnlyInNumbersAndPlacesIsLeftOutWithTheReason() {
        String untouched = """
                int g(int x) { static int last; last += outer(x); return last; }
                int h(int x) { static int last; last -= outer(x); return last; }
                """;
        Change change = Change.of(
                OUTER + untouched + "int f(int x) { return outer(x); }",
                OUTER + untouched + "int f(int x) { static int last; return outer(x + last++); }");

        ExplainedPatch explained = explain(change);

        assertThat(explained.sameThough())
                .extracting(ExplainedPatch.SameThough::name)
                .containsExactly("g", "h");
        assertThat(ExplainText.of(explained, false))
                .contains("left out, as it does the same: it refers to `last.")
                .contains("matched by the functions that use it");
        assertThat(explained.renumbered()).hasSize(2);
    }

    @Test
    void stringsThatOnlyMovedAreNoReason() {
        String assembly = """
                .section .rodata.str1.1, "aMS", @progbits, 1
                MORE
                .L1: .string "hello"
                .section .text.f, "ax", @progbits
                .globl f
                .type f, @function
                f: mov $.L1, %edi
                   ret
                .size f, . - f
                """;
        Change change = Change.ofAssembly(assembly.replace("MORE", ""), assembly.replace("MORE", ".string \"before\""));

        assertThat(text(change))
                .isEqualTo(
                        "f (unit.o): left out, as it does the same: strings that it refers to are at other places and"
                                + " have the same text");
    }

    @Test
    void bootCodeIsLeftOutAndStillShown() {
        String source = OUTER + "__attribute__((section(\".init.text\"))) int start(int x) { return outer(N); }";
        Change change = Change.of(source.replace("N", "1"), source.replace("N", "2"));

        ExplainedFunction function = explain(change).functions().getFirst();

        assertThat(function.decision()).isEqualTo(Decision.LEFT_OUT);
        assertThat(function.reason()).isEqualTo("it runs only while the system boots");
        assertThat(function.firstDifference()).isPresent();
    }

    @Test
    void aChangeInThePartPutElsewhereIsShownThere() {
        String source = OUTER + """
                void boom(int) __attribute__((cold));
                int f(int x) { if (__builtin_expect(x < 0, 0)) { boom(NUMBER); x = outer(x); } return x; }
                """;
        Change change = Change.of(source.replace("NUMBER", "333"), source.replace("NUMBER", "444"));

        ExplainedFunction function = explain(change).functions().getFirst();

        assertThat(function.listings()).hasSize(2);
        assertThat(function.listings().getLast().name()).isEqualTo("f.cold");
        assertThat(function.listings().getLast().firstDifference()).isPresent();
    }

    @Test
    void theLinesOfThePatchThatReachAFunctionAreNamed() {
        Change change = Change.of(
                OUTER + "int f(void) {\n  return outer(1); }", OUTER + "int f(void) {\n  return outer(2); }", "-g");
        PatchLines lines = new PatchLines() {
            @Override
            public boolean isKnown() {
                return true;
            }

            @Override
            public Optional<PatchLine> removed(String file, long line) {
                return line == 3 ? Optional.of(new PatchLine(file, 3, false)) : Optional.empty();
            }

            @Override
            public List<PatchLine> added(String file, long line) {
                return line == 3 ? List.of(new PatchLine(file, 4, true)) : List.of();
            }

            @Override
            public List<PatchLine> within(String file, int first, int last) {
                return List.of();
            }

            @Override
            public Optional<Kept> kept(String file, long line) {
                return Optional.empty();
            }
        };

        ExplainedPatch explained = Explain.explain(change.select(), lines, Disassembly.NONE, name -> true);

        assertThat(ExplainText.of(explained, false)).contains("lines of the patch in it: -unit.c:3 +unit.c:4");
    }

    @Test
    void oneFunctionIsListedInFull() {
        Change change =
                Change.of(OUTER + "int f(void) { return outer(1); }", OUTER + "int f(void) { return outer(2); }");

        ExplainedPatch explained = Explain.explain(change.select(), PatchLines.UNKNOWN, Disassembly.NONE, "f"::equals);

        assertThat(ExplainText.of(explained, true))
                .contains("""
                    f:
                    - +0x0     bf 01 00 00 00
                    + +0x0     bf 02 00 00 00
                      +0x5     e9 00 00 00 00                 jumps to outer
                """.indent(4).stripTrailing().replaceAll("(?m)^    ", ""));
    }

    @Test
    void referencesTellWhatIsInThePayloadAndWhatInTheTarget() {
        Change change = Change.of(OUTER + "int n; int f(int x) { return outer(x); }", OUTER + """
                int n; static __attribute__((noinline)) void tell(int x) { say("large", x); }
                int f(int x) { if (x > 5) tell(n); return outer(x); }
                """);

        assertThat(explain(change).references())
                .extracting(line -> "%s -> %s %s"
                        .formatted(
                                line.from().name(), line.to().name(), line.to().place()))
                .containsExactlyInAnyOrder(
                        "f -> tell PAYLOAD",
                        "f -> n TARGET",
                        "f -> outer TARGET",
                        "tell -> strings and constants of tell PAYLOAD",
                        "tell -> say TARGET");
    }

    private static ExplainedPatch explain(Change change) {
        return Explain.explain(change.select(), PatchLines.UNKNOWN, Disassembly.NONE, name -> true);
    }

    private static String text(Change change) {
        return ExplainText.of(explain(change), false);
    }
}
