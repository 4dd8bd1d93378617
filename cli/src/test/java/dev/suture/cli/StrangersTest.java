package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.process.FindProcesses;
import dev.suture.process.Owners;
import dev.suture.process.ProcessTarget;
import dev.suture.target.ApplyOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes of other users that are called, or are, what somebody wants to change. */
@Tag("harm")
class StrangersTest {
    private static final String PROGRAM = """
            #define _GNU_SOURCE
            #include <stdio.h>
            #include <string.h>
            #include <sys/prctl.h>
            #include <unistd.h>
            __attribute__((noipa)) int answer(int x) { __asm__ volatile(".fill 64, 1, 0x90"); return x + 1; }
            int main(int argc, char **argv)
            {
                char line[100];
                setvbuf(stdout, 0, _IOLBF, 0);
                prctl(PR_SET_PDEATHSIG, 9);
                while (fgets(line, sizeof line, stdin)) {
                    if (!strcmp(line, "become\\n") && setresuid(65534, 65534, 65534))
                        return 1;
                    printf("%d\\n", answer(1));
                }
            }
            """;
    private static final String NAME = "mx-" + ProcessHandle.current().pid();
    /** One that has taken the user of whoever asked for it, as a set-user-ID program does. */
    private static final String[] BOTH = {"setpriv", "--ruid=65534", "--clear-groups"};

    private static final String[] NOBODY = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    private static final String[] CALLER = {"env"};

    @TempDir
    private static Path folder;

    private static TriedProgram tried;
    private static Path fix;
    private static String nobody;

    @BeforeAll
    static void compile() throws Exception {
        assumeTrue(Owners.caller().equals("root"), "needs root, to be somebody who may change the processes of others");
        assumeTrue(mayTraceOthers(), "needs CAP_SYS_PTRACE, to change the processes of others");
        List<String> trial = new ArrayList<>(List.of(NOBODY));
        trial.add("true");
        assumeTrue(
                new ProcessBuilder(trial)
                                .redirectErrorStream(true)
                                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                                .start()
                                .waitFor()
                        == 0,
                "needs setpriv, and to be somebody who may take other users");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        tried = TriedProgram.compile(folder, NAME, PROGRAM);
        fix = tried.payload("fix", "answer", 1000, tried.buildId());
        nobody = new String(new ProcessBuilder("id", "-nu", "65534")
                        .start()
                        .getInputStream()
                        .readAllBytes())
                .strip();
        assumeTrue(!nobody.isEmpty(), "needs a user with the number 65534");
    }

    private static boolean mayTraceOthers() throws IOException {
        String own = Files.readString(Path.of("/proc/self/status"));
        String capabilities = own.replaceFirst("(?s).*\nCapEff:\\s*(\\p{XDigit}+)\n.*", "$1");
        return (Long.parseUnsignedLong(capabilities, 16) >>> 19 & 1) != 0;
    }

    /** A program that somebody runs. */
    private record Running(Process process, BufferedReader answers) implements AutoCloseable {
        static Running as(String... user) throws IOException {
            List<String> words = new ArrayList<>(List.of(user));
            words.add(tried.program().toString());
            Process process = new ProcessBuilder(words).start();
            Running running = new Running(process, process.inputReader());
            assertThat(running.ask("?")).isEqualTo("2");
            return running;
        }

        String ask(String what) throws IOException {
            process.outputWriter().write(what + "\n");
            process.outputWriter().flush();
            return answers.readLine();
        }

        String target() {
            return "pid:" + process.pid();
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    private static List<String> ends(Said said) {
        List<String> ends = new ArrayList<>();
        said.json()
                .path("actions")
                .forEach(action -> ends.add(action.path("target").path("target").asText() + " "
                        + action.path("ended").asText()));
        return ends;
    }

    private static Said load(Object... words) {
        List<Object> all = new ArrayList<>(List.of("load", fix, "--watch", "0", "--json", "--on"));
        all.addAll(List.of(words));
        return Said.suture(all.toArray());
    }

    @Test
    void processesOfOthersAreChangedOnlyWithAWord() throws Exception {
        try (Running own = Running.as(CALLER);
                Running others = Running.as(NOBODY)) {
            for (String target : List.of("name:" + NAME, "exe:" + tried.program(), "maps:" + tried.program())) {
                Said said = load(target, "--all-or-nothing");
                assertThat(said.exitCode()).as(said.err()).isEqualTo(ExitCode.REFUSED);
                assertThat(said.err())
                        .contains(target
                                + ": refused: that are processes of other users than root, who calls: %s (%d);"
                                        .formatted(nobody, others.process().pid()))
                        .contains("--user " + nobody + ", or --any-user")
                        .doesNotContain(own.target());
                assertThat(ends(said))
                        .containsExactlyInAnyOrder(own.target() + " NOT_TRIED", others.target() + " REFUSED");
                assertThat(Said.suture("list", "--on", target).out())
                        .contains(own.target() + " ", others.target() + " ")
                        .doesNotContain("fix");
            }

            assertThat(ends(load("name:" + NAME, "--user", nobody))).containsExactly(others.target() + " DONE");
            assertThat(own.ask("?")).isEqualTo("2");
            assertThat(others.ask("?")).isEqualTo("1001");
            assertThat(ends(load("name:" + NAME, "--user", "root"))).containsExactly(own.target() + " DONE");
            assertThat(own.ask("?")).isEqualTo("1001");
            Said reverted = Said.suture(
                    "revert", "fix", "--on", "exe:" + tried.program(), "--any-user", "--watch", "0", "--json");
            assertThat(ends(reverted)).containsExactlyInAnyOrder(own.target() + " DONE", others.target() + " DONE");
        }
    }

    @Test
    void whoIsNamedByNumberIsMeantAndSoAreUsersByNumber() throws Exception {
        try (Running others = Running.as(NOBODY)) {
            assertThat(ends(load(others.target(), "name:" + NAME))).containsExactly(others.target() + " DONE");
            Said reverted =
                    Said.suture("revert", "fix", "--on", "name:" + NAME, "--user", "65534", "--watch", "0", "--json");
            assertThat(ends(reverted)).containsExactly(others.target() + " DONE");
            Said none = load("name:" + NAME, "--user", "root");
            assertThat(none.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
            assertThat(none.err()).contains("no process of whom --user names is that");
        }
        assertThat(load("name:" + NAME, "--user", "no-such-user").exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(load("name:" + NAME, "--user", "root", "--any-user").exitCode())
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    void whoHasTheCallersUserAndAnotherIsOfTheOther() throws Exception {
        try (Running both = Running.as(BOTH)) {
            assertThat(load("name:" + NAME).exitCode()).isEqualTo(ExitCode.REFUSED);
            assertThat(load("name:" + NAME, "--user", "root").exitCode()).isEqualTo(ExitCode.BAD_INPUT);
            assertThat(ends(load("name:" + NAME, "--user", nobody))).containsExactly(both.target() + " DONE");
        }
    }

    @Test
    void whoBecomesAnotherUserMeanwhileIsLeftAlone() throws Exception {
        try (Running own = Running.as(CALLER)) {
            ProcessTarget found =
                    FindProcesses.find("name:" + NAME, Owners.CALLER).meant().getFirst();
            assertThat(own.ask("become")).isEqualTo("2");
            assertThatThrownBy(() -> found.apply("fix", ApplyOptions.DEFAULT))
                    .hasMessageContaining("it is no longer what was asked for");
        }
    }

    @Test
    void aFollowerTellsOfOthersAndLeavesThemAlone() throws Exception {
        Path journal = folder.resolve("journal");
        try (Running others = Running.as(NOBODY);
                Running own = Running.as(CALLER)) {
            CompletableFuture<Thread> thread = new CompletableFuture<>();
            CompletableFuture<Said> said = CompletableFuture.supplyAsync(() -> {
                thread.complete(Thread.currentThread());
                return Said.suture(
                        "follow", "exe:" + tried.program(), "--payload", fix, "--journal", journal, "--watch", "0");
            });
            // What it writes about that must not be cut short by the interrupt.
            while (!said.isDone() && !(has(journal, "\"PATCHED\"") && has(journal, "\"LEFT_ALONE\""))) {
                Thread.sleep(20);
            }
            thread.get().interrupt();
            assertThat(said.get().exitCode()).as(said.get().err()).isEqualTo(ExitCode.DONE);
            assertThat(own.ask("?")).isEqualTo("1001");
            assertThat(others.ask("?")).isEqualTo("2");
            String left = "\"event\":\"LEFT_ALONE\",\"target\":\"" + others.target() + "\"";
            assertThat(Files.readAllLines(journal).stream().filter(line -> line.contains(left)))
                    .singleElement()
                    .asString()
                    .contains("--user " + nobody);
        }
    }

    private static boolean has(Path journal, String text) throws IOException {
        return Files.exists(journal) && Files.readString(journal).contains(text);
    }
}
