package dev.suture.linked;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StartOnlyTest {
    private static final String ALONE = "__attribute__((noinline, noclone)) ";
    private static final String EARLY = "volatile int v; " + ALONE + "static void table(int x) { v = x; v = 2 * x; } "
            + "__attribute__((constructor, noinline, noclone)) static void early(void) { table(v); table(v + 1); } ";

    @TempDir
    private Path directory;

    private boolean proves(String source, String function, String... options) throws Exception {
        Path file = Files.writeString(directory.resolve("m.c"), source);
        Path program = directory.resolve("prog");
        List<String> command = new ArrayList<>(List.of("gcc", "-O2", "-o", program.toString(), file.toString()));
        command.addAll(List.of(options));
        run(command);
        ElfFile elf = ElfFile.read(program);
        Symbol symbol = elf.symbols().stream()
                .filter(known -> known.name().equals(function))
                .findFirst()
                .orElseThrow();
        return new StartOnly(elf).proves(symbol.value());
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(said).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"-pie", "-no-pie", "-static", "-shared"})
    void aConstructorAndWhatItAloneCallsAreOver(String kind) throws Exception {
        String program = EARLY + "int main(void) { return v; }";
        String[] options = kind.equals("-shared") ? new String[] {kind, "-fPIC"} : new String[] {kind};

        assertThat(proves(program, "early", options)).isTrue();
        assertThat(proves(program, "table", options)).isTrue();
    }

    @Test
    void aConstructorThatIsCalledAgainIsNotOver() throws Exception {
        String program = EARLY + "int main(int n, char **a) { if (n > 1) early(); return v; }";

        assertThat(proves(program, "early")).isFalse();
        assertThat(proves(program, "table")).isFalse();
    }

    @Test
    void aFunctionWhoseAddressIsKeptIsNotOver() throws Exception {
        assertThat(proves(EARLY + "void (*kept)(int) = table; int main(void) { return v; }", "table"))
                .isFalse();
        assertThat(proves(EARLY + "void (*volatile kept)(int); int main(void) { kept = table; return v; }", "table"))
                .isFalse();
    }

    @Test
    void whatOtherFilesFindByNameIsNotOver() throws Exception {
        String library = "int v; __attribute__((constructor)) void early(void) { v = 1; }";

        assertThat(proves(library, "early", "-shared", "-fPIC")).isFalse();
    }

    @Test
    void whatOnlyMainCallsIsNotProved() throws Exception {
        String program = EARLY + ALONE + "static void setup(void) { v = 1; v = 2; } "
                + "int main(void) { setup(); for (;;) v++; }";

        assertThat(proves(program, "setup")).isFalse();
        assertThat(proves(program, "main")).isFalse();
    }

    @Test
    void functionsThatCallEachOtherAreOverOnlyIfNobodyElseCallsThem() throws Exception {
        String circle = "volatile int v; static void b(int x); " + ALONE
                + "static void a(int x) { v = x; if (x) b(x - 1); v = 3; } " + ALONE
                + "static void b(int x) { v = x + 1; if (x) a(x - 1); v = 4; } "
                + "__attribute__((constructor)) static void early(void) { a(v); } ";

        assertThat(proves(circle + "int main(void) { return v; }", "b")).isTrue();
        assertThat(proves(circle + "int main(void) { b(2); return v; }", "a")).isFalse();
    }

    @Test
    void aShortBranchOfAssemblyCounts() throws Exception {
        String program = EARLY + "asm(\".text\\n.globl jumps\\n.type jumps, @function\\njumps: jmp near\\n"
                + ".size jumps, . - jumps\\n.type near, @function\\nnear: ret\\n.size near, . - near\"); "
                + "int main(void) { return v; }";

        assertThat(proves(program, "near")).isFalse();
    }

    @Test
    void whatRunsAtTheEndAsWellIsNotOver() throws Exception {
        String both = "int v; void both(void) { v += 3; } int main(void) { return v; }";

        assertThat(proves(both, "both", "-Wl,-init=both", "-Wl,-fini=_fini")).isTrue();
        assertThat(proves(both, "both", "-Wl,-init=both", "-Wl,-fini=both")).isFalse();
        assertThat(proves(
                        EARLY.replace("(constructor,", "(constructor, destructor,") + "int main(void) { return v; }",
                        "early"))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "for (;;) table(v);",
                "while (v < 1000) table(v);",
                "while (v < 1000) usleep(v);",
                "for (;;) v++;",
                "loop();",
                "kept(v);",
            })
    void aConstructorThatMayStillRunIsNotOver(String statement) throws Exception {
        String source = "int usleep(unsigned); "
                + EARLY.replace("table(v);", "table(v); " + statement)
                        .replace("volatile int v;", "volatile int v; void (*volatile kept)(int); void loop(void);")
                + ALONE + "void loop(void) { for (;;) v++; } int main(void) { return v; }";

        assertThat(proves(source, "early")).isFalse();
        assertThat(proves(source, "table")).isFalse();
    }

    @Test
    void aConstructorThatCountsIsOver() throws Exception {
        String source = EARLY.replace("table(v);", "for (int i = 0; i < 256; i++) v += i * v; table(v);")
                + "int main(void) { return v; }";

        assertThat(proves(source, "early")).isTrue();
        assertThat(proves(source, "table")).isTrue();
    }

    @Test
    void whatEndsOnlyIfAnotherDoesIsNotOverWhenThatIsNot() throws Exception {
        String circle = "volatile int v; static void b(int x); " + ALONE
                + "static void a(int x) { v = x; if (x) b(x - 1); while (v) b(0); v = 3; } " + ALONE
                + "static void b(int x) { v = x + 1; if (x) a(x - 1); v = 4; } "
                + "__attribute__((constructor(101), noinline)) static void first(void) { a(v); v = 2; } "
                + "__attribute__((constructor(102), noinline)) static void second(void) { b(v); v = 5; } "
                + "int main(void) { return v; }";

        assertThat(proves(circle, "first")).isFalse();
        assertThat(proves(circle, "second")).isFalse();
    }
}
