package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Refusal;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** New variables whose value comes from code that does not run again. */
class VariableSetAtBootTest {
    private static final String ORIGINAL = """
            extern int work(int), probe(void);
            int old;
            __attribute__((section(".init.text"))) void boot(void) { old = probe(); }
            int run(int x) { return work(x) + old; }
            """;
    private static final String PATCHED = """
            extern int work(int), probe(void);
            int old;
            static int limit;
            __attribute__((section(".init.text"))) void boot(void) { old = probe(); limit = probe(); }
            int run(int x) { return x > limit ? limit : work(x) + old; }
            """;
    private static final String HOOK = """
            static void set(void) { limit = probe(); }
            static void (*const hook)(void) __attribute__((used, section(".livepatch.hooks.load"))) = set;
            """;

    @TempDir
    private Path directory;

    @Test
    void aNewVariableThatBootCodeSetsIsRefused() {
        Selection selection = AssembledPair.ofC(directory, ORIGINAL, PATCHED);

        assertThat(selection.refusals())
                .extracting(Refusal::what)
                .containsExactly("variable `limit` is new, and `boot` refers to it, which runs only while the system"
                        + " boots: what it sets there is not set in the payload");
    }

    @Test
    void aNewVariableThatBootCodeOnlyReadsIsAccepted() {
        Selection selection = AssembledPair.ofC(
                directory, ORIGINAL, PATCHED.replace("limit = probe();", "if (limit > 3) old = work(limit);"));

        assertThat(selection.refusals()).isEmpty();
        assertThat(selection.replaced())
                .extracting(chosen -> chosen.piece().name())
                .containsExactly("run");
    }

    @Test
    void aNewVariableThatBootCodeReadsAndCountsUpIsRefused() {
        Selection selection = AssembledPair.ofC(
                directory, ORIGINAL, PATCHED.replace("limit = probe();", "if (limit > 3) old = work(limit); limit++;"));

        assertThat(selection.refusals()).hasSize(1);
    }

    @Test
    void aNewVariableWhoseAddressBootCodePassesOnIsRefused() {
        Selection selection = AssembledPair.ofC(
                directory,
                "void fill(int *);" + ORIGINAL,
                "void fill(int *);" + PATCHED.replace("limit = probe();", "fill(&limit);"));

        assertThat(selection.refusals()).hasSize(1);
    }

    @Test
    void withALoadHookItIsAccepted() {
        Selection selection = AssembledPair.ofC(directory, ORIGINAL, PATCHED + HOOK);

        assertThat(selection.refusals()).isEmpty();
    }

    @Test
    void aNewVariableThatOnlyRunningCodeUsesIsAccepted() {
        Selection selection = AssembledPair.ofC(directory, ORIGINAL, PATCHED.replace("limit = probe();", ""));

        assertThat(selection.refusals()).isEmpty();
    }

    @Test
    void aNewVariableWithAFirstValueIsAcceptedAndTold() {
        Selection selection =
                AssembledPair.ofC(directory, ORIGINAL, PATCHED.replace("static int limit", "static int limit = 7"));

        assertThat(selection.refusals()).isEmpty();
        assertThat(selection.leftOut())
                .extracting(Selection.LeftOut::why)
                .contains("it runs only while the system boots; the new variable `limit`, to which it refers, keeps its"
                        + " first value");
    }

    @Test
    void aNewOptionOfTheCommandLineIsAccepted() {
        String option = """
                __attribute__((used, section(".init.setup"))) static void (*const option)(void) = boot;
                """;

        Selection selection = AssembledPair.ofC(directory, ORIGINAL + option, PATCHED + option);

        assertThat(selection.refusals()).isEmpty();
    }
}
