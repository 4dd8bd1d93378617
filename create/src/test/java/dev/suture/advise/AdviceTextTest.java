package dev.suture.advise;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Refusal;
import dev.suture.advise.Advice.FunctionAdvice;
import dev.suture.advise.Advice.Remedy;
import dev.suture.advise.Advice.Subset;
import dev.suture.advise.Advice.TypeAdvice;
import dev.suture.advise.Advice.TypePlace;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Advice as a person reads it. */
class AdviceTextTest {
    private static HunkAdvice hunk(int number, Verdict verdict, boolean certain, List<Integer> remedies) {
        return new HunkAdvice(
                number,
                "fix.patch",
                "xen/common/f.c",
                10 * number,
                7,
                10 * number,
                9,
                verdict,
                certain,
                List.of("function f"),
                verdict == Verdict.LIVE ? List.of("g (common/f.o), into which f is inlined") : List.of(),
                verdict == Verdict.LIVE ? List.of() : List.of("a reason"),
                remedies);
    }

    @Test
    void everythingIsSaidOnce() {
        Advice advice = new Advice(
                "4.17.5",
                "abcd",
                true,
                false,
                List.of(hunk(1, Verdict.LIVE, true, List.of()), hunk(2, Verdict.LAYOUT, true, List.of(1))),
                List.of(new FunctionAdvice(
                        "g", "common/f.o", "replaced", "it differs", "It is active.", List.of("A note."))),
                List.of(new TypeAdvice(
                        "struct s",
                        "struct s: 8 -> 16 bytes",
                        List.of(new TypePlace("allocates", "xen/common/f.c:3", "p = xzalloc(struct s);")),
                        List.of("xen/common/f.c:21"))),
                List.of(new Remedy(1, "shadow variables for `struct s`", "Do this.", "int code;\n", "")),
                List.of(new Refusal("common/f.o", "struct s", "the layout changes", "Keep it.")),
                List.of("hunk 2 applies 4 lines below where the patch says"),
                Optional.of(new Subset(List.of(1), List.of(), Optional.of(Path.of("part.patch")), List.of("g"), "")));

        assertThat(AdviceText.of(advice)).isEqualTo("""
                xen/common/f.c:10-16  hunk 1: live
                    in function f
                    reaches g (common/f.o), into which f is inlined

                xen/common/f.c:20-26  hunk 2: layout
                    in function f
                    a reason
                    see remedy 1

                Functions
                  g (common/f.o): replaced, it differs
                      It is active.
                      A note.

                Type struct s: 8 -> 16 bytes
                  allocates  xen/common/f.c:3  p = xzalloc(struct s);
                  the patch uses what is new in xen/common/f.c:21

                Remedy 1: shadow variables for `struct s`
                    Do this.

                int code;

                warning: hunk 2 applies 4 lines below where the patch says.
                Hunks 1 can go alone: built, and a payload of them replaces g. Written to part.patch. Whether they are of use
                without the others is for you to judge.

                The patch cannot go live as it is. (2 hunks: 1 live, 1 layout; Xen 4.17.5)""");
        assertThat(AdviceText.refusals(advice)).isEqualTo("common/f.o: refused: the layout changes\n        Keep it.");
    }

    @Test
    void whatIsNotCertainIsSaidToBeLikely() {
        Advice advice = new Advice(
                "4.17.5",
                "abcd",
                false,
                true,
                List.of(hunk(1, Verdict.BOOT_ONLY, false, List.of()), hunk(2, Verdict.UNCERTAIN, false, List.of())),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                Optional.empty());

        assertThat(AdviceText.of(advice)).isEqualTo("""
                xen/common/f.c:10-16  hunk 1: likely boot only
                    in function f
                    a reason

                xen/common/f.c:20-26  hunk 2: uncertain
                    in function f
                    a reason

                Nothing was found that keeps it from going live; nothing was compiled, so that is not certain. (2 hunks: 1 boot only, 1 uncertain; Xen 4.17.5)""");
    }
}
