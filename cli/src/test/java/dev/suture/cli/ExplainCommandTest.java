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
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code suture explain}, from two objects to its three kinds of answers. */
class ExplainCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    private Path original;
    private Path patched;

    @BeforeEach
    void compile() throws IOException, InterruptedException {
        original = compile("original", 1);
        patched = compile("patched", 2);
    }

    private Path compile(String name, int number) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "gcc is not installed");
        Path source = Files.writeString(folder.resolve("unit.c"), """
                int outer(int);
                int f(void) { return outer(%d); }
                int g(void) { return outer(9); }
                """.formatted(number));
        Path object = folder.resolve(name + ".o");
        Process gcc = new ProcessBuilder(List.of(
                        "gcc",
                        "-g",
                        "-O2",
                        "-ffunction-sections",
                        "-fdata-sections",
                        "-c",
                        source.toString(),
                        "-o",
                        object.toString()))
                .inheritIO()
                .start();
        assertThat(gcc.waitFor()).isZero();
        return object;
    }

    @Test
    void theTextNamesTheFunctionAndItsFirstDifference() {
        assertThat(run("explain", original.toString(), patched.toString())).isZero();

        assertThat(out.toString())
                .startsWith("f (patched.o, ")
                .contains("first instruction that differs:")
                .contains("unit.c:2")
                .doesNotContain("g (");
    }

    @Test
    void theJsonHasTheSameContent() throws IOException {
        run("explain", original.toString(), patched.toString(), "--json");

        JsonNode function =
                new ObjectMapper().readTree(out.toString()).path("functions").path(0);
        assertThat(function.path("name").asText()).isEqualTo("f");
        assertThat(function.path("decision").asText()).isEqualTo("REPLACED");
        JsonNode listing = function.path("listings").path(0);
        JsonNode first =
                listing.path("rows").path(listing.path("firstDifference").asInt());
        assertThat(first.path("mark").asText()).isEqualTo("CHANGED");
        assertThat(first.path("patched").path("source").path("line").asInt()).isEqualTo(2);
    }

    @Test
    void thePageIsWrittenToTheFile() throws IOException {
        Path page = folder.resolve("why.html");

        run("explain", original.toString(), patched.toString(), "--html", page.toString());

        assertThat(Files.readString(page))
                .startsWith("<!DOCTYPE html>")
                .contains("<svg")
                .endsWith("</html>\n");
    }

    @Test
    void aFunctionThatIsTheSameIsSaidToBe() {
        run("explain", original.toString(), patched.toString(), "g");

        assertThat(out.toString())
                .isEqualToIgnoringNewLines(
                        "g is the same in both objects, or differs in nothing that a payload is about.");
    }

    @Test
    void aNameThatIsNotThereIsAnError() {
        int exitCode = run("explain", original.toString(), patched.toString(), "nowhere");

        assertThat(exitCode).isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(err.toString()).contains("patched.o: no function or variable has the name nowhere");
    }

    private int run(String... arguments) {
        CommandLine suture = Suture.commandLine();
        suture.setOut(new PrintWriter(out));
        suture.setErr(new PrintWriter(err));
        return suture.execute(arguments);
    }
}
