package dev.suture.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.BuiltXen;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The decoder finds what objdump finds, in programs and in every opcode there is. By default a part of each large
 * program is compared; {@code -Dsuture.isa.whole=true} compares all of it, and {@code -Dsuture.isa.files=FILE,...} more.
 */
class X86AgainstObjdumpTest {
    private static final int WINDOWS = 12;
    private static final long WINDOW_BYTES = 24 * 1024;

    @TempDir
    private Path directory;

    @BeforeEach
    void objdumpIsThere() {
        Objdump.assumeInstalled();
    }

    @Test
    void theHypervisor(TestReporter reporter) throws IOException, InterruptedException {
        Path tree = BuiltXen.directory();
        compareWhole(tree.resolve("xen-syms"), reporter);
    }

    /** Those that {@code -Dsuture.isa.files} names are compared as well, and whole. */
    private static Stream<Path> programs() {
        return Stream.concat(
                        Stream.of(
                                "/usr/lib/x86_64-linux-gnu/libc.so.6",
                                "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
                                "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
                                "/usr/bin/qemu-system-x86_64"),
                        named().stream())
                .map(Path::of);
    }

    private static List<String> named() {
        return Stream.of(System.getProperty("suture.isa.files", "").split(","))
                .filter(name -> !name.isEmpty())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("programs")
    void programsOfTheMachine(Path program, TestReporter reporter) throws IOException, InterruptedException {
        assumeTrue(Files.exists(program), program + " is not installed");
        Path file = program.toRealPath();
        if (Boolean.getBoolean("suture.isa.whole") || named().contains(program.toString())) {
            compareWhole(file, reporter);
        } else {
            compareWindows(file, reporter);
        }
    }

    @Test
    void everyOpcodeWithAndWithoutPrefixes(TestReporter reporter) throws IOException, InterruptedException {
        compare(EncodingSweep.legacy(), 250_000, reporter);
    }

    @Test
    void everyOpcodeOfVexEvexAndXop(TestReporter reporter) throws IOException, InterruptedException {
        compare(EncodingSweep.vector(), 7_000, reporter);
    }

    @Test
    void everyOpcodeOf3DNow(TestReporter reporter) throws IOException, InterruptedException {
        compare(EncodingSweep.threeDNow(), 40, reporter);
    }

    @ParameterizedTest
    @EnumSource
    void differencesAreWhatTheyAreSaidToBe(KnownDifference difference) throws IOException, InterruptedException {
        byte[] bytes = HexFormat.ofDelimiter(" ").parseHex(difference.digits());
        Path file = Files.write(directory.resolve("bytes"), bytes);
        List<String> shown = new ArrayList<>();
        Objdump.disassemble(file, Objdump.RAW_BYTES, line -> shown.add(line.text()));
        assertThat(shown.getFirst()).isEqualTo(difference.shown());
        assertThat(KnownDifference.of(bytes, difference.shown())).contains(difference);
    }

    private void compare(EncodingSweep sweep, int atLeast, TestReporter reporter)
            throws IOException, InterruptedException {
        byte[] bytes = sweep.bytes();
        Path file = Files.write(directory.resolve("bytes"), bytes);
        Map<Long, Objdump.Line> lines = HashMap.newHashMap(bytes.length);
        Objdump.disassemble(file, Objdump.RAW_BYTES, line -> lines.put(line.address(), line));
        ObjdumpComparison comparison = new ObjdumpComparison();
        for (long offset : sweep.offsets()) {
            // Where objdump found no instruction in the case before, it may not be in step again.
            if (lines.containsKey(offset)) {
                comparison.compare(MemorySegment.ofArray(bytes), 0, lines.get(offset));
            }
        }
        check("sweep", comparison, atLeast, reporter);
    }

    private static void compareWhole(Path file, TestReporter reporter) throws IOException, InterruptedException {
        ObjdumpComparison comparison = new ObjdumpComparison();
        compare(file, List.of(), comparison);
        check(file.toString(), comparison, 1, reporter);
    }

    private static void compareWindows(Path file, TestReporter reporter) throws IOException, InterruptedException {
        Section text = ElfFile.read(file).section(".text").orElseThrow();
        ObjdumpComparison comparison = new ObjdumpComparison();
        for (int window = 0; window < WINDOWS; window++) {
            long start = text.address() + text.sizeBytes() / WINDOWS * window;
            List<String> options = List.of("--start-address=" + start, "--stop-address=" + (start + WINDOW_BYTES));
            compare(file, options, comparison);
        }
        check(file.toString(), comparison, 1, reporter);
    }

    private static void compare(Path file, List<String> options, ObjdumpComparison comparison)
            throws IOException, InterruptedException {
        List<Section> code = ElfFile.read(file).sections().stream()
                .filter(section -> section.isCode() && !section.isNobits())
                .toList();
        Objdump.disassemble(file, options, line -> {
            for (Section section : code) {
                if (Long.compareUnsigned(line.address() - section.address(), section.sizeBytes()) < 0) {
                    comparison.compare(section.contents(), section.address(), line);
                }
            }
        });
    }

    private static void check(String name, ObjdumpComparison comparison, int atLeast, TestReporter reporter) {
        reporter.publishEntry(
                name,
                "%d compared, %d bad, known differences %s"
                        .formatted(comparison.compared(), comparison.bad(), comparison.known()));
        assertThat(comparison.differences()).as(name).isEmpty();
        assertThat(comparison.compared()).as(name).isGreaterThanOrEqualTo(atLeast);
    }
}
