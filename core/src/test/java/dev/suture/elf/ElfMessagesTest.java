package dev.suture.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What is said about a file that cannot be used: the file, the place, what is there. */
class ElfMessagesTest {
    private static final String UNUSABLE = "hostile.o: not a usable ELF file: at offset ";

    /** One function, one variable with a relocation, one note; two symbols. */
    private static HostileFile file() {
        ElfBuilder builder = new ElfBuilder(Elf.EM_X86_64);
        int text = builder.addSection(".text", Elf.SHT_PROGBITS, Elf.SHF_ALLOC, 1, 0, new byte[8]);
        int data = builder.addSection(".data", Elf.SHT_PROGBITS, Elf.SHF_ALLOC, 8, 0, new byte[8]);
        builder.addSection(".note", Elf.SHT_NOTE, 0, 4, 0, note());
        builder.addSection(".group", Elf.SHT_PROGBITS, 0, 4, 4, new byte[8]);
        int f = builder.addSymbol("f", 0, 8, Elf.STB_GLOBAL, Elf.STT_FUNC, 0, Symbol.Place.SECTION, text);
        builder.addSymbol("v", 0, 8, Elf.STB_GLOBAL, Elf.STT_OBJECT, 0, Symbol.Place.SECTION, data);
        builder.addRelocation(data, 0, 1, f, 0);
        return new HostileFile(builder.toBytes());
    }

    private static byte[] note() {
        byte[] note = new byte[20];
        MemorySegment view = MemorySegment.ofArray(note);
        LittleEndian.putU32(view, 0, 4);
        LittleEndian.putU32(view, 4, 4);
        LittleEndian.putU32(view, 8, 1);
        return note;
    }

    private static void assertUnreadable(HostileFile file, String message) {
        assertThatThrownBy(file::read).isInstanceOf(ElfFormatException.class).hasMessage(UNUSABLE + message);
    }

    private static void assertWrongSymbols(HostileFile file, String message) {
        assertThatThrownBy(() -> file.read().symbols())
                .isInstanceOf(ElfFormatException.class)
                .hasMessageStartingWith(UNUSABLE)
                .hasMessageEndingWith(message);
    }

    private static void assertWrongRelocations(HostileFile file, String message) {
        ElfFile read = file.read();
        assertThatThrownBy(() -> read.relocations(read.section(".data").orElseThrow()))
                .isInstanceOf(ElfFormatException.class)
                .hasMessageStartingWith(UNUSABLE)
                .hasMessageEndingWith(message);
    }

    private static void assertWrongNotes(HostileFile file, String message) {
        ElfFile read = file.read();
        assertThatThrownBy(() -> read.notes(read.section(".note").orElseThrow()))
                .isInstanceOf(ElfFormatException.class)
                .hasMessageStartingWith(UNUSABLE)
                .hasMessageEndingWith(message);
    }

    @Test
    void aFileThatIsTooSmall() {
        assertThatThrownBy(() -> ElfFile.read("hostile.o", new byte[63]))
                .isInstanceOf(ElfFormatException.class)
                .hasMessage(UNUSABLE + "0x0: 63 bytes are too few for an ELF header");
    }

    @Test
    void aFileThatIsNotThere() {
        assertThatThrownBy(() -> ElfFile.read(Path.of("no-such-file.o")))
                .hasMessage("no-such-file.o: cannot be read: there is no such file");
    }

    @Test
    void aWrongMagicNumber() {
        assertUnreadable(file().u8(0, 0x7e), "0x0: the file does not begin with 7f 'E' 'L' 'F'");
    }

    @Test
    void aThirtyTwoBitFile() {
        assertUnreadable(file().u8(4, 1), "0x4: it is a 32-bit file, expected 64-bit");
        assertUnreadable(file().u8(4, 3), "0x4: unknown class 3, expected 2 (64-bit)");
    }

    @Test
    void aBigEndianFile() {
        assertUnreadable(file().u8(5, 2), "0x5: it is big-endian, expected little-endian");
        assertUnreadable(file().u8(5, 0), "0x5: unknown byte order 0, expected 1 (little-endian)");
    }

    @Test
    void anUnknownVersion() {
        assertUnreadable(file().u8(6, 2), "0x6: unknown ELF version 2, expected 1");
        assertUnreadable(file().u8(0x15, 1), "0x14: unknown ELF version 257, expected 1");
    }

    @Test
    void moreSectionsThanFitTheFile() {
        assertUnreadable(file().u16(0x3c, 0xfeff), "0x3c: 65279 sections do not fit the file");
        assertUnreadable(file().u16(0x3c, 0xff00), "0x3c: e_shnum is 0xff00, expected less than 0xff00");
        long sectionZero = file().headerField("", 0x20);
        assertUnreadable(
                file().u16(0x3c, 0).u64(sectionZero, -1), "0x3c: 18446744073709551615 sections do not fit the file");
        assertUnreadable(
                file().u16(0x3c, 0).u64(sectionZero, 1L << 58),
                "0x3c: 288230376151711744 sections do not fit the file");
    }

    @Test
    void noSectionsButAnIndexOfTheirNamesIsAFileWithoutSections() {
        ElfFile read = file().u16(0x3c, 0).u16(0x3e, 0x7000).read();
        assertThat(read.sections()).isEmpty();
        assertThat(read.symbols()).isEmpty();
    }

    @Test
    void sectionNamesThatAreNotThere() {
        assertUnreadable(file().u16(0x3e, 99), "0x3e: e_shstrndx is 99, but there are only 9 sections");
        assertUnreadable(file().u16(0x3e, 0xff01), "0x3e: e_shstrndx is 0xff01, expected less than 0xff00");
        assertThatThrownBy(file().u16(0x3e, 1)::read)
                .hasMessageEndingWith("the section name table [1] is not a string table");
    }

    @Test
    void programHeadersWhoseNumberIsNowhere() {
        assertUnreadable(
                file().u16(0x3c, 0).u16(0x38, 0xffff),
                "0x38: e_phnum says that section 0 has the number, and there is no section 0");
    }

    @Test
    void programHeadersPastTheEnd() {
        assertUnreadable(
                file().u16(0x38, 0xfffe).u16(0x36, 56).u64(0x20, 64),
                "0x20: the table of program headers is at 0x40 with 0x37ff90 bytes, past the end of the file (0x350)");
        assertUnreadable(file().u16(0x38, 1).u16(0x36, 32), "0x36: e_phentsize is 32, expected 56");
    }

    @Test
    void aSectionPastTheEnd() {
        HostileFile file = file();
        assertThatThrownBy(file.u64(file.headerField(".text", 0x18), Long.MAX_VALUE)::read)
                .hasMessageEndingWith("section [1] .text is at 0x7fffffffffffffff with 0x8 bytes,"
                        + " past the end of the file (0x350)");
    }

    @Test
    void aSectionWithAnOddAlignment() {
        HostileFile file = file();
        assertThatThrownBy(file.u64(file.headerField(".data", 0x30), -1)::read)
                .hasMessageEndingWith("section [2] .data has alignment 18446744073709551615, not a power of two");
    }

    @Test
    void aSectionThatLinksToNoSection() {
        HostileFile file = file();
        assertThatThrownBy(file.u64(file.headerField(".symtab", 0x28), 0xffff_ffffL)::read)
                .hasMessageEndingWith("section [6] .symtab links to section 4294967295 of 9");
    }

    @Test
    void aNameWithoutAnEnd() {
        HostileFile file = file();
        long size = file.read().section(".strtab").orElseThrow().sizeBytes();
        assertWrongSymbols(
                file.u64(file.headerField(".strtab", 0x20), size - 1),
                "the name of symbol [1] has no end within its string table");
    }

    @Test
    void aNamePastTheEndOfItsTable() {
        assertWrongSymbols(
                file().u32(".symtab", 24, -1),
                "the name of symbol [1] is at 0xffffffff, past the end of its string table (0x5)");
    }

    @Test
    void aSymbolInAMissingSection() {
        assertWrongSymbols(file().u16(".symtab", 24 + 6, 77), "symbol [1] f is in section 77 of 9");
    }

    @Test
    void aSymbolWithoutItsExtendedSectionIndex() {
        assertWrongSymbols(
                file().u16(".symtab", 24 + 6, Elf.SHN_XINDEX),
                "symbol [1] needs an extended section index, and there is none");
    }

    @Test
    void aSymbolTableWithOddEntries() {
        HostileFile file = file();
        assertWrongSymbols(
                file.u64(file.headerField(".symtab", 0x38), 16),
                "the symbol table has 72 bytes in entries of 16, expected entries of 24");
    }

    @Test
    void aRelocationOutsideItsSection() {
        assertWrongRelocations(
                file().u32(".rela.data", 4, 1), ".rela.data: relocation at 0x100000000, past the end of .data (0x8)");
    }

    @Test
    void aRelocationOfAMissingSymbol() {
        assertWrongRelocations(file().u32(".rela.data", 12, 3), ".rela.data: relocation at 0x0 names symbol 3 of 3");
        assertWrongRelocations(
                file().u32(".rela.data", 12, -1), ".rela.data: relocation at 0x0 names symbol 4294967295 of 3");
    }

    @Test
    void relocationsWhoseSymbolsAreSomethingElse() {
        HostileFile file = file();
        long link = file.headerField(".rela.data", 0x28);
        assertWrongRelocations(file.u64(link, 2L << 32 | 1), ".rela.data: section [1] is not the symbol table");
    }

    @Test
    void relocationsWithoutAddends() {
        HostileFile file = file();
        assertWrongRelocations(
                file.u8(file.headerField(".rela.data", 4), Elf.SHT_REL),
                ".rela.data: relocations without addends are not supported");
    }

    @Test
    void aNoteThatDoesNotFit() {
        assertWrongNotes(
                file().u32(".note", 0, -1),
                "a note with a name of 4294967295 and a description of 4 bytes does not fit its section (0x14)");
        assertWrongNotes(
                file().u32(".note", 0, -3).u32(".note", 4, -1),
                "a note with a name of 4294967293 and a description of 4294967295 bytes"
                        + " does not fit its section (0x14)");
        assertWrongNotes(file().u32(".note", 4, 0), "4 bytes are too few for a note");
    }

    @Test
    void aGroupOfMissingSections() {
        HostileFile file = file();
        long type = file.headerField(".group", 4);
        assertThatThrownBy(() -> file.u8(type, Elf.SHT_GROUP)
                        .u8(file.headerField(".group", 0x2c), 1)
                        .u32(".group", 4, 9)
                        .read()
                        .groups())
                .hasMessageEndingWith("group [4] has section 9 of 9");
        assertThatThrownBy(() ->
                        file.u8(file.headerField(".group", 0x2c), 3).read().groups())
                .hasMessageEndingWith("group [4] is named by symbol 3 of 3");
    }

    @Test
    void aSecondSymbolTable() {
        HostileFile file = file();
        assertWrongSymbols(file.u8(file.headerField(".text", 4), Elf.SHT_SYMTAB), "a second symbol table, section [6]");
    }
}
