package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.LivePatchException;
import dev.suture.diff.Comparison.Status;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What holds for any object. */
@Tag("fuzz")
class PropertiesTest {
    private static final SpecialSections TABLES = SpecialSections.xenX86(17);

    private static Comparison compare(ObjectPieces original, ObjectPieces patched) {
        return Compare.compare(Correlate.correlate(original, patched), LineNumbers.UNMOVED);
    }

    private static void assertSame(String what, ObjectPieces original, ObjectPieces patched) {
        Comparison comparison = compare(original, patched);
        for (Piece piece : comparison.patched().pieces()) {
            assertThat(comparison.status(piece))
                    .as("%s: %s %s", what, piece.name(), comparison.difference(piece))
                    .isIn(Status.SAME, Status.UNNAMED);
        }
        Selection selection = Select.select(List.of(comparison));
        assertThat(selection.chosen()).as(what).isEmpty();
        assertThat(selection.refusals()).as(what).isEmpty();
        assertThat(selection.leftOut()).as(what).isEmpty();
    }

    @Test
    void anObjectIsTheSameAsItself() {
        for (Path file : Sources.objects()) {
            ObjectPieces object = Change.split("mixed.o", file);
            assertSame(file.toString(), object, object);
            assertSame(file.toString(), object, Change.split("mixed.o", file));
        }
    }

    @Test
    void anObjectThatTheSameCompilerMakesAgainElsewhereIsTheSame() {
        assertSame(
                "random seed",
                Change.split("mixed.o", Tools.gcc("mixed.c", Sources.MIXED, "-g", "-frandom-seed=one")),
                Change.split("mixed.o", Tools.gcc("mixed.c", Sources.MIXED, "-g", "-frandom-seed=two")));
        assertSame(
                "prefix map",
                Change.split("mixed.o", Tools.gcc("mixed.c", Sources.MIXED, "-g", "-ffile-prefix-map=/tmp=/here")),
                Change.split("mixed.o", Tools.gcc("mixed.c", Sources.MIXED, "-g", "-ffile-prefix-map=/tmp=/there")));
    }

    @Test
    void debugInformationDoesNotMatter() {
        assertSame(
                "-g",
                Change.split("mixed.o", Tools.gcc("mixed.c", Sources.MIXED)),
                Change.split("mixed.o", Tools.gcc("mixed.c", Sources.MIXED, "-g")));
    }

    @Test
    void whatComesFirstInTheSourceDoesNotMatter() {
        String added = "int first(int x) { static int n, count; say(\"first\"); say(__func__); return ++n + ++count; }";
        int includes = Sources.MIXED.indexOf("typedef");
        String more = Sources.MIXED.substring(0, includes) + added + Sources.MIXED.substring(includes);
        Comparison comparison = compare(
                Change.split("mixed.o", Tools.gcc("mixed.c", Sources.MIXED)),
                Change.split("mixed.o", Tools.gcc("mixed.c", more)));

        assertThat(comparison.patched().pieces())
                .filteredOn(Piece::isNamed)
                .filteredOn(piece -> comparison.status(piece) != Status.SAME)
                .allMatch(piece -> comparison.status(piece) == Status.NEW)
                .extracting(piece -> Names.stem(piece.name()))
                .containsExactlyInAnyOrder("first", "n", "count", "__func__");
        assertThat(Select.select(List.of(comparison)).chosen()).isEmpty();
    }

    @Test
    void allObjectsOfAXenTreeAreTheSameAsThemselves() throws IOException {
        for (Path file : objectsOfXen()) {
            assertSame(file.toString(), Change.split("x.o", file), Change.split("x.o", file));
        }
    }

    @Test
    void splittingTheObjectsOfAXenTreeCoversEachByteOnce() throws IOException {
        for (Path file : objectsOfXen()) {
            assertCovered(Change.split("x.o", file));
        }
    }

    static List<Path> objectsOfXen() throws IOException {
        String tree = System.getenv("SUTURE_XEN_TREE");
        Assumptions.assumeTrue(tree != null, "SUTURE_XEN_TREE does not say where a built Xen tree is");
        try (Stream<Path> files = Files.walk(Path.of(tree))) {
            return files.filter(file -> file.toString().endsWith(".o"))
                    .filter(file -> !file.getFileName().toString().startsWith("prelink"))
                    .filter(PropertiesTest::isOfTheHypervisor)
                    .sorted()
                    .toList();
        }
    }

    /** The first code of the boot is 32-bit, and some objects are linked from others already. */
    private static boolean isOfTheHypervisor(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            return bytes.length > 18 && bytes[0] == 0x7f && bytes[4] == 2 && bytes[16] == 1 && bytes[18] == 62;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void splittingCoversEachByteOnce() {
        for (Path file : Sources.objects()) {
            assertCovered(Change.split("mixed.o", file));
        }
    }

    /** All bytes of a section are in one piece, or are zeros or no-ops between two of them. */
    private static void assertCovered(ObjectPieces object) {
        TreeMap<Integer, Long> ends = new TreeMap<>();
        for (Piece piece : object.pieces()) {
            int section = piece.section().index();
            long end = ends.getOrDefault(section, 0L);
            assertThat(piece.sectionOffset())
                    .as("%s: %s", object.elf(), piece.name())
                    .isGreaterThanOrEqualTo(end);
            assertPadding(object, piece.section(), end, piece.sectionOffset());
            ends.put(section, piece.endOffset());
        }
        for (Section section : object.elf().sections()) {
            if (SectionRole.of(section) != SectionRole.DISCARDED) {
                long end = ends.getOrDefault(section.index(), 0L);
                assertThat(end).isLessThanOrEqualTo(section.sizeBytes());
                assertPadding(object, section, end, section.sizeBytes());
            }
        }
    }

    private static void assertPadding(ObjectPieces object, Section section, long from, long to) {
        assertThat(object.elf().relocations(section))
                .noneMatch(relocation -> relocation.sectionOffset() >= from && relocation.sectionOffset() < to);
        for (long at = from; at < to && !section.isCode() && !section.isNobits(); at++) {
            assertThat(LittleEndian.u8(section.contents(), at)).isZero();
        }
        assertThat(to - from).as("%s+0x%x", section.name(), from).isLessThan(Math.max(64, section.alignment()));
    }

    @Test
    void referencesAreInOrderAndWithinTheirPieces() {
        for (Path file : Sources.objects()) {
            ObjectPieces object = Change.split("mixed.o", file);
            for (Piece piece : object.pieces()) {
                assertThat(object.references(piece))
                        .extracting(Reference::pieceOffset)
                        .isSorted()
                        .allMatch(offset -> offset >= 0 && offset < piece.sizeBytes());
            }
        }
    }

    /** As many bytes of an object as are looked at in one go. */
    private static void survive(byte[] bytes, ObjectPieces other) {
        try {
            ObjectPieces object = SplitObject.split("x.o", ElfFile.read("damaged", bytes), TABLES);
            Select.select(List.of(compare(object, object)));
            Select.select(List.of(compare(other, object)));
            Select.select(List.of(compare(object, other)));
        } catch (LivePatchException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    private static List<byte[]> small() throws IOException {
        List<byte[]> files = new ArrayList<>();
        files.add(Files.readAllBytes(Tools.gcc("mixed.c", Sources.MIXED, "-fjump-tables")));
        files.add(Files.readAllBytes(
                Tools.gcc("mixed.c", Sources.MIXED, "-fno-function-sections", "-fno-data-sections")));
        return files;
    }

    @Test
    void everyTruncationIsPiecesOrAnException() throws IOException {
        for (byte[] whole : small()) {
            ObjectPieces other = SplitObject.split("x.o", ElfFile.read("whole", whole), TABLES);
            for (int length = 0; length < whole.length; length += 7) {
                survive(Arrays.copyOf(whole, length), other);
            }
        }
    }

    private static final long[] INTERESTING = {
        0,
        1,
        2,
        4,
        8,
        14,
        0xff,
        0xffff,
        0x7fff_ffffL,
        0x8000_0000L,
        0xffff_ffffL,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        -1,
        -8
    };

    @Test
    void randomChangesArePiecesOrAnException() throws IOException {
        Random random = new Random(20250102);
        for (byte[] whole : small()) {
            ObjectPieces other = SplitObject.split("x.o", ElfFile.read("whole", whole), TABLES);
            int headers = (int) LittleEndian.u64(MemorySegment.ofArray(whole), 0x28);
            for (int round = 0; round < 4000; round++) {
                byte[] changed = whole.clone();
                for (int change = 0; change <= random.nextInt(3); change++) {
                    change(random, changed, headers);
                }
                survive(changed, other);
            }
        }
    }

    /** Most changes go into the tables of sections, symbols and relocations, which decide how the rest is read. */
    private static void change(Random random, byte[] bytes, int headers) {
        int from = random.nextBoolean() ? headers : bytes.length / 3;
        int size = 1 << random.nextInt(4);
        int at = (from + random.nextInt(bytes.length - from)) / size * size;
        long value = random.nextBoolean() ? random.nextLong() : INTERESTING[random.nextInt(INTERESTING.length)];
        for (int i = 0; i < size && at + i < bytes.length; i++) {
            bytes[at + i] = (byte) (value >>> 8 * i);
        }
    }

    @Test
    void aLongChainOfNamelessConstantsIsComparedInLittleStack() {
        StringBuilder source = new StringBuilder(".section .rodata.chain,\"aM\",@progbits,8\n");
        int links = 20_000;
        for (int i = 0; i < links; i++) {
            source.append(".quad .rodata.chain+").append(8 * ((i + 1) % links)).append('\n');
        }
        source.append(".section .text.f,\"ax\"\n.globl f\n.type f,@function\n")
                .append("f: lea .rodata.chain(%rip), %rax\nret\n.size f, .-f\n");
        Path file = Tools.compile("gcc", "unit.s", source.toString(), List.of());

        assertSame("chain", Change.split("unit.o", file), Change.split("unit.o", file));
    }
}
