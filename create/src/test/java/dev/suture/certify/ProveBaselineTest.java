package dev.suture.certify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Tools;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProveBaselineTest {
    private static final String UNIT = """
            int outer(int);
            void say(const char *);
            int limit = 12;
            static int calls;
            static const int table[3] = { 4, 8, 15 };
            static int __attribute__((noinline)) helper(int x) { calls++; return table[x % 3] * 7; }
            int keep(int x) { say("keep"); return x > limit ? helper(x) : outer(x); }
            """;

    @Test
    void theObjectsOfAProgramAreFoundInIt() {
        SmallPatch program = SmallPatch.of(UNIT, UNIT);

        Baseline baseline = program.baseline(program.image());

        assertThat(baseline.first()).isEmpty();
        assertThat(baseline.proven()).isTrue();
        assertThat(baseline.functions()).isEqualTo(5);
        assertThat(baseline.variables()).isEqualTo(3);
    }

    @Test
    void theFirstFunctionOfAnotherSourceIsNamed() {
        SmallPatch program = SmallPatch.of(UNIT, UNIT);

        Baseline baseline = program.baseline(UNIT.replace("* 7", "* 11"), program.image());

        assertThat(baseline.proven()).isFalse();
        assertThat(baseline.different()).isEqualTo(1);
        assertThat(baseline.first()).hasValueSatisfying(first -> {
            assertThat(first.object()).isEqualTo("unit.o");
            assertThat(first.name()).isEqualTo("helper");
            assertThat(first.cause()).isEqualTo("other source");
        });
    }

    @Test
    void theOtherCompilerOfAnObjectIsNamed() {
        SmallPatch program = SmallPatch.of(UNIT, UNIT);
        Path object = Tools.compile("clang", "unit.c", UNIT, Tools.LIKE_XEN);

        Baseline baseline = program.baseline(object, List.of());

        assertThat(baseline.proven()).isFalse();
        assertThat(baseline.first()).hasValueSatisfying(first -> {
            assertThat(first.object()).isEqualTo("unit.o");
            assertThat(first.cause()).isEqualTo("other compiler");
            assertThat(first.evidence())
                    .startsWith("the program was made by GCC: ")
                    .contains(", the object by ")
                    .containsIgnoringCase("clang");
        });
    }

    @Test
    void theOtherFlagsOfAnObjectAreNamed() {
        SmallPatch program = SmallPatch.of(UNIT, UNIT, "-g");
        Path object = Tools.gcc("unit.c", UNIT, "-g", "-O1");

        assertThat(program.baseline(object, List.of()).first()).hasValueSatisfying(first -> {
            assertThat(first.cause()).isEqualTo("other flags");
            assertThat(first.evidence()).contains("-O1");
        });
    }

    @Test
    void anotherConfigurationIsNamedBeforeOtherSources() {
        SmallPatch program = SmallPatch.of(UNIT, UNIT);
        Path object = Tools.gcc("unit.c", UNIT.replace("* 7", "* FACTOR"), "-DFACTOR=8");

        assertThat(program.baseline(object, List.of("CONFIG_FACTOR=7 (program)", "CONFIG_FACTOR=8 (tree)"))
                        .first())
                .hasValueSatisfying(first -> {
                    assertThat(first.name()).isEqualTo("helper");
                    assertThat(first.cause()).isEqualTo("other config");
                    assertThat(first.evidence()).endsWith("CONFIG_FACTOR=7 (program), CONFIG_FACTOR=8 (tree)");
                });
    }

    @Test
    void aVariableWithAnotherValueIsNamed() {
        SmallPatch program = SmallPatch.of(UNIT, UNIT);

        assertThat(program.baseline(UNIT.replace("limit = 12", "limit = 13"), program.image())
                        .first())
                .hasValueSatisfying(first -> assertThat(first.name()).isEqualTo("limit"));
    }

    @Test
    void noByteOfAFunctionOrVariableCanBeAnotherOne() throws IOException {
        SmallPatch program = SmallPatch.of(UNIT, UNIT);
        ElfFile image = program.image();
        byte[] bytes = Files.readAllBytes(Path.of(image.name()));
        for (Symbol symbol : image.symbols()) {
            Section section = image.sections().get(symbol.sectionIndex());
            boolean judged = symbol.isInSection() && symbol.sizeBytes() > 0 && !section.isNobits();
            for (long i = 0; judged && i < symbol.sizeBytes(); i++) {
                byte[] changed = bytes.clone();
                changed[(int) (section.fileOffset() + symbol.value() - section.address() + i)] ^= 0x41;
                assertThat(program.baseline(ElfFile.read("program", changed)).proven())
                        .as("%s+0x%x", symbol.name(), i)
                        .isFalse();
            }
        }
    }
}
