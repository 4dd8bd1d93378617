package dev.suture.build;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Tools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ObjdumpTest {
    @TempDir
    private Path folder;

    @Test
    void instructionsAreFoundBySectionAndOffsetWithoutWhatRelocationsWillChange() {
        Tools.assumeInstalled("objdump");
        Path object = Tools.compile("gcc", "unit.s", """
                .section .text.f, "ax", @progbits
                f: test %edi, %edi
                   je 1f
                   call g
                1: mov g(%rip), %eax
                   ret
                """, java.util.List.of());

        Map<Long, String> f = Objdump.disassemble(object).orElseThrow().get(".text.f");

        assertThat(f.get(0L)).isEqualTo("test   %edi,%edi");
        assertThat(f.get(2L)).isEqualTo("je");
        assertThat(f.get(4L)).isEqualTo("call");
        assertThat(f.get(9L)).isEqualTo("mov    0x0(%rip),%eax");
        assertThat(f.get(15L)).startsWith("ret");
    }

    @Test
    void aFileThatObjdumpDoesNotKnowHasNoInstructions() throws IOException {
        Tools.assumeInstalled("objdump");

        assertThat(Objdump.disassemble(Files.writeString(folder.resolve("notes.txt"), "no object")))
                .isEmpty();
    }
}
