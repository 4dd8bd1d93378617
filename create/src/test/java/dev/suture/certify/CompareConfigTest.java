package dev.suture.certify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Tools;
import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** A program that holds its configuration as Xen does, and configurations of trees. */
class CompareConfigTest {
    private static final String CONFIG = """
            # Xen/x86 Configuration
            CONFIG_X86=y
            CONFIG_NR_CPUS=256
            # CONFIG_UBSAN is not set
            """;

    private static ElfFile program(String assembly) {
        Path folder = Tools.directory();
        Path object = Tools.compile("gcc", "config.s", assembly, List.of());
        Tools.run(folder, List.of("ld", "-e", "0", "-o", "program", object.toString()));
        return ElfFile.read(folder.resolve("program"));
    }

    private static ElfFile holding(String config) throws IOException {
        Path file = Tools.directory().resolve("config.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(config.getBytes(StandardCharsets.US_ASCII));
        }
        return program("""
                .data
                .globl xen_config_data, xen_config_data_size
                xen_config_data: .incbin "%s"
                .Lend: .balign 4
                xen_config_data_size: .long .Lend - xen_config_data
                """.formatted(file));
    }

    private static Path config(String text) throws IOException {
        return Files.writeString(Tools.directory().resolve(".config"), text);
    }

    @Test
    void theSameConfigurationDoesNotDiffer() throws IOException {
        assertThat(CompareConfig.differences(holding(CONFIG), config("# another comment\n" + CONFIG)))
                .isEmpty();
    }

    @Test
    void settingsThatDifferAreNamedOnBothSides() throws IOException {
        String other = CONFIG.replace("256", "64") + "CONFIG_PV=y\n";

        assertThat(CompareConfig.differences(holding(CONFIG), config(other)))
                .containsExactly("CONFIG_NR_CPUS=256 (program)", "CONFIG_NR_CPUS=64 (tree)", "CONFIG_PV=y (tree)");
    }

    @Test
    void aProgramThatDoesNotHoldItsConfigurationTellsNothing() throws IOException {
        assertThat(CompareConfig.differences(program(".data\n.globl a\na: .long 1\n"), config(CONFIG)))
                .isEmpty();
    }
}
