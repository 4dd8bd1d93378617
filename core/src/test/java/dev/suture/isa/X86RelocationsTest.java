package dev.suture.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.BuiltXen;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

class X86RelocationsTest {
    private static final int LAST_TYPE = 42;

    private final Isa isa = Isa.of(Elf.EM_X86_64);

    @TempDir
    private Path directory;

    @Test
    void eachTypeHasTheNumberThatTheAssemblerKnowsItsNameBy() throws IOException, InterruptedException {
        Objdump.assumeInstalled();
        StringBuilder source = new StringBuilder(".data\nstart: .rept 256; .quad 0; .endr\n");
        for (int type = 0; type <= LAST_TYPE; type++) {
            source.append(".reloc start+%d, %s, symbol\n".formatted(type * 16, isa.relocationName(type)));
        }
        ElfFile object = ElfFile.read(Objdump.assemble(directory, source.toString()));
        List<Relocation> relocations =
                object.relocations(object.section(".data").orElseThrow());
        assertThat(relocations).hasSize(LAST_TYPE + 1).allSatisfy(relocation -> {
            int type = (int) relocation.sectionOffset() / 16;
            assertThat(relocation.type()).isEqualTo(type);
            assertThat(isa.relocation(type).type()).isEqualTo(type);
        });
    }

    @Test
    void anUnknownTypeHasANameWithItsNumberButNoMeaning() {
        assertThat(isa.relocationName(77)).isEqualTo("R_X86_64_<77>");
        assertThat(isa.relocationName(-1)).isEqualTo("R_X86_64_<-1>");
        assertThatThrownBy(() -> isa.relocation(77))
                .isInstanceOf(UnknownRelocationException.class)
                .hasMessage("x86-64: relocation type 77 is not a known one");
    }

    @Test
    void aValueFitsAsWhatTheCpuWillTakeItFor() {
        RelocationKind zeroExtended = isa.relocation(10);
        assertThat(zeroExtended.name()).isEqualTo("R_X86_64_32");
        assertThat(zeroExtended.fits(0xffff_ffffL)).isTrue();
        assertThat(zeroExtended.fits(0x1_0000_0000L)).isFalse();
        assertThat(zeroExtended.fits(-1)).isFalse();
        RelocationKind signExtended = isa.relocation(11);
        assertThat(signExtended.name()).isEqualTo("R_X86_64_32S");
        assertThat(signExtended.fits(0x7fff_ffffL)).isTrue();
        assertThat(signExtended.fits(0x8000_0000L)).isFalse();
        assertThat(signExtended.fits(-0x8000_0000L)).isTrue();
        assertThat(isa.relocation(1).fits(Long.MIN_VALUE)).isTrue();
        assertThat(isa.relocation(0).fits(Long.MIN_VALUE)).isTrue();
    }

    /** In code, a relocation changes exactly one displacement or immediate. That finds both misplaced by a byte. */
    @Test
    void relocationsOfXensCodeAreWhereInstructionsHaveConstants(TestReporter reporter) throws IOException {
        Path tree = BuiltXen.directory();
        List<Path> objects;
        try (Stream<Path> files = Files.walk(tree.resolve("arch/x86"))) {
            objects = files.filter(file -> file.toString().endsWith(".o"))
                    // Boot code has data between instructions, and the built_in.o have all of what is below them.
                    .filter(file -> !file.endsWith("boot/head.o") && !file.endsWith("built_in.o"))
                    .filter(X86RelocationsTest::isElf64)
                    .toList();
        }
        int checked = 0;
        List<String> misplaced = new ArrayList<>();
        for (Path file : objects) {
            ElfFile object = ElfFile.read(file);
            for (Section section : object.sections()) {
                if (section.isCode() && object.hasRelocations(section)) {
                    checked += check(object, section, misplaced);
                }
            }
        }
        reporter.publishEntry("relocations in Xen's code", checked + " in " + objects.size() + " objects");
        assertThat(misplaced).isEmpty();
        assertThat(checked).isPositive();
    }

    /** Some of Xen's boot code is 32-bit ELF, and a build id for EFI is no ELF at all. */
    private static boolean isElf64(Path file) {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer identification = ByteBuffer.allocate(5);
            channel.read(identification);
            return identification.get(0) == 0x7f && identification.get(4) == 2;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int check(ElfFile object, Section section, List<String> misplaced) {
        Map<Long, Integer> sizes = new HashMap<>();
        for (long offset = 0; offset < section.sizeBytes(); ) {
            Optional<Instruction> decoded = isa.decode(section.contents(), offset);
            decoded.ifPresent(instruction -> {
                sizes.put(instruction.offset() + instruction.displacementAt(), instruction.displacementBytes());
                sizes.put(instruction.offset() + instruction.immediateAt(), instruction.immediateBytes());
            });
            offset = decoded.map(Instruction::endOffset).orElse(offset + 1);
        }
        List<Relocation> relocations = object.relocations(section);
        for (Relocation relocation : relocations) {
            RelocationKind kind = isa.relocation(relocation.type());
            if (sizes.getOrDefault(relocation.sectionOffset(), 0) != kind.sizeBytes()) {
                misplaced.add("%s %s+0x%x %s"
                        .formatted(object.name(), section.name(), relocation.sectionOffset(), kind.name()));
            }
        }
        return relocations.size();
    }
}
