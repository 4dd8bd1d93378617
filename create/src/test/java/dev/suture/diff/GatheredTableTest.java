package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Refusal;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Entries of tables that a linker script makes of a section's contents from all objects. */
class GatheredTableTest {
    private static final String ENTRY = """
            extern void start(void);
            static void (*const entry)(void) __attribute__((used, section(".data.rel.ro.drivers"))) = start;
            """;
    private static final String OTHER_ENTRY = ENTRY.replace("start", "begin");
    private static final String CODE = "int f(int x) { return x * 100 + 1; }\n";

    @TempDir
    private Path directory;

    @Test
    void aNewEntryIsRefused() {
        assertThat(refusals(CODE, CODE + ENTRY))
                .containsExactly("data `entry` is new, and no code of its object uses it: it is an entry of a table"
                        + " (.data.rel.ro.drivers) that is put together when the program is linked");
    }

    @Test
    void aChangedEntryIsRefused() {
        assertThat(refusals(CODE + ENTRY, CODE + OTHER_ENTRY))
                .singleElement()
                .asString()
                .startsWith("data `entry` changed, and no code of its object uses it");
    }

    @Test
    void aRemovedEntryIsRefused() {
        assertThat(refusals(CODE + ENTRY, CODE))
                .singleElement()
                .asString()
                .startsWith("data `entry` is removed, and no code of its object uses it");
    }

    @Test
    void anEntryThatStaysIsNothing() {
        assertThat(refusals(CODE + ENTRY, CODE.replace("100", "300") + ENTRY)).isEmpty();
    }

    @Test
    void aTableThatNobodyUsesIsNone() {
        String table = "static const int table[4] __attribute__((used)) = {1, 2, 3, 4};\n";
        assertThat(refusals(CODE + table, CODE + table.replace("2", "5"))).isEmpty();
        assertThat(refusals(CODE, CODE + table)).isEmpty();
    }

    private Iterable<String> refusals(String original, String patched) {
        return AssembledPair.ofC(directory, original, patched).refusals().stream()
                .map(Refusal::what)
                .toList();
    }
}
