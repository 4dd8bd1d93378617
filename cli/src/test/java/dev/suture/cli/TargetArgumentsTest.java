package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the commands for live targets make of arguments that are none, and of outputs that nobody reads. */
class TargetArgumentsTest {
    @TempDir
    private Path folder;

    @Test
    void aTargetThatIsNoneIsAMistakeOfTheCommandLine() {
        for (String target : List.of("redis", "pid:", "pid:0", "pid:x", "maps:", "host:1", "")) {
            Said said = Said.suture("list", "--on", target);
            assertThat(said.exitCode()).as(target).isEqualTo(ExitCode.USAGE);
            assertThat(said.err()).doesNotContain("Exception");
        }
    }

    @Test
    void anAnswerThatNobodyGetsIsAFailure() throws Exception {
        String classes = System.getProperty("java.class.path") + ":" + System.getProperty("jdk.module.path", "");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        for (String command : List.of("--version", "--version --json", "load --help")) {
            Process process = new ProcessBuilder(
                            "sh",
                            "-c",
                            "'%s' -cp '%s' dev.suture.cli.Suture %s >/dev/full".formatted(java, classes, command))
                    .start();
            String said = new String(process.getErrorStream().readAllBytes());
            assertThat(process.waitFor()).as(said).isEqualTo(ExitCode.BAD_INPUT.code());
            assertThat(said).contains("standard output cannot be written");
        }
    }

    @Test
    void anAnswerIntoAPipeThatNobodyReadsIsAFailure() throws Exception {
        String classes = System.getProperty("java.class.path") + ":" + System.getProperty("jdk.module.path", "");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(
                        "sh",
                        "-c",
                        "{ '%s' -cp '%s' dev.suture.cli.Suture load --help; echo $? >&2; } | exec <&-"
                                .formatted(java, classes))
                .start();
        String said = new String(process.getErrorStream().readAllBytes());
        assertThat(process.waitFor()).isZero();
        assertThat(said).contains("standard output cannot be written").endsWith("6\n");
    }

    @Test
    void whatWouldMoveTheCursorIsShownAsANumber() {
        assertThat(Printable.line("a\033[2Jb\nc\u202ed")).isEqualTo("a\\x1b[2Jb\\x0ac\\u{202e}d");
        assertThat(Printable.text("ä\n\tb")).isEqualTo("ä\n\tb");
        assertThat(Suture.version(new String[] {"--version", "--json"}).orElseThrow())
                .contains("\"version\"");
    }

    @Test
    void whatIsNoFileIsNoPayload() throws Exception {
        for (String path : List.of("/dev/zero", "/", folder.resolve("nothing").toString(), fifo())) {
            Said said = Said.suture("load", path, "--name", "x", "--on", "pid:1");
            assertThat(said.exitCode()).as(path).isEqualTo(ExitCode.BAD_INPUT);
            assertThat(said.err())
                    .startsWith("suture: " + path + ": cannot be read: ")
                    .doesNotContain("Exception");
        }
    }

    private String fifo() throws Exception {
        Path pipe = folder.resolve("pipe");
        Process process = new ProcessBuilder("mkfifo", pipe.toString()).start();
        assertThat(process.waitFor()).isZero();
        return pipe.toString();
    }

    @Test
    void aNameThatCannotBePrintedIsAMistake() {
        for (String name : List.of("", "a b", "a/b", "a\033[2J", "x".repeat(128))) {
            Said said = Said.suture("load", "fix.livepatch", "--name", name, "--on", "pid:1");
            assertThat(said.exitCode()).as(name).isEqualTo(ExitCode.USAGE);
        }
    }
}
