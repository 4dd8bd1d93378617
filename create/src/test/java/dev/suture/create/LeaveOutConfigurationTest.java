package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.build.ObjectPair;
import dev.suture.diff.Comparison;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.SourceLines;
import dev.suture.diff.SpecialSections;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Objects as xen/common/config_data.S makes them, and some that only look like them. */
class LeaveOutConfigurationTest {
    private static final String BEFORE = "# Made by Kconfig\n\nCONFIG_X86=y\nCONFIG_NAME=\"a\"\n";
    private static final String AFTER = BEFORE + "# CONFIG_MORE is not set\n";
    private static final String ASSEMBLY = """
            .section .rodata, "a", @progbits
            .globl blob, blob_size
            blob: .incbin "DATA"
            .Lend:
            .type blob, @object
            .size blob, .Lend - blob
            .p2align 2
            blob_size: .long SIZE
            .type blob_size, @object
            .size blob_size, 4
            MORE
            """;

    @TempDir
    private Path directory;

    private Path object(String name, byte[] data, String size, String more) throws IOException {
        Path file = Files.write(directory.resolve(name + ".bin"), data);
        Files.writeString(
                directory.resolve(name + ".s"),
                ASSEMBLY.replace("DATA", file.toString()).replace("SIZE", size).replace("MORE", more));
        PatchedProgram.run(List.of("sh", "-c", "as %1$s.s -o %1$s.o".formatted(name)), directory, Map.of(), 0);
        return directory.resolve(name + ".o");
    }

    private static byte[] compressed(String text) throws IOException {
        var bytes = new java.io.ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    private LeaveOutConfiguration of(byte[] before, byte[] after, String size, String more) throws IOException {
        ObjectPair pair = new ObjectPair(
                "common/config_data.o",
                Optional.of(object("before", before, size, more)),
                Optional.of(object("after", after, size, more)),
                "");
        List<Comparison> comparisons =
                DiffObjects.diff(List.of(pair), SpecialSections.xenX86(17), LineNumbers.UNMOVED, SourceLines.UNKNOWN);
        return LeaveOutConfiguration.of(comparisons);
    }

    @Test
    void anOptionMoreInTheConfigurationIsSaidAndNotRefused() throws IOException {
        LeaveOutConfiguration left = of(compressed(BEFORE), compressed(AFTER), ".Lend - blob", "");

        assertThat(left.others()).isEmpty();
        assertThat(left.warnings()).singleElement().asString().contains("config_data.o", "CONFIG_MORE");
    }

    @Test
    void otherCompressedDataIsJudgedLikeAnyOther() throws IOException {
        assertThat(of(compressed("rules: 1\n"), compressed("rules: 2\n"), ".Lend - blob", "")
                        .others())
                .hasSize(1);
    }

    @Test
    void aConfigurationBesideOtherDataIsJudgedLikeAnyOther() throws IOException {
        String more = ".section .data, \"aw\"\n.globl other\nother: .long 1\n.type other, @object\n.size other, 4";

        assertThat(of(compressed(BEFORE), compressed(AFTER), ".Lend - blob", more)
                        .others())
                .hasSize(1);
    }

    @Test
    void aSizeThatIsNotTheConfigurationsIsJudgedLikeAnyOther() throws IOException {
        assertThat(of(compressed(BEFORE), compressed(AFTER), "12", "").others()).hasSize(1);
    }
}
