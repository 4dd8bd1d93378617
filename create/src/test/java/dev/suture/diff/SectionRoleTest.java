package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.ElfFile;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With {@code -fdata-sections} a variable's own name becomes a part of its section's, and says nothing of that. */
class SectionRoleTest {
    private static final String POINTERS = "int a(int), b(int);\n";

    private static SectionRole role(ObjectPieces object, String name) {
        return object.named(name).orElseThrow(() -> new AssertionError(name)).role();
    }

    private static ObjectPieces object(SpecialSections tables, String source, String... options) {
        return SplitObject.split("unit.o", ElfFile.read(Tools.gcc("unit.c", source, options)), tables);
    }

    @ParameterizedTest
    @CsvSource({"root_handler", "route", "rows", "ro", "ro_after", "rodata", "init_x", "note_x", "discard", "init"})
    void aPointerThatIsWrittenToIsAVariableWhateverItIsCalled(String name) {
        String source = POINTERS
                + "static int (*%s)(int) = a; void set(void) { %s = b; } int call(int x) { return %s(x); }"
                        .formatted(name, name, name);

        for (SpecialSections tables : List.of(SpecialSections.process(), SpecialSections.xenX86(17))) {
            ObjectPieces object = object(tables, source);
            assertThat(object.named(name).orElseThrow().section().name()).startsWith(".data.rel.");
            assertThat(role(object, name)).isEqualTo(SectionRole.DATA);
            assertThat(role(object(tables, source, "-fno-data-sections"), name)).isEqualTo(SectionRole.DATA);
        }
    }

    @Test
    void aStaticLocalIsAVariableWhateverItIsCalled() {
        ObjectPieces object = object(
                SpecialSections.process(),
                POINTERS + "int f(int x) { static int (*ro)(int) = a; int r = ro(x); ro = x ? a : b; return r; }");

        assertThat(object.pieces())
                .filteredOn(piece -> piece.name().startsWith("ro."))
                .extracting(Piece::role)
                .containsExactly(SectionRole.DATA);
    }

    @Test
    void aVariableCalledLikeAnAreaIsNotInIt() {
        String source =
                "static int percpu; int f(void) { return percpu++; } int g(void) { static int percpu; return percpu++; }";
        String area = "__attribute__((section(\".bss.percpu\"))) int per_cpu__n; int h(void) { return per_cpu__n++; }";
        ObjectPieces object = object(SpecialSections.xenX86(17), source);

        assertThat(role(object, "percpu")).isEqualTo(SectionRole.DATA);
        assertThat(role(object(SpecialSections.xenX86(17), area), "per_cpu__n")).isEqualTo(SectionRole.PER_CPU);
        assertThat(object.pieces())
                .filteredOn(piece -> piece.name().startsWith("percpu."))
                .extracting(Piece::role)
                .containsExactly(SectionRole.DATA);
    }

    @Test
    void whatIsConstantOnceTheProgramRunsIsFound() {
        String source = POINTERS + "static int (*const table[])(int) = {a, b}; int f(int i) { return table[i](i); }"
                + " extern int x; static int *const p[] = {&x, &x}; int g(int i) { return *p[i]; }";

        for (String option : List.of("-fdata-sections", "-fno-data-sections")) {
            ObjectPieces object = object(SpecialSections.process(), source, option, "-O1", "-fno-pic", "-fPIE");
            assertThat(object.named("table").orElseThrow().section().name()).startsWith(".data.rel.ro");
            assertThat(role(object, "table")).isEqualTo(SectionRole.READ_ONLY);
        }
    }

    @ParameterizedTest
    @CsvSource({
        ".initial",
        ".init_arrays",
        ".trampoline_x",
        ".note.mine",
        ".gcc_except_tables",
        ".discards",
        ".livepatch.hooks.mine",
        ".ctorsx",
        ".data.rel.rox"
    })
    void aSectionOfSomebodysIsNotOneThatOnlyBeginsLikeIt(String section) {
        String source =
                "__attribute__((section(\"%s\"))) static int v = 3; int f(void) { return v++; }".formatted(section);

        assertThat(role(object(SpecialSections.process(), source), "v")).isEqualTo(SectionRole.DATA);
        assertThat(role(object(SpecialSections.xenX86(17), source), "v")).isEqualTo(SectionRole.DATA);
    }

    @Test
    void aGlobalFunctionCalledLikeAPartOfAnotherIsAFunction() {
        String source = """
                int rare(int) __asm__("f.cold");
                __attribute__((noinline)) int rare(int x) { return x * %d + (x ^ 77) / 5; }
                int f(int x) { return rare(x) + 1; }
                """;
        Change change = Change.of(source.formatted(3), source.formatted(5));

        assertThat(change.explain()).isEqualTo("replaced f.cold\n");
    }

    @Test
    void aVariableThatBecomesAnotherOneIsRefused() {
        String source = POINTERS + "static int (*root_handler)(int) = %s; int f(int x) { return root_handler(x); }"
                + " void set(void) { root_handler = b; }";

        assertThat(Change.of(source.formatted("a"), source.formatted("b")).refusals())
                .startsWith(
                        "unit.o: refused: data `root_handler` changed (.data.rel.local.root_handler+0x0): at +0x0 it refers to b"
                                + " instead of a; the running system already uses the old contents");
    }

    /** An ASSERT is an entry in another section than a WARN; which of the sections comes first depends on the first one. */
    @Test
    void theOrderOfTheSectionsOfEntriesIsNothing() {
        String source = SpecialEntriesTest.MACROS + "void say(int);\n"
                + "int first(int *p) { int v, e = 0; FIRST LOAD(v, p, e); return v + e; }\n"
                + "int both(int *p) { int v, e = 0; LOAD(v, p, e); if (p[0]) WARN(7); return v + e; }\n";

        assertThat(Change.of(source.replace("FIRST", "if (p[1]) WARN(3);"), source.replace("FIRST", ""))
                        .chosen())
                .contains("first")
                .doesNotContain("both");
    }
}
