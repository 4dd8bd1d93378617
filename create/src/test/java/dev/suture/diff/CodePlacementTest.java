package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Refusal;
import dev.suture.diff.Selection.Chosen;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changes of code that consist in where the code is. */
class CodePlacementTest {
    private static final String THUNK = """
            .section .text.thunk, "ax", @progbits
            %s
            .globl thunk
            thunk:
                call 1f
                int3
            1:  mov %%rax, (%%rsp)
                ret
            .type thunk, @function
            .size thunk, . - thunk
            """;

    @TempDir
    private Path directory;

    @Test
    void aThunkPutIntoTheUpperHalfOfACacheLineIsReplaced() {
        Selection selection = AssembledPair.ofAssembly(
                directory, THUNK.formatted(".balign 16"), THUNK.formatted(".balign 64, 0xcc\n.skip 32, 0xcc"));

        assertThat(selection.refusals()).isEmpty();
        assertThat(selection.replaced())
                .extracting(Chosen::reason)
                .containsExactly("it has to be 0x20 bytes behind a multiple of 64, and was aligned to 16");
    }

    @Test
    void aFunctionThatIsBetterAlignedThanItHasToBeIsTheSame() {
        Selection selection =
                AssembledPair.ofAssembly(directory, THUNK.formatted(".balign 64"), THUNK.formatted(".balign 32"));

        assertThat(selection.isEmpty()).isTrue();
    }

    @Test
    void aFunctionThatItsNeighbourMovesIsTheSame() {
        String neighbour = """
                .section .text.thunk, "ax", @progbits
                .balign 64
                .globl neighbour
                neighbour:
                    .skip %d, 0x90
                    ret
                .type neighbour, @function
                .size neighbour, . - neighbour
                """;
        String thunk = THUNK.formatted(".balign 16");

        Selection selection =
                AssembledPair.ofAssembly(directory, neighbour.formatted(17) + thunk, neighbour.formatted(33) + thunk);

        assertThat(selection.replaced())
                .extracting(chosen -> chosen.piece().name())
                .containsExactly("neighbour");
    }

    @Test
    void entryCodeIsRefused() {
        String entry = """
                .section .text.entry, "ax", @progbits
                .globl clear
                clear:
                    .skip %d, 0x90
                    ret
                .type clear, @function
                .size clear, . - clear
                """;

        Selection selection = AssembledPair.ofAssembly(directory, entry.formatted(8), entry.formatted(9));

        assertThat(selection.refusals())
                .extracting(Refusal::what)
                .containsExactly("`clear` changed, and it is entry code (.text.entry): it may run while a guest's page"
                        + " tables are loaded, in which no payload is mapped");
    }
}
