package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class DiffCommandTest {
    private static final String ORIGINAL = """
            int value = 3;
            static __attribute__((noinline)) int twice(int x) { return x * 2; }
            int f(int x) { return twice(x) + value; }
            int g(int x) { return x + 1; }
            """;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    @Test
    void saysOfEachChangedFunctionWhatDiffersFirst() throws IOException, InterruptedException {
        Path original = compile("a.o", ORIGINAL);
        Path patched = compile("b.o", ORIGINAL.replace("x + 1", "x + 7"));

        assertThat(run("diff", original.toString(), patched.toString())).isZero();

        assertThat(out.toString())
                .contains("changed  g (.text.g): its code differs first at +0x")
                .contains("3 functions and variables do the same.");
    }

    @Test
    void ofSeveralChangedFunctionsSomeMayOnlyBeCompiledOtherwise() throws IOException, InterruptedException {
        Path original = compile("a.o", ORIGINAL);
        Path one = compile("b.o", ORIGINAL.replace("x + 1", "x + 7"));
        Path two = compile("c.o", ORIGINAL.replace("x + 1", "x + 7").replace("x * 2", "x * 5"));

        run("diff", original.toString(), one.toString());
        assertThat(out.toString()).doesNotContain("inlined otherwise");
        run("diff", original.toString(), two.toString());
        assertThat(out.toString())
                .contains("Some of the changed functions may differ only because the compiler inlined otherwise.");
    }

    @Test
    void howAVariableWasFoundIsToldIfNotByItsName() throws IOException, InterruptedException {
        String counts = "int h(int x) { static int last%s; return last += x; }\n";
        Path original = compile("a.o", ORIGINAL + counts.formatted(" = 4"));
        Path patched = compile(
                "b.o", "int k(void) { static int last; return last++; }\n" + ORIGINAL + counts.formatted(" = 5"));

        run("diff", original.toString(), patched.toString());

        assertThat(out.toString())
                .containsPattern("changed  last\\.[0-9]+ .*\\[matched by the functions that use it\\]");
    }

    @Test
    void withJsonItIsOneObject() throws IOException, InterruptedException {
        Path original = compile("a.o", ORIGINAL);
        Path patched = compile("b.o", ORIGINAL.replace("value = 3", "value = 4"));

        run("diff", original.toString(), patched.toString(), "--json");

        JsonNode answer = new ObjectMapper().readTree(out.toString());
        assertThat(answer.path("symbols").get(0).path("name").asText()).isEqualTo("value");
        assertThat(answer.path("symbols").get(0).path("status").asText()).isEqualTo("CHANGED");
        assertThat(answer.path("refusals").get(0).path("what").asText()).contains("data `value` changed");
        assertThat(answer.path("refusals").get(0).path("remedy").asText()).isNotEmpty();
    }

    @Test
    void ofDirectoriesTheObjectsThatDifferAreTold() throws IOException, InterruptedException {
        Path before = Files.createDirectories(folder.resolve("before/sub"));
        Path after = Files.createDirectories(folder.resolve("after/sub"));
        Files.copy(compile("a.o", ORIGINAL), before.resolve("same.o"));
        Files.copy(before.resolve("same.o"), after.resolve("same.o"));
        Files.copy(before.resolve("same.o"), before.resolve("other.o"));
        Files.copy(compile("b.o", ORIGINAL.replace("x * 2", "x * 5")), after.resolve("other.o"));
        Files.copy(before.resolve("same.o"), after.resolve("new.o"));
        Files.writeString(before.resolve("text.o"), "no object");
        Files.writeString(after.resolve("text.o"), "no object");

        run("diff", before.getParent().toString(), after.getParent().toString());

        assertThat(out.toString())
                .contains("sub/other.o:")
                .contains("changed  twice")
                .contains("sub/new.o is only in")
                .contains("1 of 3 objects differ; 1 are not 64-bit little-endian objects and were left out.");
    }

    private Path compile(String name, String source) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "gcc is missing: apt-get install gcc");
        Path file = Files.writeString(folder.resolve(name + ".c"), source);
        Path object = folder.resolve(name);
        Process gcc = new ProcessBuilder(
                        "gcc",
                        "-O2",
                        "-ffunction-sections",
                        "-fdata-sections",
                        "-c",
                        "-o",
                        object.toString(),
                        file.toString())
                .inheritIO()
                .start();
        assertThat(gcc.waitFor()).isZero();
        return object;
    }

    private int run(String... arguments) {
        CommandLine commandLine = Suture.commandLine();
        commandLine.setOut(new PrintWriter(out, true));
        commandLine.setErr(new PrintWriter(err, true));
        return commandLine.execute(arguments);
    }
}
