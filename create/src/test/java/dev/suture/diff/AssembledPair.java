package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** Two objects made of sources that a test contains, and what is decided about them. */
public final class AssembledPair {
    private static final SpecialSections TABLES = SpecialSections.xenX86(17);

    private final Path directory;
    private final String suffix;

    private AssembledPair(Path directory, String suffix) {
        this.directory = directory;
        this.suffix = suffix;
    }

    /** {@return what is selected when assembly changes from one text to the other} */
    public static Selection ofAssembly(Path directory, String original, String patched) {
        return new AssembledPair(directory, ".S").select(original, patched);
    }

    /** {@return what is selected when C changes from one text to the other} */
    public static Selection ofC(Path directory, String original, String patched) {
        return new AssembledPair(directory, ".c").select(original, patched);
    }

    /** {@return the verdicts on an object of which C changes from one text to the other} */
    static Comparison compareC(Path directory, String original, String patched) {
        return new AssembledPair(directory, ".c").compare(original, patched);
    }

    private Selection select(String original, String patched) {
        return Select.select(List.of(compare(original, patched)));
    }

    private Comparison compare(String original, String patched) {
        ObjectPieces before = SplitObject.split("unit.o", compile("original", original), TABLES);
        ObjectPieces after = SplitObject.split("unit.o", compile("patched", patched), TABLES);
        return Compare.compare(Correlate.correlate(before, after), LineNumbers.UNMOVED);
    }

    private ElfFile compile(String name, String source) {
        try {
            Path folder = Files.createDirectories(directory.resolve(name));
            Files.writeString(folder.resolve("unit" + suffix), source);
            List<String> command = new ArrayList<>(List.of("gcc", "-c", "unit" + suffix, "-o", "unit.o"));
            command.addAll(List.of("-O2", "-fPIC", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections"));
            Process process;
            try {
                process = new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .start();
            } catch (IOException e) {
                Assumptions.abort("gcc is not installed");
                return null;
            }
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(output).isZero();
            return ElfFile.read(folder.resolve("unit.o"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
