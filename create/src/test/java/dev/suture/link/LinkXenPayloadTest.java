package dev.suture.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Change;
import dev.suture.diff.SpecialEntriesTest;
import dev.suture.diff.Tools;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Note;
import dev.suture.elf.Section;
import dev.suture.payload.Payload;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LinkXenPayloadTest {
    private static final String REST = "int outer(int x) { return x + 1; } void say(const char *text) {}";
    private static final String SOURCE = SpecialEntriesTest.MACROS + """
            int outer(int); void say(const char *);
            static int count = 5; static const int table[] = {1, 2, 3, 4};
            static __attribute__((used)) int f(int *p) { int v, e = 0;
              ALTERNATIVE("movl $1, %%eax", "movl $2, %%eax", 3);
              LOAD(v, p, e); if (v > 9) WARN(1234); say("hello"); count++; return table[v] + outer(e + NUMBER); }
            int g(int x) { return x * 77 + NUMBER; }
            """;

    private static LinkedPatch patch() {
        return LinkedPatch.of(Change.of(SOURCE.replace("NUMBER", "1000"), SOURCE.replace("NUMBER", "2000")), REST);
    }

    private static Path write(byte[] payload) throws IOException {
        return Files.write(Tools.directory().resolve("fix.livepatch"), payload);
    }

    @Test
    void readelfHasNothingToComplainAbout() throws IOException {
        Path file = write(patch().payload());

        String output = Tools.run(file.getParent(), List.of("readelf", "-aW", file.toString()));
        assertThat(output).doesNotContainIgnoringCase("warning").doesNotContainIgnoringCase("error:");
        assertThat(output).contains("REL (Relocatable file)").contains(".livepatch.funcs");
    }

    @Test
    void ldLinksItOnceMore() throws IOException {
        Path file = write(patch().payload());

        assertThat(Tools.run(file.getParent(), List.of("ld", "-r", "-o", "again.o", file.toString())))
                .isEmpty();
    }

    @Test
    void onlyRelocationsThatXenAppliesAreInIt() {
        Payload payload = Payload.read(ElfFile.read("payload", patch().payload()));

        for (Section section : payload.elf().sections()) {
            assertThat(payload.elf().relocations(section))
                    .allMatch(relocation -> Set.of(0, 1, 2, 4).contains(relocation.type()))
                    .allMatch(relocation -> relocation.symbolIndex() != 0);
        }
    }

    @Test
    void theSameInputsGiveTheSameBytes() {
        assertThat(patch().payload()).isEqualTo(patch().payload());
    }

    @Test
    void noSymbolIsDefinedForOthersAndNoneIsNamedTwice() {
        ElfFile elf = ElfFile.read("payload", patch().payload());

        assertThat(elf.symbols().stream().filter(symbol -> symbol.isInSection() && !symbol.isSectionSymbol()))
                .allMatch(symbol -> symbol.isLocal())
                .extracting(symbol -> symbol.name())
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrder("unit.c#f", "g");
        assertThat(elf.symbols().stream().filter(symbol -> symbol.index() > 0 && symbol.isUndefined()))
                .extracting(symbol -> symbol.name())
                .containsExactlyInAnyOrder("outer", "say", "unit.c#count", "unit.c#table");
    }

    private static final String STRUCTURES = """
            struct v1 { const char *name; void *new_addr, *old_addr; unsigned new_size, old_size;
              unsigned char version, opaque[31]; };
            struct v2 { const char *name; void *new_addr, *old_addr; unsigned new_size, old_size;
              unsigned char version, opaque[39];
              struct { unsigned char enabled : 1, len : 5, rsv : 2, data[31]; } expect; };
            extern char a_name[], a_function[];
            struct v1 entry1 = {.name = a_name, .new_addr = a_function, .new_size = 0x11223344, .old_size = 0x55667788,
              .version = 1};
            struct v2 entry2 = {.name = a_name, .new_addr = a_function, .new_size = 0x11223344, .old_size = 0x55667788,
              .version = 2};
            """;

    @ParameterizedTest
    @CsvSource({"4.13.5, entry1", "4.14.0, entry2", "4.17.5, entry2", "4.20.1, entry2"})
    void theFunctionTableIsLaidOutAsTheCompilerDoes(String release, String structure) {
        ElfFile probe = ElfFile.read(Tools.gcc("probe.c", STRUCTURES));
        Section expected = probe.section(".data." + structure)
                .or(() -> probe.section(".data.rel.local." + structure))
                .or(() -> probe.section(".data.rel." + structure))
                .orElseThrow();
        ElfFile payload = ElfFile.read("payload", patch().forRelease(release).payload());
        Section table = payload.section(".livepatch.funcs").orElseThrow();
        byte[] entry = table.contents()
                .asSlice(expected.sizeBytes(), expected.sizeBytes())
                .toArray(ValueLayout.JAVA_BYTE);
        LittleEndian.putU32(MemorySegment.ofArray(entry), 24, 0x11223344);
        LittleEndian.putU32(MemorySegment.ofArray(entry), 28, 0x55667788);

        assertThat(table.sizeBytes()).isEqualTo(2 * expected.sizeBytes());
        assertThat(entry).isEqualTo(expected.bytes());
        assertThat(payload.relocations(table).stream()
                        .filter(relocation -> relocation.sectionOffset() < expected.sizeBytes()))
                .extracting(relocation -> relocation.sectionOffset())
                .isEqualTo(probe.relocations(expected).stream()
                        .map(relocation -> relocation.sectionOffset())
                        .toList());
    }

    @Test
    void theSizesInTheFunctionTableAreThoseThatNmTells() {
        Change change = Change.of(SOURCE.replace("NUMBER", "1000"), SOURCE.replace("NUMBER", "2000"));
        String[] sizes = new String[2];
        for (int i = 0; i < 2; i++) {
            Path object = (i == 0 ? change.originals() : change.patcheds()).getFirst();
            sizes[i] = Tools.run(object.getParent(), List.of("nm", "-S", object.toString()))
                    .lines()
                    .filter(line -> line.endsWith(" t f"))
                    .map(line -> line.split(" ")[1])
                    .findFirst()
                    .orElseThrow();
        }
        Payload payload = Payload.read(
                ElfFile.read("payload", LinkedPatch.of(change, REST).payload()));

        assertThat(payload.functions()).first().satisfies(function -> {
            assertThat(function.name()).isEqualTo("unit.c#f");
            assertThat(function.oldSize()).isEqualTo(Long.parseLong(sizes[0], 16));
            assertThat(function.newSize()).isEqualTo(Long.parseLong(sizes[1], 16));
        });
    }

    @ParameterizedTest
    @CsvSource({"4.17.1, 3", "4.17.2, 3", "4.17.5, 2", "4.16.4, 3", "4.18.0, 3", "4.18.1, 2", "4.20.0, 2"})
    void theFunctionTableIsWritableWhereXenWritesToIt(String release, long flags) {
        ElfFile payload = ElfFile.read("payload", patch().forRelease(release).payload());

        assertThat(payload.section(".livepatch.funcs").orElseThrow().flags()).isEqualTo(flags);
    }

    @Test
    void itDependsOnTheProgramAndOnWhatIsBelow() {
        String below = "0123456789abcdef0123456789abcdef01234567";
        LinkedPatch patch = patch().on(below);
        Payload payload = Payload.read(ElfFile.read("payload", patch.payload()));

        assertThat(payload.depends()).contains(below);
        assertThat(payload.xenDepends()).contains(patch.image().buildId());
    }

    @Test
    void aBuildIdOfSixteenBytesIsKeptAsItIs() {
        String below = "0123456789abcdef0123456789abcdef";
        Payload payload = Payload.read(ElfFile.read("payload", patch().on(below).payload()));

        assertThat(payload.depends()).contains(below);
    }

    @Test
    void readelfFindsItsOwnBuildId() throws IOException {
        LinkResult result = patch().link();
        Path file = write(result.payload());

        assertThat(Tools.run(file.getParent(), List.of("readelf", "-nW", file.toString())))
                .contains("Build ID: " + result.buildId());
    }

    @Test
    void theNotesAreThoseThatLdWrites() {
        ElfFile program = ElfFile.read(
                LinkedProgram.of(List.of(Tools.gcc("rest.c", REST))).file());
        Section expected = program.section(".note.gnu.build-id").orElseThrow();
        ElfFile payload = ElfFile.read(
                "payload", patch().on(program.buildId().orElseThrow()).payload());

        assertThat(payload.section(".livepatch.depends").orElseThrow().bytes()).isEqualTo(expected.bytes());
        assertThat(payload.notes(payload.section(".livepatch.depends").orElseThrow()))
                .singleElement()
                .matches(Note::isBuildId);
    }

    @Test
    void twoPayloadsHaveDifferentBuildIds() {
        String source = "int outer(int); int g(int x) { return x * 77 + NUMBER; }";
        LinkedPatch other =
                LinkedPatch.of(Change.of(source.replace("NUMBER", "1000"), source.replace("NUMBER", "3")), REST);

        assertThat(other.link().buildId()).isNotEqualTo(patch().link().buildId());
    }

    @Test
    void releasesBeforeFourteenGetNeitherXenDependsNorMetadata() {
        ElfFile payload = ElfFile.read(
                "payload",
                patch().forRelease("4.13.5").withMetadata(List.of("a=b")).payload());

        assertThat(payload.section(".livepatch.xen_depends")).isEmpty();
        assertThat(payload.section(".modinfo")).isEmpty();
        assertThat(payload.section(".livepatch.depends")).isPresent();
    }

    @Test
    void metadataEndsEachEntryWithANul() {
        ElfFile payload = ElfFile.read(
                "payload", patch().withMetadata(List.of("a=b", "c=d e")).payload());

        assertThat(new String(payload.section(".modinfo").orElseThrow().bytes()))
                .isEqualTo("a=b\0c=d e\0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {".text", ".rodata", ".rodata.str", ".altinstructions", ".altinstr_replacement", ".ex_table"})
    void noSectionIsBothWritableAndExecutableAndEachHasItsAlignment(String name) {
        ElfFile payload = ElfFile.read("payload", patch().payload());

        payload.section(name).ifPresent(section -> {
            assertThat(section.has(Elf.SHF_WRITE)).isFalse();
            assertThat(section.alignment()).isPositive();
        });
        assertThat(payload.sections()).noneMatch(section -> section.has(Elf.SHF_WRITE | Elf.SHF_EXECINSTR));
    }

    @Test
    void tablesHaveNoGaps() {
        String aligned = """
                #define ENTRY(function) asm (".pushsection .altinstructions, \\"a\\"\\n.p2align 3\\n.popsection");
                """;
        String source = SpecialEntriesTest.MACROS + aligned + """
                ENTRY(x)
                int e(int x) { ALTERNATIVE("movl $1, %%eax", "movl $2, %%eax", 3); return x * 77 + 1; }
                int f(int x) { ALTERNATIVE("movl $1, %%eax", "movl $2, %%eax", 4); return x * 77 + NUMBER; }
                int g(int x) { ALTERNATIVE("movl $1, %%eax", "movl $2, %%eax", 5); return x * 77 + 1; }
                int h(int x) { ALTERNATIVE("movl $1, %%eax", "movl $2, %%eax", 6); return x * 77 + 1; }
                int i(int x) { ALTERNATIVE("movl $1, %%eax", "movl $2, %%eax", 7); return x * 77 + NUMBER; }
                """;
        ElfFile payload = ElfFile.read(
                "payload",
                LinkedPatch.of(Change.of(source.replace("NUMBER", "1000"), source.replace("NUMBER", "2000")), REST)
                        .payload());

        assertThat(payload.section(".altinstructions").orElseThrow().sizeBytes())
                .isEqualTo(28);
    }

    @Test
    void equalStringsAreKeptOnce() {
        String source = "void say(const char *); %s";
        ElfFile payload = ElfFile.read(
                "payload",
                LinkedPatch.of(
                                Change.of(
                                                source.formatted("void f(void) { say(\"one\"); }"),
                                                source.formatted("void f(void) { say(\"same\"); }"))
                                        .and(
                                                "other.c",
                                                source.formatted("void g(void) { say(\"one\"); }"),
                                                source.formatted("void g(void) { say(\"same\"); say(\"same\"); }")),
                                REST)
                        .payload());

        assertThat(payload.section(".rodata.str").orElseThrow().sizeBytes()).isEqualTo(5);
    }
}
