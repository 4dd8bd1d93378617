package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Selection.Chosen;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Code that is replaced by no bytes at boot. */
class AlternativesTest {
    /** Two functions with an alternative each; the first replacement has no bytes, so that the second is where it is. */
    private static final String SOURCE = """
            .macro function name, feature
            .section .text.\\name, "ax", @progbits
            .globl \\name
            \\name:
                .skip 8, 0x90
                ret
            .type \\name, @function
            .size \\name, . - \\name
            .endm

            .macro alternative name, replacement
            .section .altinstr_replacement, "ax", @progbits
            1:  \\replacement
            2:
            .section .altinstructions, "a", @progbits
                .long \\name - ., 1b - .
                .word 1
                .byte 8, 2b - 1b, 0, 0
            .previous
            .endm

            function first
            function second
            alternative first, ""
            alternative second, "%s"
            """;

    @TempDir
    private Path directory;

    @Test
    void anEmptyReplacementIsNotTheOneBehindIt() {
        Selection selection = AssembledPair.ofAssembly(directory, SOURCE.formatted("clac"), SOURCE.formatted("stac"));

        assertThat(selection.replaced())
                .extracting(chosen -> chosen.piece().name())
                .containsExactly("second");
    }

    @Test
    void anEmptyReplacementBringsNothingAlong() {
        String source = SOURCE.formatted("clac");
        String patched = source.replace("function first", "function first\n.section .text.first\nud2");
        Selection selection = AssembledPair.ofAssembly(directory, source, patched);

        assertThat(selection.chosen())
                .extracting(Chosen::piece)
                .extracting(Piece::kind)
                .containsExactlyInAnyOrder(Piece.Kind.FUNCTION, Piece.Kind.SPECIAL_ENTRY);
    }

    @Test
    void aReplacementMayJumpToItsEnd() {
        String source =
                SOURCE.formatted("rdsspd %ecx; je 3f; incsspd %ecx; 3:") + "alternative first, \"stac; clac\"\n";
        String patched = source.replace("function second", "function second\n.section .text.second\nud2");
        Selection selection = AssembledPair.ofAssembly(directory, source, patched);

        assertThat(selection.refusals()).isEmpty();
        assertThat(selection.chosen())
                .extracting(Chosen::piece)
                .extracting(Piece::kind)
                .contains(Piece.Kind.FRAGMENT);
    }
}
