package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.diff.Selection;
import dev.suture.link.LinkResult;
import dev.suture.payload.Explanation;
import dev.suture.payload.Payload;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Patches that give a static function another caller, so that the compiler no longer inlines it where it did: the code of
 * {@code f}, which nobody touched, becomes another one.
 */
class LeaveOutDriftTest {
    private static final String MAIN = """
            #include <stdio.h>
            int f(int x), g(int x);
            int main(void) { for (int i = 0; i < 9; i++) printf("%d %d\\n", f(i), g(i)); return 0; }
            """;
    private static final String HELPER = """
            static int h(int x)
            {
                int sum = 1;
                for (int i = 0; i < x; i++)
                    sum = sum * 31 + (i ^ x) % 7 - (sum >> 3);
                for (int i = x; i > 0; i -= 2)
                    sum = sum * 17 - (i | x) % 5 + (sum >> 5);
                return sum;
            }
            """;
    private static final String UNTOUCHED = """
            __attribute__((noinline)) int f(int x)
            {
                return h(x) + 1;
            }
            """;
    private static final String TOUCHED = """
            __attribute__((noinline)) int g(int x)
            {
                return x * 12345 + 77;
            }
            """;
    private static final String OLD = "return x * 12345 + 77;";

    @TempDir
    private Path directory;

    private CreateReport patch(String source, String from, String to) {
        return new PatchedProgram(
                        directory,
                        "gcc -O2 -c main.c && gcc -O2 -c work.c && gcc -Wl,--build-id main.o work.o -o program",
                        "program")
                .file("main.c", MAIN)
                .file("work.c", source, from, to)
                .accepting("offset")
                .assertTakesEffect("program");
    }

    private static void assertLeftOut(CreateReport report) {
        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("g");
        assertThat(report.leftOut()).extracting(Selection.LeftOut::symbol).containsExactly("f");
        assertThat(report.leftOut().getFirst().why())
                .matches(
                        "its size changes from [0-9]+ to [0-9]+ bytes; the patch changes nothing that it is made from: the"
                                + " compiler only decided otherwise what to inline, and what runs stays right");
        assertThat(Payload.read(report.output().orElseThrow()).explanation().leftOut())
                .extracting(Explanation.LeftOut::name)
                .containsExactly("f");
    }

    private static void assertReplaced(CreateReport report) {
        assertThat(report.functions()).extracting(LinkResult.Function::name).contains("f", "g");
    }

    @Test
    void aFunctionThatNoLongerInlinesAnUntouchedOneIsLeftOut() {
        assertLeftOut(patch(HELPER + UNTOUCHED + TOUCHED, OLD, "return h(x) - 1;"));
    }

    @Test
    void aFunctionThatInlinesAnUntouchedOneNowIsLeftOut() {
        String callsHelper = TOUCHED.replace(OLD, "return h(x) * 3 + 4;");

        assertLeftOut(patch(HELPER + UNTOUCHED + callsHelper, "h(x) * 3 + 4", "x * 54321"));
    }

    @Test
    void aFunctionWhoseInlinedCalleeChangesIsReplaced() {
        CreateReport report = patch(HELPER + UNTOUCHED + TOUCHED, "sum * 31", "sum * 33");

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("f");
    }

    @Test
    void aFunctionThatUsesAChangedConstantIsReplaced() {
        String table = "static const int steps[] = { 3, 1, 4, 1, 5 };\n";
        String source = table + HELPER + UNTOUCHED.replace("+ 1", "+ steps[x % 5]") + TOUCHED;

        CreateReport report = new PatchedProgram(
                        directory,
                        "gcc -O2 -c main.c && gcc -O2 -c work.c && gcc -Wl,--build-id main.o work.o -o program",
                        "program")
                .file("main.c", MAIN)
                .file("work.c", source, "3, 1, 4", "3, 9, 4")
                .assertTakesEffect("program");

        assertThat(report.functions()).extracting(LinkResult.Function::name).containsExactly("f");
    }

    /** Nothing wrote the variable before, so the running {@code f} has its value built in. */
    @Test
    void aFunctionThatSharesAStaticVariableWithChangedCodeIsReplaced() {
        String source = "static int offset = 5;\n" + HELPER + UNTOUCHED.replace("+ 1", "+ offset") + TOUCHED;

        assertReplaced(patch(source, OLD, "offset += x; return h(x) - 1;"));
    }

    /** All callers passed 3 before, so the running {@code step} may rely on it. */
    @Test
    void aStaticFunctionThatChangedCodeCallsIsReplaced() {
        String step = """
                static __attribute__((noinline)) int step(int x, int y) { return h(x) * y + x % 3; }
                """;
        String source = HELPER + step + UNTOUCHED.replace("h(x) + 1", "step(x, 3)") + TOUCHED;

        CreateReport report = patch(source, OLD, "return step(x, x) + h(x);");

        assertThat(report.leftOut()).extracting(Selection.LeftOut::symbol).doesNotContain("step");
        assertThat(report.functions()).extracting(LinkResult.Function::name).contains("g");
    }

    /** The patched {@code g} keeps x in %r11 around the call, which it knows the patched {@code f} to leave alone. */
    @Test
    void aFunctionWhoseRegistersThePayloadReliesOnIsReplaced() {
        assertReplaced(patch(HELPER + UNTOUCHED + TOUCHED, OLD, "return f(x) * x - h(x + 3);"));
    }

    @Test
    void aFunctionThatThePayloadCallsWithoutRelyingOnItsRegistersIsLeftOut() {
        assertLeftOut(patch(HELPER + UNTOUCHED + TOUCHED, OLD, "return x > 3 ? f(x - 1) : h(x);"));
    }

    @Test
    void aPatchOfUnusedCodeHasNothingToApply() {
        PatchedProgram program = new PatchedProgram(
                        directory,
                        "gcc -O2 -c main.c && gcc -O2 -c work.c && gcc -Wl,--build-id main.o work.o -o program",
                        "program")
                .file("main.c", MAIN)
                .file(
                        "work.c",
                        HELPER + UNTOUCHED + TOUCHED,
                        "__attribute__((noinline)) int g",
                        "int unused(int x) { return h(x) * 3; }\n__attribute__((noinline)) int g");

        CreateReport report = program.create();

        assertThat(report.functions()).isEmpty();
        assertThat(report.refusals())
                .singleElement()
                .satisfies(refusal -> assertThat(refusal.what())
                        .isEqualTo(
                                "the patch changes no function that runs; the compiler only decided otherwise what to"
                                        + " inline (`f`)"));
    }
}
