package dev.suture.dwarf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.ElfFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComputedVariablesTest {
    private static final String SOURCE = """
            static unsigned short limit;
            unsigned short plain;
            void set(void) { limit = 19; plain = 19; }
            int get(void) { int local = plain * 19; return local + limit; }
            """;

    @TempDir
    private Path directory;

    @Test
    void aVariableOfWhichOnlyAFlagIsLeftIsComputedAndOthersAreNot() {
        Path object = new CompiledSource(directory).compile("clang", ".c", SOURCE, List.of("-c", "-g", "-O2"));

        Map<String, List<String>> computations = ComputedVariables.read(ElfFile.read(object));

        assertThat(computations.get("plain")).containsExactly("");
        assertThat(computations.get("limit")).singleElement().asString().isNotEmpty();
    }
}
