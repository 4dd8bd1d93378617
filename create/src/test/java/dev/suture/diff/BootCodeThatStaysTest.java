package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.InPayload;
import dev.suture.diff.Selection.Why;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Boot code is gone in the running target: there is nothing to redirect, and nothing to call. */
class BootCodeThatStaysTest {
    private static final String BOOT = "__attribute__((section(\".init.text\")))";
    private static final String COUNT = """
            extern int probe(int);
            %s int count(int x) { return probe(x) * 100 + 1; }
            """;
    private static final String CALLER = """
            extern int probe(int), count(int);
            int run(int x) { return probe(x) + %s(x) * 3; }
            """;

    @TempDir
    private Path directory;

    @Test
    void aFunctionThatIsNoLongerBootCodeIsNewToTheTarget() {
        Comparison definer =
                AssembledPair.compareC(directory.resolve("definer"), COUNT.formatted(BOOT), COUNT.formatted(""));
        Comparison caller = AssembledPair.compareC(
                directory.resolve("caller"), CALLER.formatted("probe"), CALLER.formatted("count"));

        Selection selection = Select.select(List.of(definer, caller));

        assertThat(selection.refusals()).isEmpty();
        assertThat(selection.chosen())
                .filteredOn(chosen -> chosen.piece().kind() == Piece.Kind.FUNCTION)
                .extracting(chosen -> chosen.piece().name(), Chosen::why)
                .containsExactly(tuple("count", Why.NEW), tuple("run", Why.REPLACED));
        Piece run = caller.patched().named("run").orElseThrow();
        assertThat(caller.patched().references(run))
                .extracting(reference -> Select.destinations(selection).of(1, run, reference))
                .hasAtLeastOneElementOfType(InPayload.class);
    }

    @Test
    void newBootCodeThatRunningCodeCallsComesAlong() {
        Comparison definer = AssembledPair.compareC(
                directory.resolve("definer"), "int other;\n", "int other;\n" + COUNT.formatted(BOOT));
        Comparison caller = AssembledPair.compareC(
                directory.resolve("caller"), CALLER.formatted("probe"), CALLER.formatted("count"));

        Selection selection = Select.select(List.of(definer, caller));

        assertThat(selection.chosen())
                .filteredOn(chosen -> chosen.piece().kind() == Piece.Kind.FUNCTION)
                .extracting(chosen -> chosen.piece().name(), Chosen::why)
                .containsExactly(tuple("count", Why.NEW), tuple("run", Why.REPLACED));
    }

    @Test
    void oldBootCodeIsNeverReplaced() {
        Comparison definer = AssembledPair.compareC(
                directory.resolve("definer"),
                COUNT.formatted(BOOT),
                COUNT.formatted(BOOT).replace("100", "300"));
        Comparison caller = AssembledPair.compareC(
                directory.resolve("caller"), CALLER.formatted("probe"), CALLER.formatted("count"));

        Selection selection = Select.select(List.of(definer, caller));

        assertThat(selection.chosen())
                .filteredOn(chosen -> chosen.piece().kind() == Piece.Kind.FUNCTION)
                .extracting(chosen -> chosen.piece().name())
                .containsExactly("run");
    }
}
