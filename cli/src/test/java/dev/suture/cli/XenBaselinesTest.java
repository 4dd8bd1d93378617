package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** One patch for several hypervisors: a Xen, the same with a change of its own, and a directory that is none. */
@Tag("xen")
@Tag("long")
class XenBaselinesTest {
    @TempDir
    private Path folder;

    @Test
    void eachTreeGetsItsPayloadOrItsRefusalAndTheWorstDecidesTheExitCode() throws Exception {
        String given = System.getenv("SUTURE_XEN_TREE");
        assumeTrue(given != null, "SUTURE_XEN_TREE is not set: make test builds a Xen tree and sets it");
        Path tree = Path.of(given);
        Path bootOnly = copyInWhichTheFunctionIsGoneAfterBoot(tree);
        Path patch = patch(tree.resolve("xen/common/version.c"), "return XEN_CHANGESET;", "return \"-elsewhere\";");
        Path output = folder.resolve("payloads");

        Ran ran = suture(List.of(
                "build",
                "xen",
                "--json",
                "--tree",
                bootOnly.toString(),
                "--tree",
                folder.toString(),
                "--tree",
                tree.toString(),
                "--patch",
                patch.toString(),
                "--output",
                output.toString()));

        JsonNode rows = new ObjectMapper().readTree(ran.output()).path("trees");
        assertThat(rows).hasSize(3);
        assertThat(rows.findValuesAsText("outcome")).containsExactly("REFUSED", "FAILED", "MADE");
        assertThat(ran.exitCode()).as("bad input is worse than a refusal").isEqualTo(6);
        assertThat(ran.errors())
                .contains("only what runs or is used while the system boots")
                .contains("is not a Xen");
        String buildId = ElfFile.read(tree.resolve("xen/xen-syms")).buildId().orElseThrow();
        JsonNode made = rows.get(2);
        assertThat(made.path("buildId").asText()).isEqualTo(buildId);
        assertThat(made.path("functions").get(0).asText()).isEqualTo("xen_changeset");
        assertThat(made.path("payloads").get(0).asText())
                .isEqualTo(
                        output.resolve(buildId).resolve("changeset.livepatch").toString());
        assertThat(output.resolve(buildId).resolve("changeset.livepatch")).isRegularFile();
        assertThat(output).as("a refused one leaves nothing").isDirectoryContaining("glob:**/" + buildId);
        try (var left = Files.list(output)) {
            assertThat(left).hasSize(1);
        }
    }

    /** Few objects are compiled again, and the hypervisor linked. */
    private Path copyInWhichTheFunctionIsGoneAfterBoot(Path tree) throws IOException, InterruptedException {
        Path copy = folder.resolve("copy");
        run(List.of("cp", "-a", tree.toString(), copy.toString()), folder);
        Path header = copy.resolve("xen/include/xen/version.h");
        String text = Files.readString(header);
        String changed = text.replace(
                "const char *xen_changeset(void);",
                "const char *xen_changeset(void) __attribute__((section(\".init.text\")));");
        assertThat(changed).isNotEqualTo(text);
        Files.writeString(header, changed);
        run(List.of("make", "-j2"), copy.resolve("xen"));
        return copy;
    }

    private Path patch(Path source, String before, String after) throws IOException, InterruptedException {
        Path changed = Files.writeString(
                folder.resolve("changed.c"), Files.readString(source).replace(before, after));
        Path patch = folder.resolve("changeset.patch");
        List<String> diff = List.of(
                "diff",
                "-u",
                "--label=a/xen/common/version.c",
                "--label=b/xen/common/version.c",
                source.toString(),
                changed.toString());
        new ProcessBuilder(diff).redirectOutput(patch.toFile()).start().waitFor(1, TimeUnit.MINUTES);
        return patch;
    }

    private void run(List<String> command, Path where) throws IOException, InterruptedException {
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder(command)
                .directory(where.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(process.waitFor(30, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    }

    private record Ran(int exitCode, String output, String errors) {}

    private static Ran suture(List<String> arguments) {
        StringWriter output = new StringWriter();
        StringWriter errors = new StringWriter();
        CommandLine suture = Suture.commandLine();
        suture.setOut(new PrintWriter(output));
        suture.setErr(new PrintWriter(errors));
        int exitCode = suture.execute(arguments.toArray(String[]::new));
        return new Ran(exitCode, output.toString(), errors.toString());
    }
}
