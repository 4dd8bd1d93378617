package dev.suture.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.AssembledPair;
import dev.suture.diff.Selection;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlacePiecesTest {
    @TempDir
    private Path directory;

    @Test
    void codeKeepsItsPlaceInALineOfTheCache() {
        String source = """
                .macro thunk name
                .section .text.\\name, "ax", @progbits
                .balign %d, 0xcc
                .skip %d, 0xcc
                .globl \\name
                \\name:
                    .skip 10, 0x90
                    ret
                .type \\name, @function
                .size \\name, . - \\name
                .endm
                thunk a
                thunk b
                """;

        Selection selection = AssembledPair.ofAssembly(directory, source.formatted(16, 0), source.formatted(64, 32));
        PlacePieces placed = PlacePieces.place(selection);

        assertThat(selection.replaced())
                .extracting(chosen -> placed.of(chosen.id()).offset())
                .containsExactly(32L, 96L);
        assertThat(placed.outputs().get(".text").alignment).isEqualTo(64);
    }

    @Test
    void alternativesWithoutReplacementsGetASectionOfReplacements() {
        String source = """
                .section .text.f, "ax", @progbits
                .globl f
                f:
                    .skip %d, 0x90
                    ret
                .type f, @function
                .size f, . - f
                .section .altinstr_replacement, "ax", @progbits
                nothing:
                .section .altinstructions, "a", @progbits
                    .long f - ., nothing - .
                    .word 1
                    .byte 8, 0, 0, 0
                """;

        PlacePieces placed =
                PlacePieces.place(AssembledPair.ofAssembly(directory, source.formatted(8), source.formatted(9)));

        assertThat(placed.outputs()).containsKeys(".altinstructions", ".altinstr_replacement");
        assertThat(placed.outputs().get(".altinstr_replacement").sizeBytes).isPositive();
    }
}
