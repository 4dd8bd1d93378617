package dev.suture.elf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElfBuilderTest {
    private static final int R_X86_64_64 = 1;
    private static final int R_X86_64_PLT32 = 4;
    private static final long CODE = Elf.SHF_ALLOC | Elf.SHF_EXECINSTR;
    private static final long DATA = Elf.SHF_ALLOC | Elf.SHF_WRITE;

    @TempDir
    private Path directory;

    /** {@code start} calls {@code printk}; {@code table} holds the address of {@code start}; {@code counter} is zero. */
    private static ElfBuilder small() {
        ElfBuilder builder = new ElfBuilder(Elf.EM_X86_64);
        byte[] call = {(byte) 0xe8, 0, 0, 0, 0, (byte) 0xc3};
        int text = builder.addSection(".text", Elf.SHT_PROGBITS, CODE, 16, 0, call);
        int data = builder.addSection(".data", Elf.SHT_PROGBITS, DATA, 8, 0, new byte[16]);
        int bss = builder.addNobits(".bss", DATA, 4, 4);
        int printk = builder.addSymbol("printk", 0, 0, Elf.STB_GLOBAL, Elf.STT_NOTYPE, 0, Symbol.Place.UNDEFINED, 0);
        int start = builder.addSymbol("start", 0, 6, Elf.STB_GLOBAL, Elf.STT_FUNC, 0, Symbol.Place.SECTION, text);
        builder.addSymbol("table", 0, 16, Elf.STB_LOCAL, Elf.STT_OBJECT, 0, Symbol.Place.SECTION, data);
        builder.addSymbol("counter", 0, 4, Elf.STB_LOCAL, Elf.STT_OBJECT, 0, Symbol.Place.SECTION, bss);
        builder.addSymbol("here.c", 0, 0, Elf.STB_LOCAL, Elf.STT_FILE, 0, Symbol.Place.ABSOLUTE, 0);
        builder.addRelocation(data, 8, R_X86_64_64, start, 0);
        builder.addRelocation(data, 0, R_X86_64_64, start, 5);
        builder.addRelocation(text, 1, R_X86_64_PLT32, printk, -4);
        return builder;
    }

    @Test
    void whatIsBuiltReadsBack() {
        ElfFile file = ElfFile.read("built.o", small().toBytes());

        assertThat(file.sections())
                .extracting(Section::name)
                .containsExactly(
                        "", ".text", ".data", ".bss", ".rela.text", ".rela.data", ".symtab", ".strtab", ".shstrtab");
        assertThat(file.symbols())
                .extracting(Symbol::name)
                .containsExactly("", "table", "counter", "here.c", "printk", "start");
        assertThat(file.section(".symtab").orElseThrow().info()).isEqualTo(4);
        assertThat(file.relocations(file.section(".text").orElseThrow()))
                .containsExactly(new Relocation(1, R_X86_64_PLT32, 4, -4));
        assertThat(file.relocations(file.section(".data").orElseThrow()))
                .containsExactly(new Relocation(0, R_X86_64_64, 5, 5), new Relocation(8, R_X86_64_64, 5, 0));
        assertThat(file.section(".bss").orElseThrow().sizeBytes()).isEqualTo(4);
    }

    @Test
    void theSameCallsGiveTheSameBytes() {
        ElfBuilder builder = small();
        byte[] first = builder.toBytes();
        assertThat(builder.toBytes()).isEqualTo(first);
        assertThat(small().toBytes()).isEqualTo(first);
    }

    @Test
    void readelfObjdumpAndLdAcceptWhatIsBuilt() throws Exception {
        Files.write(directory.resolve("built.o"), small().toBytes());

        assertThat(Tool.runWell(directory, "readelf", "-a", "-W", "built.o")).doesNotContainIgnoringCase("warning");
        assertThat(Tool.runWell(directory, "objdump", "-d", "-r", "built.o"))
                .contains("<start>:")
                .contains("R_X86_64_PLT32\tprintk-0x4");
        Tool.runWell(directory, "ld", "-r", "built.o", "-o", "linked.o");
        ElfFile linked = ElfFile.read(directory.resolve("linked.o"));
        assertThat(linked.relocations(linked.section(".data").orElseThrow())).hasSize(2);
    }

    @Test
    void anEmptyFileIsAccepted() throws Exception {
        Files.write(directory.resolve("empty.o"), new ElfBuilder(Elf.EM_AARCH64).toBytes());
        assertThat(Tool.runWell(directory, "readelf", "-a", "-W", "empty.o")).doesNotContainIgnoringCase("warning");
    }

    @Test
    void namesThatEndAlikeShareTheirBytes() {
        StringTableBuilder names = new StringTableBuilder();
        List.of("text", ".rela.text", ".text", "extra").forEach(names::add);
        assertThat(new String(names.toBytes(), StandardCharsets.ISO_8859_1)).isEqualTo("\0.rela.text\0extra\0");
        assertThat(names.offset(".text")).isEqualTo(6);
        assertThat(names.offset("text")).isEqualTo(7);
        assertThat(names.offset("")).isZero();
    }

    @Test
    void moreSectionsThanFit16BitsUseExtendedNumbering() throws Exception {
        ElfBuilder builder = new ElfBuilder(Elf.EM_X86_64);
        byte[] ret = {(byte) 0xc3};
        int count = 0x10010;
        for (int index = 1; index <= count; index++) {
            int section = builder.addSection(".text.f" + index, Elf.SHT_PROGBITS, CODE, 1, 0, ret);
            builder.addSymbol("f" + index, 0, 1, Elf.STB_GLOBAL, Elf.STT_FUNC, 0, Symbol.Place.SECTION, section);
        }
        byte[] bytes = builder.toBytes();

        ElfFile file = ElfFile.read("many.o", bytes);
        assertThat(file.sections()).hasSize(count + 5);
        for (Symbol symbol : file.symbols().subList(1, count + 1)) {
            assertThat(file.sections().get(symbol.sectionIndex()).name()).isEqualTo(".text." + symbol.name());
        }
        Files.write(directory.resolve("many.o"), bytes);
        assertThat(Tool.runWell(directory, "readelf", "-h", "-S", "-s", "-W", "many.o"))
                .doesNotContainIgnoringCase("warning");
        Tool.runWell(directory, "objdump", "-h", "many.o");
    }

    @Test
    void callsThatMakeNoSenseAreRefused() {
        ElfBuilder builder = small();
        assertThatThrownBy(() -> builder.addRelocation(1, 6, R_X86_64_64, 0, 0))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("a relocation at 0x6 is outside the 0x6 bytes of .text");
        assertThatThrownBy(() -> builder.addRelocation(1, 0, R_X86_64_64, 5, 0))
                .hasMessage("a relocation at .text+0x0 names symbol 5 of 5");
        assertThatThrownBy(
                        () -> builder.addSymbol("lost", 0, 0, Elf.STB_LOCAL, Elf.STT_FUNC, 0, Symbol.Place.SECTION, 9))
                .hasMessage("symbol lost is SECTION in section 9 of 4");
        assertThatThrownBy(() -> builder.addSection(".odd", Elf.SHT_PROGBITS, 0, 3, 0, new byte[0]))
                .hasMessage("section .odd cannot have alignment 3");
        builder.addSection(".n\u0000l", Elf.SHT_PROGBITS, 0, 1, 0, new byte[0]);
        assertThatThrownBy(builder::toBytes).hasMessageContaining("U+0000");
    }
}
