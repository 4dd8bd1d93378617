package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.Refusal;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Types that get members, in programs that hold values of them. */
class CheckTypesTest {
    private static final String PROGRAM = """
            #include <stdio.h>
            union word { char bytes[8]; };
            struct item {
                int a;
                char b;
                unsigned flag : 3;
                long c;
                union { int i; char t[4]; } u;
            };
            struct holder { char tag; union word w; };
            struct item items[3];
            struct holder holder;
            __attribute__((noinline)) long work(struct item *p) { return p->a * 3 + p->c + holder.w.bytes[0]; }
            int main(void)
            {
                for (int i = 0; i < 3; i++) { items[i].a = i; items[i].c = 7 - i; }
                for (int i = 0; i < 3; i++) printf("%ld\\n", work(&items[i]));
                return 0;
            }
            """;
    private static final String RETURN = "return p->a * 3";

    @TempDir
    private Path directory;

    private PatchedProgram program(String from, String to, String work) {
        String patched = PROGRAM.replace(from, to).replace(RETURN, work);
        return new PatchedProgram(directory, "gcc -g -O2 -Wl,--build-id program.c -o program", "program")
                .file("program.c", PROGRAM, PROGRAM, patched);
    }

    private static String gaps(String change, int line) {
        return "a type gets members where it had padding or other members; nothing moves, but values that exist already hold"
                + " there what was not written for them: %s (program.c:%d)".formatted(change, line);
    }

    @Test
    void aMemberInAHoleIsTold() {
        CreateReport report = program("flag : 3;", "flag : 3; char fresh;", "p->fresh++; return p->fresh + p->a * 5")
                .assertTakesEffect("program");

        assertThat(report.warnings()).contains(gaps("struct item: 24 bytes; added fresh at 0x6 (1 byte)", 3));
    }

    @Test
    void aBitFieldInAHoleIsTold() {
        CreateReport report = program("flag : 3;", "flag : 3, bit : 1;", "p->bit ^= 1; return p->bit + p->a * 5")
                .assertTakesEffect("program");

        assertThat(report.warnings()).contains(gaps("struct item: 24 bytes; added bit at 0x5 (4 bytes)", 3));
    }

    @Test
    void aMemberOfAUnionIsTold() {
        CreateReport report = program("char t[4]; } u", "char t[4]; short s[2]; } u", "p->u.s[1]++; return p->u.i")
                .assertTakesEffect("program");

        assertThat(report.warnings()).contains(gaps("struct item: 24 bytes; added u.s at 0x10 (4 bytes)", 3));
    }

    @Test
    void aUnionThatNeedsAnotherAlignmentMovesOthersAndIsRefused() {
        CreateReport report = program("char bytes[8];", "char bytes[8]; long all;", "return holder.w.all + p->a")
                .create();

        assertThat(report.refusals())
                .extracting(Refusal::what)
                .contains("the layout of a type changes, and the running system holds it in its old one:"
                        + " union word: 8 bytes; added all at 0x0 (8 bytes) (program.c:2)");
    }

    @Test
    void aMemberThatMovesAnotherIsRefused() {
        CreateReport report = program("char b;", "char b; int moved;", "return p->moved + p->a")
                .create();

        assertThat(report.refusals())
                .anySatisfy(refusal -> assertThat(refusal.what())
                        .startsWith("the layout of a type changes")
                        .contains("added moved at 0x8 (4 bytes)"));
    }

    /** What the build's own options say of debug information stands in front of ours, and another kind has no types for us. */
    @Test
    void withoutDebugInformationTheLayoutIsNotTakenToBeTheSame() throws IOException, InterruptedException {
        int knowsStabs = new ProcessBuilder("gcc", "-gstabs", "-x", "c", "-c", "/dev/null", "-o", "/dev/null")
                .start()
                .waitFor();
        assumeTrue(knowsStabs == 0, "this GCC no longer has -gstabs");
        String patched = PROGRAM.replace("int a;", "int pad; int a;").replace(RETURN, "p->pad++; return p->a * 3");
        CreateReport report = new PatchedProgram(
                        directory, "gcc -gstabs -O2 -Wl,--build-id program.c -o program", "program")
                .file("program.c", PROGRAM, PROGRAM, patched)
                .create();

        assertThat(report.refusals())
                .anySatisfy(refusal -> assertThat(refusal.what())
                        .isEqualTo("there is no debug information, and without it nobody can tell whether the patch"
                                + " changes the layout of a type"));
    }

    /** What a file is called does not tell what is in it. */
    @Test
    void aSourceOfAnyNameIsLookedAt() {
        String patched = PROGRAM.replace("char b;", "char b; int moved;").replace(RETURN, "return p->moved + p->a");
        CreateReport report = new PatchedProgram(
                        directory, "gcc -g -O2 -Wl,--build-id -x c program.template -o program", "program")
                .file("program.template", PROGRAM, PROGRAM, patched)
                .create();

        assertThat(report.refusals())
                .anySatisfy(refusal -> assertThat(refusal.what()).contains("added moved at 0x8 (4 bytes)"));
    }
}
