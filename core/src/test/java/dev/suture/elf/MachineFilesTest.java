package dev.suture.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads what other people's compilers and linkers made, as much of it as the time allows. */
@Tag("fuzz")
class MachineFilesTest {
    /** Where readelf says more than a test has time to read. */
    private static final long LARGEST_FOR_READELF_BYTES = 4 << 20;

    private static List<Path> files;

    @TempDir
    private Path directory;

    @BeforeAll
    static void findFiles() throws IOException {
        files = MachineFiles.shuffled();
        assumeTrue(!files.isEmpty(), "no ELF64 files found");
    }

    private interface Check {
        void accept(Path path) throws Exception;
    }

    @Test
    void theReaderSaysWhatReadelfSays() throws Exception {
        assumeTrue(Tool.isInstalled("readelf"), "readelf is not installed");
        for (Path path : List.of(Fixtures.c(directory), Fixtures.cxx(directory), Fixtures.sharedObject(directory))) {
            compareWithReadelf(path);
        }
        int compared = forSeconds(8, LARGEST_FOR_READELF_BYTES, MachineFilesTest::compareWithReadelf);
        tell("readelf says the same", compared);
    }

    @Test
    void readingWritingAndReadingGivesAnEqualModel() throws Exception {
        int compared = forSeconds(5, Long.MAX_VALUE, path -> {
            ElfFile file = ElfFile.read(path);
            Models.assertEqual(ElfFile.read(path.toString(), ElfWriter.write(file)), file);
        });
        tell("equal when written and read again", compared);
    }

    private static void compareWithReadelf(Path path) throws Exception {
        ElfFile file = ElfFile.read(path);
        List<String> expected = Readelf.facts(path, file);
        List<String> found = Readelf.describe(file);
        for (int index = 0; index < Math.min(found.size(), expected.size()); index++) {
            assertThat(found.get(index)).as(path.toString()).isEqualTo(expected.get(index));
        }
        assertThat(found.size()).as(path.toString()).isEqualTo(expected.size());
    }

    /** A test that looks at what there is time for has to say how much that was. */
    private static void tell(String what, int checked) throws IOException {
        Files.writeString(
                Path.of("target", "machine-files.txt"),
                "%s: %d of %d ELF files of this machine%n".formatted(what, checked, files.size()),
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    private static int forSeconds(long seconds, long largestBytes, Check check) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        int checked = 0;
        for (Path path : files) {
            if (System.nanoTime() > end) {
                break;
            }
            if (Files.size(path) <= largestBytes) {
                check.accept(path);
                checked++;
            }
        }
        return checked;
    }
}
