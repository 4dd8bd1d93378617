package dev.suture.dwarf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayoutChangesTest {
    @TempDir
    Path directory;

    private List<LayoutChange> changes(String original, String patched) {
        CompiledSource compiled = new CompiledSource(directory);
        return LayoutChanges.between(Types.read(compiled.c(original)), Types.read(compiled.c(patched)));
    }

    private List<String> texts(String original, String patched) {
        return changes(original, patched).stream().map(LayoutChange::text).toList();
    }

    @Test
    void anAddedMemberIsReportedWithTheMembersItMoves() {
        assertThat(texts(
                        "struct domain { long id; int state; long runstate; } d;",
                        "struct domain { long id; int state; long lock; long runstate; } d;"))
                .containsExactly("struct domain: 24 -> 32 bytes; added lock at 0x10 (8 bytes); "
                        + "offsetof(struct domain, runstate) 0x10 -> 0x18");
    }

    @Test
    void aMemberAddedIntoPaddingIsALayoutChangeOfTheSameSize() {
        List<LayoutChange> changes = changes("struct s { int a; long b; } s;", "struct s { int a; int n; long b; } s;");

        assertThat(changes.getFirst().text()).isEqualTo("struct s: 16 bytes; added n at 0x4 (4 bytes)");
        assertThat(changes.getFirst().kind()).isEqualTo(LayoutChange.Kind.LAYOUT);
    }

    @Test
    void removedAndResizedMembersAreReported() {
        assertThat(texts(
                        "struct s { long gone; char text[8]; unsigned a : 3, b : 4; } s;",
                        "struct s { char text[16]; unsigned a : 5, b : 4; } s;"))
                .containsExactly(
                        "struct s: 24 -> 20 bytes; removed gone at 0x0 (8 bytes); text 8 -> 16 bytes; a 3 -> 5 bits; "
                                + "offsetof(struct s, text) 0x8 -> 0x0; b at 0x10 bit 3 -> 0x10 bit 5");
    }

    @Test
    void aTypeThatOnlyContainsTheEditedOneFollowsFromIt() {
        String rest = "struct middle { char c; struct inner list[2]; long z; }; "
                + "struct outer { struct middle m; struct inner *p; int end; } o;";
        List<LayoutChange> changes =
                changes("struct inner { int a; }; " + rest, "struct inner { int a; int b; }; " + rest);

        assertThat(changes.stream().map(LayoutChange::text))
                .containsExactly(
                        "struct inner: 4 -> 8 bytes; added b at 0x4 (4 bytes)",
                        "struct middle: 24 -> 32 bytes; follows from struct inner",
                        "struct outer: 40 -> 48 bytes; follows from struct inner");
        assertThat(changes.getFirst().isRootCause()).isTrue();
        assertThat(changes.getLast().rootCauses()).containsExactly("struct inner");
    }

    @Test
    void aTypeThatWasEditedItselfFollowsFromNothing() {
        List<LayoutChange> changes = changes(
                "struct inner { int a; }; struct outer { struct inner i; int end; } o;",
                "struct inner { int a; int b; }; struct outer { struct inner i; int own; int end; } o;");

        assertThat(changes).allMatch(LayoutChange::isRootCause).hasSize(2);
    }

    @Test
    void anotherTypeOfTheSameSizeIsAChangeOfMeaningOnly() {
        List<LayoutChange> changes = changes(
                "struct s { int a; void *p; unsigned u; } s;", "struct s { unsigned a; char *p; unsigned u; } s;");

        assertThat(changes.getFirst().kind()).isEqualTo(LayoutChange.Kind.MEANING);
        assertThat(changes.getFirst().text())
                .isEqualTo("struct s: 24 bytes; a was `int`, is `unsigned int`; p was `void *`, is `char *`");
    }

    @Test
    void aRenamedMemberIsAChangeOfMeaningOnly() {
        List<LayoutChange> changes = changes("struct s { int pad; } s;", "struct s { int flags; } s;");

        assertThat(changes.getFirst().kind()).isEqualTo(LayoutChange.Kind.MEANING);
        assertThat(changes.getFirst().text()).isEqualTo("struct s: 4 bytes; pad is called flags");
    }

    @Test
    void aTypedefOrQualifierThatMeansTheSameIsNoChange() {
        assertThat(texts(
                        "typedef unsigned int u32; struct s { unsigned a; const char *p; } s; u32 x;",
                        "typedef unsigned int u32; struct s { u32 a; char *p; } s; u32 x;"))
                .isEmpty();
    }

    @Test
    void aTypedefThatMeansSomethingElseIsAChangeOfWhereItIsUsed() {
        assertThat(texts("typedef int id; struct s { id a; } s;", "typedef unsigned id; struct s { id a; } s;"))
                .containsExactly("struct s: 4 bytes; a was `id`, is `id`");
    }

    @Test
    void constantsThatGetAnotherValueAreAChangeOfMeaning() {
        List<LayoutChange> changes = changes("enum e { A, B, C, COUNT } e;", "enum e { A, N, B, C, COUNT } e;");

        assertThat(changes.getFirst().kind()).isEqualTo(LayoutChange.Kind.MEANING);
        assertThat(changes.getFirst().text()).isEqualTo("enum e: 4 bytes; B = 1 -> 2; C = 2 -> 3; COUNT = 3 -> 4");
    }

    @Test
    void constantsAddedAtTheEndAndNewTypesAndOtherLinesAreNoChange() {
        assertThat(texts(
                        "enum e { A, B } e; struct s { int a; } s;",
                        "\n\nenum e { A, B, C } e; struct s { int a; } s; struct n { int a; } n;"))
                .isEmpty();
    }

    @Test
    void ofTwoTypesOfOneNameOnlyTheEditedOneIsReported() {
        String other = "int f(void) { struct s { char c; } v = {1}; return v.c; }";
        assertThat(texts(
                        "int g(void) { struct s { int a; } v = {1}; return v.a; }" + other,
                        other + "int g(void) { struct s { int a; int b; } v = {1}; return v.a; }"))
                .containsExactly("struct s: 4 -> 8 bytes; added b at 0x4 (4 bytes)");
    }

    @Test
    void whatAPointerToATypeWithoutANamePointsToIsCompared() {
        assertThat(texts("struct s { struct { int a; } *p; } s;", "struct s { struct { int a; int b; } *p; } s;"))
                .containsExactly("struct s: 8 bytes; p was `struct { int a; } *`, is `struct { int a; int b; } *`");
    }

    @Test
    void theSameChangeOfManyObjectsIsReportedOnceWithAllOfThem() {
        Map<String, List<LayoutChange>> byObject = new LinkedHashMap<>();
        byObject.put("b.o", changes("struct s { int a; } s;", "struct s { int a, b; } s;"));
        byObject.put("a.o", changes("struct s { int a; } s; int x;", "struct s { int a, b; } s; int x;"));
        byObject.put("c.o", List.of());

        List<LayoutChanges.Combined> combined = LayoutChanges.combine(byObject);

        assertThat(combined).hasSize(1);
        assertThat(combined.getFirst().objects()).containsExactly("b.o", "a.o");
    }
}
