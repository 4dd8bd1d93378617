package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program that was built otherwise than the command builds it, and what is taken for the cause. */
class LikelyCauseTest {
    private static final String PROGRAM = """
            #include <stdio.h>
            #include <stdlib.h>
            __attribute__((noinline)) int work(int n)
            {
                int sum = 0;
                for (int i = 0; i < n; i++) sum += abs(i - 3) * (n % 5);
                return sum;
            }
            int main(void) { printf("%d\\n", work(7)); return 0; }
            """;
    private static final String BUILD = "gcc -g -O2 -Wl,--build-id program.c -o program";

    @TempDir
    private Path directory;

    /** {@return why a program is refused that was built by the first command, where the second is given} */
    private String refusal(String built, String given) {
        PatchedProgram program =
                new PatchedProgram(directory, built, "program").file("program.c", PROGRAM, "i - 3", "i - 4");
        CreateReport same = program.create();
        assertThat(same.refusals()).as("as it was built").isEmpty();
        CreateReport report = program.create(given, program.running().resolve("program"), Optional.empty());
        assertThat(report.refusals()).hasSize(1);
        Refusal refusal = report.refusals().getFirst();
        assertThat(refusal.what())
                .contains("`work` is not in ", "program as the source compiles without the patch")
                .contains("first difference at +0x");
        return refusal.remedy();
    }

    @Test
    void otherFlagsAreNamed() {
        assertThat(refusal(BUILD, BUILD.replace("-O2", "-O1")))
                .isEqualTo("The flags differ: the program has -O2, the build command gives -O1."
                        + " Let the command build as the program was built.");
    }

    @Test
    void withoutDebugInformationFlagsOrSourceMayBeIt() {
        String bare = BUILD.replace(" -g", "");
        assertThat(refusal(bare, bare.replace("-O2", "-O1")))
                .startsWith("The compiler is the same, so the source or the flags differ"
                        + " (without debug information in both, the flags are not known)");
    }

    @Test
    void anotherCompilerIsNamed() {
        assumeTrue(Files.exists(Path.of("/usr/bin/clang")), "needs clang");
        assertThat(refusal(BUILD, BUILD.replace("gcc", "clang")))
                .matches(
                        "The program was built by GCC: .*, and this is .*clang version .*: build with that compiler\\.");
    }

    @Test
    void anotherCompilerIsNamedAlthoughTheStartFilesAreOfTheSame() {
        assumeTrue(Files.exists(Path.of("/usr/bin/clang")), "needs clang");
        assertThat(refusal(BUILD.replace("gcc", "clang"), BUILD))
                .matches("Parts of the program were built by .*clang version .*, and this is GCC: .*");
    }

    @Test
    void anotherSourceIsWhatIsLeft() {
        PatchedProgram program =
                new PatchedProgram(directory, BUILD, "program").file("program.c", PROGRAM, "i - 3", "i - 4");
        program.create();
        Path other = directory.resolve("running/other");
        String edit = "sed 's/n % 5/n % 6/' program.c > other.c && gcc -g -O2 -Wl,--build-id other.c -o other";
        PatchedProgram.run(List.of("sh", "-c", edit), program.running(), Map.of(), 0);

        CreateReport report = program.create(BUILD, other, Optional.empty());

        assertThat(report.refusals())
                .singleElement()
                .extracting(Refusal::remedy)
                .isEqualTo(
                        "The compiler and the flags that are recorded are the same, so the source differs: give the very"
                                + " source that the program was built from, with the same macros defined.");
    }
}
