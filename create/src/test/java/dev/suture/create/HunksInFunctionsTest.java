package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.build.ChangedSource;
import dev.suture.build.NeutralSource;
import dev.suture.build.NeutraliseLines;
import dev.suture.build.PatchedFile;
import dev.suture.build.SourceText;
import dev.suture.diff.Change;
import dev.suture.explain.Disassembly;
import dev.suture.explain.Explain;
import dev.suture.explain.ExplainedFunction;
import dev.suture.explain.PatchLines.PatchLine;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Lines that patches add have numbers that other lines have, too: directives set the count back behind each hunk. */
class HunksInFunctionsTest {
    private static final String ORIGINAL = """
            int outer(int);
            int g(int x)
            {
                return outer(x) * 7;
            }
            int f(int x)
            {
                int y = outer(x);
                y += outer(y);
                y ^= outer(y + 1);
                y += outer(y + 2);
                return y;
            }
            """;
    private static final String EIGHT = """
                if (x > 7) {
                    outer(11);
                    outer(12);
                    outer(13);
                    outer(14);
                    outer(15);
                    outer(16);
                }
            """;

    private static List<ExplainedFunction> explain(String patched) {
        SourceText before = new SourceText(ORIGINAL.lines().toList(), true);
        SourceText after = new SourceText(patched.lines().toList(), true);
        NeutralSource neutral = NeutraliseLines.neutralise(before, after);
        Change change = Change.of(ORIGINAL, String.join("\n", neutral.text().lines()) + "\n", "-g");
        PatchedFile file = new PatchedFile("unit.c", ChangedSource.Kind.CHANGED, neutral.map());
        return Explain.explain(change.select(), new PatchedLines(List.of(file)), Disassembly.NONE, _ -> true)
                .functions();
    }

    private static int lineOf(String text, String part) {
        return (int) text.substring(0, text.indexOf(part))
                        .chars()
                        .filter(character -> character == '\n')
                        .count()
                + 1;
    }

    @Test
    void aHunkBehindOneThatAddsLinesIsOfItsFunction() {
        String added = "    y -= 3;\n";
        String patched = ORIGINAL.replace("    int y = outer(x);\n", "    int y = outer(x);\n" + EIGHT)
                .replace("    y += outer(y + 2);\n", added + "    y += outer(y + 2);\n");

        ExplainedFunction f = explain(patched).getFirst();

        assertThat(f.name()).isEqualTo("f");
        assertThat(f.patchLines())
                .contains(new PatchLine("unit.c", lineOf(patched, added), true))
                .contains(new PatchLine("unit.c", lineOf(patched, "outer(14)"), true));
    }

    @Test
    void oneLineThatIsPutBetweenOthersIsOfItsFunction() {
        String added = "    outer(5);\n";
        String patched = ORIGINAL.replace("    y ^= outer(y + 1);\n", added + "    y ^= outer(y + 1);\n");

        assertThat(explain(patched).getFirst().patchLines())
                .containsExactly(new PatchLine("unit.c", lineOf(patched, added), true));
    }

    @Test
    void aHunkOfAnotherFunctionIsNot() {
        String patched = ORIGINAL.replace("outer(x) * 7", "outer(x) * 9")
                .replace("    y ^= outer(y + 1);\n", "    outer(5);\n    y ^= outer(y + 1);\n");

        for (ExplainedFunction function : explain(patched)) {
            String own = function.name().equals("f") ? "outer(5)" : "outer(x) * 9";
            assertThat(function.patchLines())
                    .extracting(PatchLine::line)
                    .allMatch(line -> line == lineOf(patched, own) || line == lineOf(ORIGINAL, "outer(x) * 7"));
        }
    }
}
