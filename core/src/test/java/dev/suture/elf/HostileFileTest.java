package dev.suture.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file may claim anything: the answer is a model or an {@link ElfFormatException}, soon and in little memory. */
@Tag("fuzz")
class HostileFileTest {
    private static final long[] INTERESTING = {
        0,
        1,
        2,
        4,
        7,
        8,
        12,
        24,
        64,
        0xff,
        0xff00,
        0xffff,
        0x7fff_ffffL,
        0x8000_0000L,
        0xffff_fff0L,
        0xffff_ffffL,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        -1,
        -8,
        -64
    };

    @TempDir
    private Path directory;

    private List<byte[]> fixtures() throws Exception {
        List<byte[]> fixtures = new ArrayList<>();
        for (Path path : List.of(Fixtures.c(directory), Fixtures.cxx(directory), Fixtures.sharedObject(directory))) {
            fixtures.add(Files.readAllBytes(path));
        }
        return fixtures;
    }

    @Test
    void everyTruncationGivesAModelOrAFormatException() throws Exception {
        for (byte[] whole : fixtures()) {
            assertThat(Everything.readHostile(whole)).isEmpty();
            for (int length = 0; length < whole.length; length++) {
                Everything.readHostile(Arrays.copyOf(whole, length));
            }
        }
    }

    /** As a build does that makes the file anew; of a mapped one nothing would be left. */
    @Test
    void whatWasReadStaysThoughTheFileIsCutOrOverwritten() throws Exception {
        Path file = Fixtures.c(directory);
        byte[] large = Arrays.copyOf(Files.readAllBytes(file), 17 << 20);
        Files.write(file, large);
        ElfFile read = ElfFile.read(file);
        Files.write(file, new byte[1]);
        assertThat(read.contents().mismatch(MemorySegment.ofArray(large))).isEqualTo(-1);
    }

    @Test
    void aBuildIdThatWouldFillTheScreenIsNone() throws Exception {
        Fixtures.sharedObject(directory);
        for (int bytes : new int[] {1, 64, 65, 60_000}) {
            Path options = Files.writeString(directory.resolve("options"), "-Wl,--build-id=0x" + "ab".repeat(bytes));
            Tool.runWell(directory, "gcc", "-shared", "-nostdlib", "@" + options, "kinds.o", "-o", "long.so");
            assertThat(ElfFile.read(directory.resolve("long.so")).buildId().isPresent())
                    .as(bytes + " bytes")
                    .isEqualTo(bytes <= 64);
        }
    }

    @Test
    void randomChangesGiveAModelOrAFormatException() throws Exception {
        Random random = new Random(20250101);
        for (byte[] whole : fixtures()) {
            int headersOffset = (int) LittleEndian.u64(MemorySegment.ofArray(whole), 0x28);
            for (int round = 0; round < 15_000; round++) {
                byte[] changed = whole.clone();
                int changes = 1 + random.nextInt(4);
                for (int change = 0; change < changes; change++) {
                    change(random, changed, headersOffset);
                }
                Everything.readHostile(changed);
            }
        }
    }

    /** Puts something into the ELF header, the section headers or anywhere, in equal shares. */
    private static void change(Random random, byte[] bytes, int headersOffset) {
        int at = switch (random.nextInt(3)) {
            case 0 -> random.nextInt(Elf.HEADER_BYTES);
            case 1 -> headersOffset + random.nextInt(bytes.length - headersOffset);
            default -> random.nextInt(bytes.length);
        };
        long value = random.nextBoolean() ? random.nextLong() : INTERESTING[random.nextInt(INTERESTING.length)];
        int size = 1 << random.nextInt(4);
        int aligned = at / size * size;
        for (int index = 0; index < size && aligned + index < bytes.length; index++) {
            bytes[aligned + index] = (byte) (value >>> 8 * index);
        }
    }

    /** Symbols share tails, so that 20,000 of them would have 10 GB of names in a file of a megabyte. */
    @Test
    void namesThatMultiplyAreRefused() {
        int nameBytes = 500_000;
        int symbolCount = 20_000;
        ElfBuilder builder = new ElfBuilder(Elf.EM_X86_64);
        builder.addSymbol("x".repeat(nameBytes), 0, 0, 0, 0, 0, Symbol.Place.ABSOLUTE, 0);
        for (int index = 1; index < symbolCount; index++) {
            builder.addSymbol("", 0, 0, 0, 0, 0, Symbol.Place.ABSOLUTE, 0);
        }
        HostileFile hostile = new HostileFile(builder.toBytes());
        for (int index = 1; index <= symbolCount; index++) {
            hostile.u32(".symtab", (long) index * Elf.SYMBOL_BYTES, index);
        }
        assertThatThrownBy(() -> hostile.read().symbols())
                .isInstanceOf(ElfFormatException.class)
                .hasMessageContaining("more than 16 times as long as their string table");
    }

    /** 4,000 relocation sections that cover the same megabyte would have 160 million relocations. */
    @Test
    void relocationSectionsThatOverlapAreRefused() {
        ElfBuilder builder = new ElfBuilder(Elf.EM_X86_64);
        int text = builder.addSection(".text", Elf.SHT_PROGBITS, 6, 1, 0, new byte[8]);
        int symbol = builder.addSymbol("f", 0, 0, 1, 0, 0, Symbol.Place.UNDEFINED, 0);
        for (int index = 0; index < 40_000; index++) {
            builder.addRelocation(text, 0, 1, symbol, 0);
        }
        for (int index = 0; index < 4_000; index++) {
            builder.addSection(".copy" + index, Elf.SHT_PROGBITS, 0, 1, 0, new byte[0]);
        }
        HostileFile hostile = new HostileFile(builder.toBytes());
        Section table = hostile.read().section(".rela.text").orElseThrow();
        int symbols = table.link();
        for (int index = 0; index < 4_000; index++) {
            hostile.header(".copy" + index, table.fileOffset(), table.sizeBytes(), Elf.SHT_RELA, symbols, text);
        }
        assertThatThrownBy(() ->
                        hostile.read().relocations(hostile.read().sections().get(text)))
                .isInstanceOf(ElfFormatException.class)
                .hasMessageContaining("the sections of type 4 overlap: together they have more bytes than the file");
    }

    @Test
    void noteSectionsThatOverlapAreRefused() {
        ElfBuilder builder = new ElfBuilder(Elf.EM_X86_64);
        builder.addSection(".note.0", Elf.SHT_NOTE, 0, 4, 0, new byte[120_000]);
        for (int index = 1; index < 100; index++) {
            builder.addSection(".note." + index, Elf.SHT_NOTE, 0, 4, 0, new byte[0]);
        }
        HostileFile hostile = new HostileFile(builder.toBytes());
        for (int index = 1; index < 100; index++) {
            hostile.header(".note." + index, Elf.HEADER_BYTES, 120_000, Elf.SHT_NOTE, 0, 0);
        }
        assertThatThrownBy(() -> hostile.read().buildId()).hasMessageContaining("the sections of type 7 overlap");
    }

    @Test
    void noteSegmentsThatOverlapAreRefused() throws Exception {
        byte[] bytes = new byte[64 + 100 * 56 + 12_000];
        List<Segment> segments = new ArrayList<>();
        MemorySegment view = MemorySegment.ofArray(bytes);
        for (int index = 0; index < 100; index++) {
            segments.add(new Segment(Elf.PT_NOTE, 4, 64 + 100 * 56, 0, 0, 12_000, 12_000, 4));
            HeaderBytes.putSegment(view, 64 + index * 56L, segments.getLast());
        }
        HeaderBytes.putHeader(view, new ElfHeader(Elf.ET_CORE, Elf.EM_X86_64, 0, 0, 0, 0, 64, 0, 0), 100, 0);
        ElfFile file = ElfFile.read("core", bytes);
        assertThat(file.segments()).isEqualTo(segments);
        assertThatThrownBy(file::buildId).hasMessageContaining("the note segments overlap");
    }

    @Test
    void aHugeNobitsSectionTakesNoMemory() {
        ElfBuilder builder = new ElfBuilder(Elf.EM_X86_64);
        builder.addNobits(".bss", Elf.SHF_ALLOC, 1, Long.MAX_VALUE);
        ElfFile file = ElfFile.read("huge.o", builder.toBytes());
        assertThat(file.section(".bss").orElseThrow().sizeBytes()).isEqualTo(Long.MAX_VALUE);
        assertThat(file.section(".bss").orElseThrow().bytes()).isEmpty();
        assertThat(ElfWriter.write(file)).isEqualTo(builder.toBytes());
    }
}
