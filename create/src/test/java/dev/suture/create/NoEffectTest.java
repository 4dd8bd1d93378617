package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.build.AskCompiler;
import dev.suture.build.ObjectPair;
import dev.suture.build.UnreachedFile;
import dev.suture.build.xen.XenBuildResult;
import dev.suture.diff.Change;
import dev.suture.diff.Comparison;
import dev.suture.diff.LineNumbers;
import dev.suture.diff.Select;
import dev.suture.diff.Selection;
import dev.suture.diff.SourceLines;
import dev.suture.diff.SpecialSections;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NoEffectTest {
    private static XenBuildResult build(List<ObjectPair> pairs, List<UnreachedFile> unreached) {
        return new XenBuildResult(
                pairs,
                Map.of(),
                List.of(),
                unreached,
                List.of(),
                List.of(),
                List.of(),
                true,
                List.of(),
                Path.of("none"),
                true,
                AskCompiler.NOBODY,
                _ -> Optional.empty());
    }

    private static String reason(String original, String patched, LineNumbers lines) {
        Change change = Change.of(original, patched);
        ObjectPair pair = new ObjectPair(
                "unit.o",
                Optional.of(change.originals().getFirst()),
                Optional.of(change.patcheds().getFirst()),
                "unit.c");
        List<Comparison> comparisons =
                DiffObjects.diff(List.of(pair), SpecialSections.xenX86(17), lines, SourceLines.UNKNOWN);
        Selection selection = Select.select(comparisons);
        assertThat(selection.isEmpty()).isTrue();
        return NoEffect.of(build(List.of(pair), List.of()), selection).text();
    }

    @Test
    void aPatchOfTheBootAlone() {
        String source = "__attribute__((section(\".init.text\"))) int f(void) { return %d; }";

        assertThat(reason(source.formatted(1), source.formatted(2), LineNumbers.UNMOVED))
                .isEqualTo("""
                unit.o: refused: the patch changes only what runs or is used while the system boots (`f`); that is over and has no effect at run time
                        Install the patched hypervisor for the next boot; what must change now has to be done from a load hook.""");
    }

    @Test
    void aPatchThatMovesLinesAlone() {
        String source = "void warn(int); void f(void) { warn(%d); }";

        assertThat(reason(source.formatted(100), source.formatted(107), (before, after) -> after - before == 7))
                .isEqualTo("""
                unit.o: refused: the patch changes nothing but line numbers that the code reports (`f`)
                        There is nothing to apply.""");
    }

    @Test
    void aPatchThatCompilesToTheSame() {
        assertThat(reason("int f(void) { return 2; }", "int f(void) { return 1 + 1; }", LineNumbers.UNMOVED))
                .isEqualTo("""
                unit.o: refused: the compiled code is the same with and without the patch (1 objects compared): it changes only comments, moved lines, declarations, or code that compiles to the same
                        There is nothing to apply.""");
    }

    @Test
    void aPatchOfWhatIsNotBuilt() {
        Selection nothing = Select.select(List.of());
        XenBuildResult build = build(List.of(), List.of(new UnreachedFile("xen/arch/arm/mm.c", "it is for arm")));

        assertThat(NoEffect.of(build, nothing).text()).isEqualTo("""
                xen/arch/arm/mm.c: refused: nothing that the patch changes is built in this configuration (xen/arch/arm/mm.c: it is for arm)
                        This hypervisor does not have the changed code, so it needs no live patch for it.""");
    }

    @Test
    void anObjectWhoseProgramIsTheSameIsNotCompared() {
        Change change = Change.of("int f(void) { return 2; }", "/* two */ int f(void) { return 2; }", "-g");
        ObjectPair pair = new ObjectPair(
                "unit.o",
                Optional.of(change.originals().getFirst()),
                Optional.of(change.patcheds().getFirst()),
                "unit.c");

        assertThat(DiffObjects.diff(
                        List.of(pair), SpecialSections.xenX86(17), LineNumbers.UNMOVED, SourceLines.UNKNOWN))
                .isEmpty();
    }

    @Test
    void allOfANewObjectIsNew() {
        Change change = Change.of("", "int f(void) { return 2; } int v = 3;");
        ObjectPair pair = new ObjectPair(
                "unit.o", Optional.empty(), Optional.of(change.patcheds().getFirst()), "unit.c");

        assertThat(DiffObjects.diff(
                        List.of(pair), SpecialSections.xenX86(17), LineNumbers.UNMOVED, SourceLines.UNKNOWN))
                .singleElement()
                .satisfies(comparison -> assertThat(comparison.patched().pieces())
                        .hasSize(2)
                        .allMatch(piece -> comparison.status(piece) == Comparison.Status.NEW));
    }

    @Test
    void allOfAnObjectThatIsTakenOutIsRemoved() {
        Change change = Change.of("int f(void) { return 2; } int v = 3;", "");
        ObjectPair pair =
                new ObjectPair("unit.o", Optional.of(change.originals().getFirst()), Optional.empty(), "unit.c");

        assertThat(DiffObjects.diff(
                        List.of(pair), SpecialSections.xenX86(17), LineNumbers.UNMOVED, SourceLines.UNKNOWN))
                .singleElement()
                .satisfies(comparison -> assertThat(comparison.removed()).hasSize(2));
    }

    @Test
    void patchesThatTakeEachOtherBackAreSaidToDoSo() {
        assertThat(NoEffect.of(build(List.of(), List.of()), new Selection(List.of(), List.of(), List.of(), List.of()))
                        .text())
                .contains("the patches together change nothing: what some of them do others take back");
    }
}
