package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which variable of a shared section an instruction means. */
class ReferencesTest {
    private static final String VARIABLES = """
            .section .data.read_mostly,"aw"
            .type before,@object
            before: .quad 1
            .size before, 8
            .type flag,@object
            flag: .quad 2
            .size flag, 8
            .type after,@object
            after: .quad 3
            .size after, 8
            .section .text.f,"ax"
            .globl f
            .type f,@function
            f: %s
            ret
            .size f, .-f
            """;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cmpb $1, flag(%rip)        | 0",
                "movb $1, flag+7(%rip)      | 7",
                "movl $5, flag(%rip)        | 0",
                "movw $5, flag(%rip)        | 0",
                "movq $5, flag(%rip)        | 0",
                "cmpl $1000, flag+4(%rip)   | 4",
                "incl flag(%rip)            | 0",
                "mov flag(%rip), %rax       | 0",
                "lea flag(%rip), %rax       | 0",
                "imul $3, flag(%rip), %eax  | 0",
                "imul $300, flag(%rip), %eax| 0",
                "shll $3, flag(%rip)        | 0",
                "testb $1, flag+1(%rip)     | 1",
                "call *flag(%rip)           | 0",
                "lock btsl $3, flag(%rip)   | 0"
            })
    void theVariableMeantIsFoundWhateverIsBehindTheDisplacement(String instruction, long delta) {
        ObjectPieces object =
                Change.split("unit.o", Tools.compile("gcc", "unit.s", VARIABLES.formatted(instruction), List.of()));
        List<Reference> references = object.references(object.named("f").orElseThrow());

        assertThat(references).singleElement().satisfies(reference -> {
            Reference.InPiece target = (Reference.InPiece) reference.target();
            assertThat(object.pieces().get(target.pieceIndex()).name()).isEqualTo("flag");
            assertThat(target.delta()).isEqualTo(delta);
        });
    }

    @Test
    void aPointerInDataMeansWhereItPoints() {
        ObjectPieces object =
                Change.split("unit.o", Tools.compile("gcc", "unit.s", VARIABLES.formatted("nop") + """
                        .section .data.p,"aw"
                        .type p,@object
                        p: .quad flag, after + 4
                        .size p, 16
                        """, List.of()));

        assertThat(object.references(object.named("p").orElseThrow()))
                .extracting(reference ->
                        Compare.describe(object, reference) + " " + ((Reference.InPiece) reference.target()).delta())
                .containsExactly("flag 0", "after 4");
    }

    @Test
    void aCallWithinASectionMeansTheFunctionItself() {
        ObjectPieces object = Change.split("unit.o", Tools.compile("gcc", "unit.s", """
                        .section .text.shared,"ax"
                        .type f,@function
                        f: nop
                        ret
                        .size f, .-f
                        .type g,@function
                        g: nop
                        ret
                        .size g, .-g
                        .section .text.h,"ax"
                        .type h,@function
                        h: call g
                        jmp f
                        .size h, .-h
                        """, List.of()));

        assertThat(object.references(object.named("h").orElseThrow()))
                .extracting(reference -> Compare.describe(object, reference))
                .containsExactly("g", "f");
    }

    @Test
    void entriesOfTheSecondTableOfAFunctionCountFromTheirOwnTable() {
        String source = """
                int a(int), b(int), c(int), d(int), e(int);
                int f(unsigned x, unsigned y) { int r;
                  switch (x) { case 0: r = a(1); break; case 1: r = b(2); break; case 2: r = c(3); break;
                    case 3: r = d(4); break; case 4: r = e(5); break; case 5: r = a(6); break; default: r = 0; }
                  switch (y) { case 0: return a(r); case 1: return b(r); case 2: return c(r); case 3: return d(r);
                    case 4: return e(r); case 5: return a(r + 6); case 6: return b(r + 7); default: return 0; } }
                """;
        ObjectPieces object = Change.split("unit.o", Tools.gcc("unit.c", source, "-fjump-tables"));
        Piece function = object.named("f").orElseThrow();
        Piece tables = object.pieces().stream()
                .filter(piece -> piece.kind() == Piece.Kind.NAMELESS_DATA)
                .findFirst()
                .orElseThrow();

        assertThat(object.references(tables)).hasSizeGreaterThan(12).allSatisfy(entry -> {
            Reference.InPiece target = (Reference.InPiece) entry.target();
            assertThat(target.pieceIndex()).isEqualTo(function.index());
            assertThat(target.delta()).isBetween(1L, function.sizeBytes() - 1);
        });
    }
}
