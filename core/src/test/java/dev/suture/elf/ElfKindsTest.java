package dev.suture.elf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kinds of objects that gcc, g++, as and ld make. */
class ElfKindsTest {
    @TempDir
    private Path directory;

    private static Symbol symbol(ElfFile file, String name) {
        return file.symbols().stream()
                .filter(symbol -> symbol.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void comdatGroupsNameTheirSignatureAndMembers() throws Exception {
        ElfFile file = ElfFile.read(Fixtures.cxx(directory));
        SectionGroup group = file.groups().stream()
                .filter(candidate -> candidate.signature().equals("_ZN4Base4sizeEv"))
                .findFirst()
                .orElseThrow();
        assertThat(group.flags()).isEqualTo(Elf.GRP_COMDAT);
        assertThat(group.memberIndexes())
                .extracting(index -> file.sections().get(index).name())
                .contains(".text._ZN4Base4sizeEv");
        assertThat(group.memberIndexes())
                .allSatisfy(index -> assertThat(file.sections().get(index).has(Elf.SHF_GROUP))
                        .isTrue());
    }

    @Test
    void threadLocalVariablesAreInThreadLocalSections() throws Exception {
        ElfFile file = ElfFile.read(Fixtures.c(directory));
        Symbol perThread = symbol(file, "per_thread");
        assertThat(perThread.type()).isEqualTo(Elf.STT_TLS);
        Section section = file.sections().get(perThread.sectionIndex());
        assertThat(section.has(Elf.SHF_TLS)).isTrue();
        assertThat(section.bytes()).containsExactly(3, 0, 0, 0);
        Section zeros = file.sections().get(symbol(file, "zero_per_thread").sectionIndex());
        assertThat(zeros.isNobits()).isTrue();
        assertThat(zeros.sizeBytes()).isEqualTo(4);
        assertThat(zeros.bytes()).isEmpty();
    }

    @Test
    void symbolsSayHowTheyAreDefined() throws Exception {
        ElfFile file = ElfFile.read(Fixtures.c(directory));
        assertThat(symbol(file, "common_block").place()).isEqualTo(Symbol.Place.COMMON);
        assertThat(symbol(file, "elsewhere").place()).isEqualTo(Symbol.Place.UNDEFINED);
        assertThat(symbol(file, "kinds.c").place()).isEqualTo(Symbol.Place.ABSOLUTE);
        assertThat(symbol(file, "overridable").binding()).isEqualTo(Elf.STB_WEAK);
        assertThat(symbol(file, "counter").isLocal()).isTrue();
        assertThat(symbol(file, "twice").isInSection()).isTrue();
    }

    @Test
    void theModelOfAnObjectOutlivesTheNextBuild() throws Exception {
        Path path = Fixtures.c(directory);
        ElfFile file = ElfFile.read(path);
        byte[] before = file.section(".strtab").orElseThrow().bytes();
        Files.write(path, new byte[(int) file.sizeBytes()]);
        assertThat(file.section(".strtab").orElseThrow().bytes()).isEqualTo(before);
        assertThat(symbol(file, "twice").isFunction()).isTrue();
    }

    @Test
    void notesAreRead() throws Exception {
        ElfFile file = ElfFile.read(Fixtures.c(directory));
        Note note = file.notes(file.section(".note.suture").orElseThrow()).getFirst();
        assertThat(note.name()).isEqualTo("Suture");
        assertThat(note.type()).isEqualTo(1);
        assertThat(note.hex()).isEqualTo("07000000");
        assertThat(note).isEqualTo(new Note("Suture", 1, new byte[] {7, 0, 0, 0}));
        assertThat(file.buildId()).isEmpty();
    }

    @Test
    void theBuildIdIsFoundInSectionsAndInSegments() throws Exception {
        Path path = Fixtures.sharedObject(directory);
        String expected = Tool.runWell(directory, "readelf", "-n", "-W", path.toString())
                .replaceAll("(?s).*Build ID: ([0-9a-f]+).*", "$1");
        assertThat(ElfFile.read(path).buildId()).contains(expected);
        byte[] withoutSections = new HostileFile(Files.readAllBytes(path))
                .u64(0x28, 0)
                .u16(0x3c, 0)
                .u16(0x3e, 0)
                .bytes();
        ElfFile file = ElfFile.read("stripped.so", withoutSections);
        assertThat(file.sections()).isEmpty();
        assertThat(file.buildId()).contains(expected);
    }

    @Test
    void anArchivesMembersRoundTrip() throws Exception {
        Path archive = Path.of(
                Tool.runWell(directory, "gcc", "-print-file-name=libgcc.a").strip());
        Tool.runWell(directory, "ar", "x", archive.toString());
        int read = 0;
        try (var members = Files.newDirectoryStream(directory, "*.o")) {
            for (Path member : members) {
                ElfFile file = ElfFile.read(member);
                Models.assertEqual(ElfFile.read(member.toString(), ElfWriter.write(file)), file);
                read++;
            }
        }
        assertThat(read).isPositive();
    }

    /** What gcc, as and ld write leaves nothing between sections but zeros, and shares section names as we do. */
    @Test
    void anObjectOfTheAssemblerIsWrittenBackToTheByte() throws Exception {
        Path path = Fixtures.c(directory);
        byte[] original = Files.readAllBytes(path);
        assertThat(ElfWriter.write(ElfFile.read("kinds.o", original))).isEqualTo(original);
    }

    @Test
    void moreSectionsThanFit16BitsAreReadAndWritten() throws Exception {
        int count = 66_000;
        StringBuilder source = new StringBuilder();
        for (int index = 0; index < count; index++) {
            source.append(".section .text.f%1$d,\"ax\"\n.globl f%1$d\nf%1$d: call f0\n".formatted(index));
        }
        Files.writeString(directory.resolve("many.s"), source);
        Tool.runWell(directory, "as", "many.s", "-o", "many.o");

        ElfFile file = ElfFile.read(directory.resolve("many.o"));
        assertThat(file.sections()).hasSizeGreaterThan(2 * count);
        Symbol last = symbol(file, "f" + (count - 1));
        assertThat(last.sectionIndex()).isGreaterThan(0xffff);
        Section section = file.sections().get(last.sectionIndex());
        assertThat(section.name()).isEqualTo(".text.f" + (count - 1));
        assertThat(file.relocations(section)).hasSize(1);

        byte[] written = ElfWriter.write(file);
        Models.assertEqual(ElfFile.read("written.o", written), file);
        Files.write(directory.resolve("written.o"), written);
        String says = Tool.runWell(directory, "readelf", "-hS", "-W", "written.o");
        assertThat(says).doesNotContainIgnoringCase("warning");
        assertThat(says).isEqualTo(Tool.runWell(directory, "readelf", "-hS", "-W", "many.o"));
    }
}
