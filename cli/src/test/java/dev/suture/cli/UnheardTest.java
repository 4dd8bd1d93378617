package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Whatever a command says, and in whichever way, that it could not be written is told by the exit code. */
@Tag("harm")
class UnheardTest {
    private static final Path FULL = Path.of("/dev/full");

    @TempDir
    private Path folder;

    private record Ended(int exitCode, String other) {}

    private interface Stream {
        OutputStream open() throws IOException;
    }

    // What the class prints to belongs to the whole machine, so it is put back.
    private static Ended run(boolean isOut, Stream stream, String... words) throws IOException {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        try (PrintStream unheard = new PrintStream(stream.open());
                PrintStream other = new PrintStream(heard)) {
            System.setOut(isOut ? unheard : other);
            System.setErr(isOut ? other : unheard);
            int exitCode = Suture.run(words);
            other.flush();
            return new Ended(exitCode, heard.toString());
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private static Ended intoFullDisk(boolean isOut, String... words) throws IOException {
        return run(isOut, () -> new FileOutputStream(FULL.toFile()), words);
    }

    private static List<String> commands(CommandLine command, String before) {
        List<String> names = new ArrayList<>();
        command.getSubcommands().forEach((name, below) -> {
            if (!name.equals("help")) {
                names.add(before + name);
                names.addAll(commands(below, before + name + " "));
            }
        });
        return names;
    }

    @Test
    void noCommandIsDoneWhenItsAnswerCannotBeWritten() throws IOException {
        List<String> all = commands(Suture.commandLine(), "");
        assertThat(all).hasSizeGreaterThan(20);
        for (String command : all) {
            for (String last : List.of("--help", "--version --json", "--no-such-option --json")) {
                Ended ended = intoFullDisk(true, (command + " " + last).split(" "));
                assertThat(ended.exitCode()).as(command + " " + last).isEqualTo(ExitCode.BAD_INPUT.code());
                assertThat(ended.other())
                        .contains("standard output cannot be written")
                        .doesNotContain("Exception");
            }
            Ended mistaken = intoFullDisk(false, (command + " --no-such-option").split(" "));
            assertThat(mistaken.exitCode()).as(command).isEqualTo(ExitCode.BAD_INPUT.code());
            assertThat(mistaken.other()).isEmpty();
            assertThat(intoFullDisk(true, (command + " --no-such-option").split(" "))
                            .exitCode())
                    .as("nothing was to be said on standard output")
                    .isEqualTo(ExitCode.USAGE.code());
        }
    }

    @Test
    void answersOfCommandsThatRanAreAnswersToo() throws IOException {
        String own = "pid:" + ProcessHandle.current().pid();
        String page = folder.resolve("hook.c").toString();
        for (String command : List.of(
                "list --on " + own,
                "list --on " + own + " --json",
                "list --on " + own + " " + own,
                "status x --on " + own,
                "new hook load --for process --variable x --output " + page)) {
            assertThat(intoFullDisk(true, command.split(" ")).exitCode())
                    .as(command)
                    .isEqualTo(ExitCode.BAD_INPUT.code());
        }
        assertThat(intoFullDisk(false, "inspect /nowhere --json".split(" ")).exitCode())
                .isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(intoFullDisk(false, "apply fix --on pid:x".split(" ")).exitCode())
                .isEqualTo(ExitCode.BAD_INPUT.code());
    }

    @Test
    void aPipeThatNobodyReadsIsNoBetter() throws Exception {
        Process reader = new ProcessBuilder("sh", "-c", "exec <&-; exec sleep 60").start();
        try {
            OutputStream pipe = reader.getOutputStream();
            boolean isBroken = false;
            while (!isBroken) {
                try {
                    pipe.write(1);
                    pipe.flush();
                    Thread.sleep(5);
                } catch (IOException broken) {
                    isBroken = true;
                }
            }
            assertThat(run(true, () -> pipe, "--help").exitCode()).isEqualTo(ExitCode.BAD_INPUT.code());
        } finally {
            reader.destroyForcibly();
        }
    }
}
