package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.build.ChangedSource;
import dev.suture.build.NeutraliseLines;
import dev.suture.build.PatchedFile;
import dev.suture.build.SourceText;
import dev.suture.diff.Change;
import dev.suture.explain.Disassembly;
import dev.suture.explain.Explain;
import dev.suture.explain.ExplainedFunction;
import dev.suture.explain.PatchLines.PatchLine;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Which lines of a patch are found in a function, though line numbers are kept as they were. */
class PatchedLinesTest {
    private static final String ORIGINAL = """
            int outer(int);
            int f(int x)
            {
                x += 5;
                return outer(x);
            }
            """;
    private static final String PATCHED = """
            int outer(int);
            static __attribute__((noinline)) int check(int x)
            {
                if (outer(x * 3))
                    return 77;
                return outer(x * 9);
            }
            int f(int x)
            {
                x += 5;
                if (check(x))
                    return 7;
                return outer(x);
            }
            """;

    /** Xen compiles arch/x86/platform_hypercall.c a second time, included by a file in the directory below. */
    @Test
    void aSourceThatAFileInAnotherDirectoryIncludesIsTheSameSource() {
        var neutral = NeutraliseLines.neutralise(text("a\nb\n"), text("a\nc\n"));
        PatchedLines lines =
                new PatchedLines(List.of(new PatchedFile("xen/arch/f.c", ChangedSource.Kind.CHANGED, neutral.map())));

        assertThat(lines.removed("arch/below/../f.c", 2)).isPresent();
        assertThat(lines.removed("./arch/f.c", 2)).isPresent();
        assertThat(lines.removed("arch/below/f.c", 2)).isEmpty();
    }

    @Test
    void linesOfANewFunctionAndOfAChangedOneBehindItAreToldApart() {
        SourceText original = text(ORIGINAL);
        var neutral = NeutraliseLines.neutralise(original, text(PATCHED));
        PatchedLines lines =
                new PatchedLines(List.of(new PatchedFile("xen/unit.c", ChangedSource.Kind.CHANGED, neutral.map())));
        // The test's compiler puts a line before each source and sets the count to 1 behind it.
        Change change = Change.of(ORIGINAL, String.join("\n", neutral.text().lines()) + "\n", "-g");

        var explained = Explain.explain(change.select(), lines, Disassembly.NONE, name -> true);

        assertThat(linesIn(explained.functions(), "check"))
                .contains("+xen/unit.c:4")
                .doesNotContain("unit.c:11");
        // Line 11 has the number of `return outer(x)`, which the original has code of, too: in doubt it is not named.
        assertThat(linesIn(explained.functions(), "f"))
                .contains("+xen/unit.c:12")
                .doesNotContain("unit.c:4")
                .doesNotContain("-");
    }

    private static String linesIn(List<ExplainedFunction> functions, String name) {
        return functions.stream()
                .filter(function -> function.name().equals(name))
                .flatMap(function -> function.patchLines().stream())
                .map(PatchLine::text)
                .collect(Collectors.joining(" "));
    }

    private static SourceText text(String source) {
        return new SourceText(source.lines().toList(), true);
    }
}
