package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Comparison.Status;
import org.junit.jupiter.api.Test;

/** Functions that share a section, and whose loops are aligned more than they are themselves. */
class SameButAlignmentTest {
    /** The first parentheses fill the function before, the second ones the one that nobody touches. */
    private static final String SOURCE = """
            .text
            .globl before, loops
            .p2align 4
            .type before, @function
            before: (BEFORE)
                ret
            .size before, .-before
            .p2align 4
            .type loops, @function
            loops: xor %%eax, %%eax
                call other
                (INSERTED)
                .p2align 5
            1:  inc %%eax
                cmp %%edi, %%eax
            2:  jb (LABEL)b
                call before
                ret
            .size loops, .-loops
            """.replace("%%", "%");

    private static String source(String before, String inserted, String label) {
        return SOURCE.replace("(BEFORE)", before)
                .replace("(INSERTED)", inserted)
                .replace("(LABEL)", label);
    }

    private static final String SHORT = source("mov $1, %eax", "", "1");

    private static Status statusOfLoops(String patched) {
        Change change = Change.ofAssembly(SHORT, patched);
        Piece piece = change.patched("loops");
        Piece twin = change.comparison().correlation().twinOfPatched(piece).orElseThrow();
        boolean differs = change.comparison()
                        .original()
                        .contents(twin)
                        .mismatch(change.comparison().patched().contents(piece))
                >= 0;
        assertThat(differs).as("bytes of the function differ").isTrue();
        return change.status("loops");
    }

    @Test
    void aFunctionThatMovesBesideAnAlignedLoopIsTheSame() {
        String moved = source("mov $1, %eax\n".repeat(4), "", "1");

        assertThat(statusOfLoops(moved)).isEqualTo(Status.SAME);
        assertThat(Change.ofAssembly(SHORT, moved).chosen()).containsExactly("before");
    }

    @Test
    void aJumpToAnotherPlaceIsAChangeWhateverTheAlignment() {
        assertThat(statusOfLoops(source("mov $1, %eax\n".repeat(4), "", "2"))).isEqualTo(Status.CHANGED);
    }

    @Test
    void anInstructionInThePaddingIsAChange() {
        assertThat(statusOfLoops(source("mov $1, %eax\n".repeat(4), "pause", "1")))
                .isEqualTo(Status.CHANGED);
        assertThat(statusOfLoops(source("mov $1, %eax\n".repeat(4), "int3", "1")))
                .isEqualTo(Status.CHANGED);
    }

    @Test
    void aNoOpThatSomebodyWroteIsAChange() {
        String source = """
                .section .text.f, "ax"
                .globl f
                .type f, @function
                f: xor %eax, %eax
                   (NOP)
                   inc %eax
                   ret
                .size f, .-f
                """;

        assertThat(Change.ofAssembly(source.replace("(NOP)", ""), source.replace("(NOP)", "nop"))
                        .status("f"))
                .isEqualTo(Status.CHANGED);
    }

    @Test
    void whatGccMakesOfAFunctionBehindOneThatGrewIsTheSame() {
        String source = """
                void say(int);
                void before(int x) { GROWN say(x); }
                int sum(const int *v, int n) { int s = 0; for (int i = 0; i < n; i++) { say(i); s += v[i] * 3; } return s; }
                """;
        String[] options = {
            "-fno-function-sections", "-falign-functions=16", "-falign-loops=64", "-fno-reorder-functions"
        };

        Change change =
                Change.of(source.replace("GROWN", ""), source.replace("GROWN", "say(x + 1); say(x + 2);"), options);

        assertThat(change.chosen()).containsExactly("before");
        assertThat(change.comparison()
                        .original()
                        .contents(change.comparison().original().named("sum").orElseThrow())
                        .mismatch(change.comparison().patched().contents(change.patched("sum"))))
                .as("bytes differ")
                .isNotNegative();
    }
}
