package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

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

class CommandLineTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    @Test
    void aBadFileIsExitCode6AndAMessageOnStandardError() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.txt"), "no payload");

        int exitCode = run("rehearse", "xen", text.toString(), "--xen", text.toString());

        assertThat(exitCode).isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(err.toString()).startsWith("suture: " + text + ": not a payload");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void whatIsNoPayloadCannotBeCertified() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.txt"), "no payload");

        int exitCode = run("certify", text.toString(), "--tree", folder.toString(), "--patch", text.toString());

        assertThat(exitCode).isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(err.toString()).startsWith("suture: ").contains("is not a Xen source tree");
    }

    /** The synopsis shows it there. */
    @Test
    void thePayloadToCertifyMayStandBehindThePatches() throws IOException {
        String text =
                Files.writeString(folder.resolve("notes.txt"), "no payload").toString();
        Path payload = Files.write(folder.resolve("fix.livepatch"), new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});

        int exitCode = run("certify", "--tree", folder.toString(), "--patch", text, text, payload.toString());

        assertThat(err.toString()).startsWith("suture: ").contains("is not a Xen source tree");
        assertThat(exitCode).isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(run("certify", "--tree", folder.toString(), "--patch")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("--patch");
    }

    @Test
    void theTargetToFollowMayStandBehindThePayloads() {
        int exitCode = run("follow", "--journal", folder.toString(), "--payload", "none.livepatch", "name:none");

        assertThat(err.toString()).contains("none.livepatch").doesNotContain("TARGET");
        assertThat(exitCode).isEqualTo(ExitCode.BAD_INPUT.code());
    }

    @Test
    void patchesBelowACertifiedPayloadWantTheirPayloadsNamed() throws IOException {
        String text =
                Files.writeString(folder.resolve("notes.txt"), "no payload").toString();

        int exitCode = run("certify", text, "--tree", folder.toString(), "--patch", text, "--applied", text);

        assertThat(exitCode).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString())
                .contains("--applied: name the payloads that were made from these patches with --depends as well");
    }

    @Test
    void withJsonABadFileIsOneObjectOnStandardOutput() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.txt"), "no payload");

        run("rehearse", "xen", text.toString(), "--xen", text.toString(), "--json");

        JsonNode error = new ObjectMapper().readTree(out.toString()).path("error");
        assertThat(error.path("exitCode").asInt()).isEqualTo(6);
        assertThat(error.path("message").asText()).contains("not a payload");
        assertThat(err.toString()).contains("not a payload");
    }

    @Test
    void aWrongCommandLineIsExitCode2AndSaysWhereTheManualIs() {
        assertThat(run("rehearse", "xen", "a.livepatch")).isEqualTo(ExitCode.USAGE.code());

        assertThat(err.toString()).contains("--tree=DIR | --xen=IMAGE").contains("Try: suture rehearse xen --help");
    }

    @Test
    void withJsonAWrongCommandLineIsOneObjectOnStandardOutput() throws IOException {
        run("rehearse", "xen", "a.livepatch", "--xen", "xen", "--timeout", "soon", "--json");

        JsonNode error = new ObjectMapper().readTree(out.toString()).path("error");
        assertThat(error.path("exitCode").asInt()).isEqualTo(2);
        assertThat(error.path("message").asText()).contains("expected a whole number of seconds above 0, found 'soon'");
    }

    @Test
    void noCommandIsAMistake() {
        assertThat(run()).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("say what to do: advise, build, diff, explain, certify, inspect, rehearse");
    }

    @Test
    void everyManualHasASynopsisTheExitCodesAndEachCommandExamples() {
        assertThat(run("rehearse", "xen", "--help")).isZero();

        assertThat(out.toString()).contains("Synopsis:", "Description:", "Options:", "Exit codes:", "Examples:");
        for (ExitCode exitCode : ExitCode.values()) {
            assertThat(out.toString()).contains(exitCode.code() + "   " + exitCode.meaning());
        }
    }

    @Test
    void everyCommandHasAManual() {
        for (String command :
                new String[] {"advise", "build xen", "certify", "diff", "inspect", "rehearse xen", "new hook"}) {
            int exitCode = run((command + " --help").split(" "));

            assertThat(exitCode).as(command).isZero();
        }
        assertThat(out.toString())
                .contains("suture build xen", "--patch=FILE", "--allow-type", "Exit codes:", "Examples:");
    }

    @Test
    void metadataWithoutAKeyIsAUsageError() {
        int exitCode =
                run("build", "xen", "--tree", "t", "--patch", "p", "--output", "o", "--metadata", "nonsense", "--json");

        assertThat(exitCode).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("--metadata nonsense: expected KEY=VALUE");
    }

    private int run(String... arguments) {
        CommandLine suture = Suture.commandLine();
        suture.setOut(new PrintWriter(out));
        suture.setErr(new PrintWriter(err));
        return suture.execute(arguments);
    }
}
