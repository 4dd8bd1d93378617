package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class ActionCommandsTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void aProcessThatIsNotThereIsExitCode6() {
        assertThat(run("list", "--on", "pid:999999999")).isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(err.toString()).contains("process 999999999: there is no such process");
    }

    @Test
    void aTargetOfNoKindSaysWhichThereAre() {
        assertThat(run("apply", "fix", "--on", "redis")).isEqualTo(ExitCode.USAGE.code());
        assertThat(err.toString()).contains("redis: not a target; expected pid:N, exe:PATH, name:NAME or maps:FILE");
    }

    @Test
    void whatOneProcessDoesNotHaveIsRefusedWithAllFieldsInJson() throws IOException {
        // A process that is no child of this JVM, and ours to look at.
        Process shell = new ProcessBuilder("sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!").start();
        String pid = shell.inputReader().readLine();
        try {
            assertThat(run("revert", "fix", "--on", "pid:" + pid, "--json")).isEqualTo(ExitCode.REFUSED.code());
        } finally {
            ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
        }
        JsonNode report =
                new ObjectMapper().readTree(out.toString()).path("actions").path(0);
        assertThat(report.fieldNames())
                .toIterable()
                .contains(
                        "action",
                        "payload",
                        "target",
                        "state",
                        "stoppedMicros",
                        "waitedMicros",
                        "attempts",
                        "refusals");
        assertThat(report.path("state").asText()).isEqualTo("ABSENT");
        assertThat(err.toString()).contains("fix: refused: the process has no payload of that name");
    }

    private int run(String... arguments) {
        CommandLine suture = Suture.commandLine();
        suture.setOut(new PrintWriter(out));
        suture.setErr(new PrintWriter(err));
        return suture.execute(arguments);
    }
}
