package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands for live targets, on real processes. */
class TargetCommandsTest {
    private static final String PROGRAM = """
            #include <pthread.h>
            #include <stdio.h>
            #include <string.h>
            #include <sys/prctl.h>
            #include <unistd.h>
            #define PLAIN __attribute__((noipa))
            PLAIN int answer(int x) { __asm__ volatile(".fill 64, 1, 0x90"); return x + 1; }
            PLAIN int busy(int x) { __asm__ volatile(".fill 64, 1, 0x90"); for (;;) pause(); return x; }
            PLAIN int now_and_then(int x) { __asm__ volatile(".fill 64, 1, 0x90"); usleep(1000); return x; }
            static void *keeps(void *unused) { busy(1); return unused; }
            static void *returns(void *unused) { while (now_and_then(1)); return unused; }
            int main(void)
            {
                char line[100];
                pthread_t thread;
                setvbuf(stdout, 0, _IOLBF, 0);
                prctl(PR_SET_PTRACER, -1L);
                while (fgets(line, sizeof line, stdin)) {
                    if (!strcmp(line, "busy\\n"))
                        pthread_create(&thread, 0, keeps, 0), usleep(20000);
                    if (!strcmp(line, "often\\n"))
                        pthread_create(&thread, 0, returns, 0), usleep(20000);
                    printf("%d\\n", answer(1));
                }
            }
            """;
    private static final String[] FIELDS = {
        "action", "payload", "target", "ended", "state", "stoppedMicros", "waitedMicros", "attempts", "refusals"
    };

    @TempDir
    private static Path folder;

    private static TriedProgram tried;
    private static Path program;
    private static String buildId;
    private static Path fix;
    private static Path other;
    private static Path stuck;

    @BeforeAll
    static void compile() throws Exception {
        tried = TriedProgram.compile(folder, "suture-tried", PROGRAM);
        program = tried.program();
        buildId = tried.buildId();
        fix = payload("fix", "answer", 1000, buildId);
        other = payload("other", "answer", 2000, buildId);
        stuck = payload("stuck", "busy", 1, buildId);
    }

    private static Path payload(String name, String function, int more, String depends) throws Exception {
        return tried.payload(name, function, more, depends);
    }

    @Test
    void aPayloadOfWhichAByteWasChangedIsTurnedDown() throws Exception {
        try (Running running = new Running()) {
            byte[] whole = Files.readAllBytes(fix);
            Path changed = folder.resolve("changed.livepatch");
            Random random = new Random(11);
            for (int i = 0; i < 100; i++) {
                byte[] bytes = whole.clone();
                int at = random.nextInt(bytes.length);
                bytes[at] ^= (byte) (1 << random.nextInt(8));
                Files.write(changed, bytes);
                Said said = Said.suture("load", changed, "--on", running.target());
                assertThat(said.exitCode()).as("byte %d: %s", at, said.err()).isEqualTo(ExitCode.BAD_INPUT);
                assertThat(Said.suture("inspect", changed).exitCode()).isIn(ExitCode.DONE, ExitCode.BAD_INPUT);
            }
            assertThat(running.ask("?")).isEqualTo("2");
        }
    }

    @Test
    void whoDiesOfWhatWasLoadedIsReportedDead() throws Exception {
        Path trap = payload("trap", "answer", 1, buildId);
        String source = Files.readString(folder.resolve("trap.c"));
        Files.writeString(folder.resolve("trap.c"), source.replace("return x + more;", "(void)x; __builtin_trap();"));
        tried.compilePayload("trap");
        Process shell = new ProcessBuilder(
                        "sh", "-c", "while sleep 0.02; do echo ? || exit; done | '%s' >/dev/null".formatted(program))
                .start();
        try (Running healthy = new Running()) {
            Thread.sleep(200);
            Said said = Said.suture("load", trap, "--on", "exe:" + program, "--watch", "2", "--json");
            assertThat(said.exitCode()).isEqualTo(ExitCode.STATE_UNKNOWN);
            assertThat(said.err())
                    .containsPattern(
                            "suture: pid:\\d+ (ended( by SIGILL)?|crashed, and its core is being written) (\\d+ ms after it was patched|while it was being worked on)");
            List<String> ends = new ArrayList<>();
            said.json()
                    .path("actions")
                    .forEach(action -> ends.add(action.path("ended").asText() + " "
                            + action.path("state").asText()));
            assertThat(ends).containsExactlyInAnyOrder("UNKNOWN UNKNOWN", "DONE APPLIED");
            done(Said.suture("revert", "trap", "--on", healthy.target()));
            assertThat(healthy.ask("?")).isEqualTo("2");
        } finally {
            shell.destroyForcibly();
        }
    }

    @Test
    void whereOneDiesOfItTheOthersAreTakenBackIfAsked() throws Exception {
        Path trap = payload("bad", "answer", 1, buildId);
        String source = Files.readString(folder.resolve("bad.c"));
        Files.writeString(
                folder.resolve("bad.c"), source.replace("return x + more;", "(void)x; return *(volatile int *)8;"));
        tried.compilePayload("bad");
        Path fine = fix;
        try (Running first = new Running();
                Running dying = new Running();
                Running last = new Running()) {
            done(Said.suture("load", fine, "--on", first.target(), "--watch", "0"));
            Thread asks = dying.askedUntilItDies();
            Object[] words = {
                "--on", first.target(), dying.target(), last.target(), "--watch", "60", "--auto-revert", "--json"
            };
            Object[] load = Stream.concat(Stream.of("load", trap, "--nodeps"), Stream.of(words))
                    .toArray();
            Said said = Said.suture(load);
            asks.join();
            assertThat(said.exitCode()).as(said.err()).isEqualTo(ExitCode.STATE_UNKNOWN);
            List<String> ends = new ArrayList<>();
            said.json()
                    .path("actions")
                    .forEach(action -> ends.add(action.path("action").asText() + " "
                            + action.path("target").path("target").asText() + " "
                            + action.path("ended").asText() + " "
                            + action.path("state").asText()));
            assertThat(ends)
                    .contains(
                            "load " + first.target() + " DONE APPLIED",
                            "load " + dying.target() + " UNKNOWN UNKNOWN",
                            "revert " + first.target() + " DONE CHECKED",
                            "unload " + first.target() + " DONE ABSENT");
            assertThat(ends)
                    .as("behind the one that died it was not tried, or taken back")
                    .contains(
                            ends.contains("load " + last.target() + " DONE APPLIED")
                                    ? "unload " + last.target() + " DONE ABSENT"
                                    : "load " + last.target() + " NOT_TRIED ABSENT");
            assertThat(said.err())
                    .containsPattern(dying.target()
                            + " (ended( by SIGSEGV)?|crashed, and its core is being written)"
                            + " (\\d+ ms after it was patched|while it was being worked on)");
            assertThat(first.ask("?")).isEqualTo("1001");
            assertThat(last.ask("?")).isEqualTo("2");
        }
    }

    @Test
    void whereOneIsStuckTheOthersAreTakenBackIfAsked() throws Exception {
        Path spins = payload("spins", "answer", 1, buildId);
        String source = Files.readString(folder.resolve("spins.c"));
        Files.writeString(
                folder.resolve("spins.c"),
                source.replace("return x + more;", "(void)x; for (;;) __asm__ volatile(\"\");"));
        tried.compilePayload("spins");
        try (Running healthy = new Running();
                Running asked = new Running()) {
            asked.askedUntilItDies();
            Said said = Said.suture(
                    "load", spins, "--on", healthy.target(), asked.target(), "--watch", "2", "--auto-revert", "--json");
            assertThat(said.exitCode()).as(said.err()).isEqualTo(ExitCode.STATE_UNKNOWN);
            assertThat(said.err())
                    .containsPattern("suture: " + asked.target()
                            + " stuck: thread \\d+ \\(suture-tried\\) is in a loop of answer that"
                            + " has no way out, as was seen \\d+ ms after it was patched");
            List<String> ends = new ArrayList<>();
            said.json()
                    .path("actions")
                    .forEach(action -> ends.add(action.path("action").asText() + " "
                            + action.path("target").path("target").asText() + " "
                            + action.path("ended").asText() + " "
                            + action.path("state").asText()));
            assertThat(ends)
                    .containsExactly(
                            "load " + healthy.target() + " DONE APPLIED",
                            "load " + asked.target() + " UNKNOWN APPLIED",
                            "revert " + healthy.target() + " DONE CHECKED",
                            "unload " + healthy.target() + " DONE ABSENT");
            assertThat(healthy.ask("?")).isEqualTo("2");
        }
    }

    @Test
    void aReplacementOfWhichOneDiesIsTakenBackToWhatWasThere() throws Exception {
        Path trap = payload("worse", "answer", 1, buildId);
        String source = Files.readString(folder.resolve("worse.c"));
        Files.writeString(
                folder.resolve("worse.c"), source.replace("return x + more;", "(void)x; return *(volatile int *)8;"));
        tried.compilePayload("worse");
        try (Running first = new Running();
                Running dying = new Running()) {
            done(Said.suture("load", fix, "--on", first.target(), dying.target(), "--watch", "0"));
            done(Said.suture("upload", trap, "--on", first.target(), dying.target()));
            Thread asks = dying.askedUntilItDies();
            Said said = Said.suture(
                    "replace",
                    "worse",
                    "--on",
                    first.target(),
                    dying.target(),
                    "--watch",
                    "60",
                    "--set",
                    "more=3",
                    "--auto-revert");
            asks.join();
            assertThat(said.exitCode()).as(said.err()).isEqualTo(ExitCode.STATE_UNKNOWN);
            assertThat(said.out())
                    .contains(first.target() + ": revert worse: done, now checked")
                    .contains(first.target() + ": apply fix: done, now applied");
            assertThat(first.ask("?")).isEqualTo("1001");
        }
    }

    @Test
    void whoIsNotWatchedIsNotTakenBack() {
        Said said = Said.suture("load", fix, "--on", "pid:1", "--watch", "0", "--auto-revert");
        assertThat(said.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(said.err()).contains("with --watch 0 nobody looks what becomes of the targets");
    }

    @Test
    void whoIsDeadIsNotReportedDoneThoughNobodyWatches() throws Exception {
        Path trap = payload("instant", "answer", 1, buildId);
        String source = Files.readString(folder.resolve("instant.c"));
        Files.writeString(
                folder.resolve("instant.c"), source.replace("return x + more;", "(void)x; __builtin_trap();"));
        tried.compilePayload("instant");
        for (int i = 0; i < 5; i++) {
            Process shell = new ProcessBuilder("sh", "-c", "yes | '%s' >/dev/null".formatted(program)).start();
            try {
                while (Said.suture("list", "--on", "exe:" + program).exitCode() != ExitCode.DONE) {
                    Thread.sleep(5);
                }
                Said said = Said.suture("load", trap, "--on", "exe:" + program, "--watch", "0", "--json");
                JsonNode action = said.json().path("actions").path(0);
                assertThat(said.exitCode() + " " + action.path("ended").asText() + " "
                                + action.path("state").asText())
                        .isIn("STATE_UNKNOWN UNKNOWN UNKNOWN", "DONE DONE APPLIED");
            } finally {
                List<ProcessHandle> below = shell.descendants().toList();
                shell.destroyForcibly();
                below.forEach(ProcessHandle::destroyForcibly);
            }
        }
    }

    @Test
    void whoHasEndedIsLeftOutAndWhoCannotBeSeenIsNamed() throws Exception {
        try (Running running = new Running()) {
            Said said = Said.suture("list", "--on", running.target(), "--on", "pid:2", "--json");
            if (Files.exists(Path.of("/proc/2"))) {
                assertThat(said.exitCode()).isEqualTo(ExitCode.BAD_INPUT);
                assertThat(said.json().path("targets")).hasSize(2);
                assertThat(said.json().path("targets").path(1).path("problem").asText())
                        .contains("process 2: ");
            }
            assertThat(said.json().path("targets").path(0).path("problem").isNull())
                    .isTrue();
        }
    }

    /** A program that is no child of this JVM, which waits for its own children. */
    private static final class Running implements AutoCloseable {
        private final Process shell;
        private final BufferedReader answers;
        private final String pid;

        Running() throws IOException {
            shell = new ProcessBuilder("sh", "-c", "exec 3<&0; '%s' <&3 & echo $!; wait".formatted(program)).start();
            answers = shell.inputReader();
            pid = answers.readLine();
            // The shell tells the number before its child has become the program.
            assertThat(ask("?")).isEqualTo("2");
        }

        String target() {
            return "pid:" + pid;
        }

        String ask(String what) {
            try {
                shell.getOutputStream().write((what + "\n").getBytes());
                shell.getOutputStream().flush();
                return answers.readLine();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        Thread askedUntilItDies() {
            Thread asks = new Thread(() -> {
                try {
                    while (ask("?") != null) {
                        Thread.onSpinWait();
                    }
                } catch (UncheckedIOException died) {
                    assertThat(died).isNotNull();
                }
            });
            asks.start();
            return asks;
        }

        @Override
        public void close() {
            ProcessHandle.of(Long.parseLong(pid)).ifPresent(ProcessHandle::destroyForcibly);
            shell.destroyForcibly();
        }
    }

    /** How a command ended and what it said. */
    private static void done(Said said) {
        assertThat(said.exitCode()).as(said.toString()).isEqualTo(ExitCode.DONE);
    }

    @Test
    void eachVerbDoesItsStepAndSaysTheSameThingsInJson() throws Exception {
        try (Running running = new Running()) {
            String on = running.target();
            for (String[] step : new String[][] {
                {"upload", fix.toString(), "CHECKED", "2"},
                {"apply", "fix", "APPLIED", "1001"},
                {"revert", "fix", "CHECKED", "2"},
                {"apply", "fix", "APPLIED", "1001"},
                {"revert", "fix", "CHECKED", "2"},
                {"unload", "fix", "ABSENT", "2"},
                {"load", fix.toString(), "APPLIED", "1001"},
            }) {
                Said said = Said.suture(step[0], step[1], "--on", on, "--json");
                done(said);
                JsonNode report = said.json().path("actions").path(0);
                assertThat(report.fieldNames()).toIterable().containsExactly(FIELDS);
                assertThat(report.path("action").asText()).isEqualTo(step[0]);
                assertThat(report.path("payload").asText()).isEqualTo("fix");
                assertThat(report.path("target").path("target").asText()).isEqualTo(on);
                assertThat(report.path("target").path("what").asText()).isEqualTo(program.toString());
                assertThat(report.path("ended").asText()).isEqualTo("DONE");
                assertThat(report.path("state").asText()).isEqualTo(step[2]);
                assertThat(report.path("stoppedMicros").asLong()).isPositive();
                assertThat(report.path("waitedMicros").asLong()).isPositive();
                assertThat(report.path("attempts").asInt()).isPositive();
                assertThat(report.path("refusals")).isEmpty();
                assertThat(running.ask("?")).as(String.join(" ", step)).isEqualTo(step[3]);
            }
            done(Said.suture("upload", other, "--on", on));
            done(Said.suture("replace", "other", "--on", on));
            assertThat(running.ask("?")).isEqualTo("2001");
        }
    }

    @Test
    void aPersonReadsOneLineForEachTarget() throws Exception {
        try (Running running = new Running()) {
            Said said = Said.suture("load", fix, "--on", running.target());
            assertThat(said.out())
                    .matches(
                            "pid:\\d+: load fix: done, now applied, stopped for \\d+\\.\\d{3} ms( at attempt \\d+)?\\R");
            assertThat(Said.suture("list", "--on", running.target()).out())
                    .matches("pid:\\d+ \\S+suture-tried: 1 payloads\\R  fix +applied  answer\\R");
            assertThat(Said.suture("status", "fix", "--on", running.target()).out())
                    .contains("fix applied")
                    .contains("replaces answer")
                    .contains("on top of " + buildId)
                    .contains("author=somebody");
        }
    }

    @Test
    void listAndStatusTellInJsonWhatThereIs() throws Exception {
        try (Running running = new Running()) {
            done(Said.suture(
                    "load", fix, "--on", running.target(), "--name", "renamed", "--in-place", "--set", "more=5"));
            assertThat(running.ask("?")).isEqualTo("6");
            JsonNode listed = Said.suture("list", "--on", running.target(), "--json")
                    .json()
                    .path("targets")
                    .path(0);
            assertThat(listed.path("target").path("what").asText()).isEqualTo(program.toString());
            assertThat(listed.path("target").path("buildId").asText()).isEqualTo(buildId);
            JsonNode payload = listed.path("payloads").path(0);
            assertThat(payload.fieldNames())
                    .toIterable()
                    .containsExactly("name", "state", "buildId", "depends", "functions", "inPlace", "metadata");
            assertThat(payload.path("name").asText()).isEqualTo("renamed");
            assertThat(payload.path("inPlace").path(0).asText()).isEqualTo("answer");
            assertThat(payload.path("metadata").path("author").path(0).asText()).isEqualTo("somebody");
            JsonNode status = Said.suture("status", "renamed", "--on", running.target(), "--json")
                    .json()
                    .path("targets")
                    .path(0);
            assertThat(status.path("state").asText()).isEqualTo("APPLIED");
            assertThat(status.path("target")).isEqualTo(listed.path("target"));
            assertThat(status.path("payload")).isEqualTo(payload);
            assertThat(Said.suture("status", "nothing", "--on", running.target())
                            .out())
                    .contains("nothing absent");
        }
    }

    @Test
    void allProcessesOfAFileOrOfANameAreFoundEachOnce() throws Exception {
        try (Running first = new Running();
                Running second = new Running();
                Running third = new Running()) {
            List<Running> all = List.of(first, second, third);
            Said said =
                    Said.suture("load", fix, "--on", "exe:" + program, "name:suture-tried", first.target(), "--json");
            done(said);
            List<String> targets = new ArrayList<>();
            said.json()
                    .path("actions")
                    .forEach(action ->
                            targets.add(action.path("target").path("target").asText()));
            assertThat(targets)
                    .containsExactlyInAnyOrderElementsOf(
                            all.stream().map(Running::target).toList());
            all.forEach(running -> assertThat(running.ask("?")).isEqualTo("1001"));

            Path relative = Path.of("").toAbsolutePath().relativize(program.toAbsolutePath());
            Said reverted = Said.suture("revert", "fix", "--on", "exe:" + relative);
            done(reverted);
            assertThat(reverted.out().lines()).hasSize(3).allMatch(line -> line.contains("done, now checked, stopped"));
            all.forEach(running -> assertThat(running.ask("?")).isEqualTo("2"));
        }
    }

    @Test
    void onSeveralProcessesOneThatCannotLeavesTheOthersPatchedOrIfAskedAsTheyWere() throws Exception {
        try (Running first = new Running();
                Running second = new Running()) {
            second.ask("busy");
            Object[] load = {"load", stuck, "--on", first.target(), "--on", second.target(), "--timeout", "1", "--json"
            };
            Said said = Said.suture(load);
            assertThat(said.exitCode()).isEqualTo(ExitCode.TIMED_OUT);
            assertThat(said.json().path("actions").path(0).path("state").asText())
                    .isEqualTo("APPLIED");
            assertThat(said.json().path("actions").path(1).path("state").asText())
                    .isEqualTo("ABSENT");
            assertThat(said.err()).contains("will return into busy");
            done(Said.suture("revert", "stuck", "--on", first.target()));
            done(Said.suture("unload", "stuck", "--on", first.target()));

            List<Object> together = new ArrayList<>(List.of(load));
            together.add("--all-or-nothing");
            said = Said.suture(together.toArray());
            assertThat(said.exitCode()).isEqualTo(ExitCode.TIMED_OUT);
            List<String> actions = new ArrayList<>();
            said.json()
                    .path("actions")
                    .forEach(action -> actions.add(action.path("action").asText() + " "
                            + action.path("ended").asText()));
            assertThat(actions).containsExactly("load DONE", "load TIMED_OUT", "revert DONE", "unload DONE");

            said = Said.suture(
                    "load",
                    stuck,
                    "--on",
                    second.target(),
                    "--on",
                    first.target(),
                    "--timeout",
                    "1",
                    "--all-or-nothing",
                    "--json");
            assertThat(said.exitCode()).isEqualTo(ExitCode.TIMED_OUT);
            assertThat(said.json().path("actions").path(1).path("ended").asText())
                    .isEqualTo("NOT_TRIED");
            assertThat(said.json().path("actions").path(1).path("state").asText())
                    .isEqualTo("ABSENT");
            assertThat(Said.suture("list", "--on", first.target()).out()).contains("no payloads");
        }
    }

    @Test
    void threadsInOneFunctionAreNamedTogether() throws Exception {
        try (Running running = new Running()) {
            for (int i = 0; i < 12; i++) {
                running.ask("busy");
            }
            Said said = Said.suture("load", stuck, "--on", running.target(), "--timeout", "1", "--json");
            assertThat(said.exitCode()).isEqualTo(ExitCode.TIMED_OUT);
            assertThat(said.json().path("actions").path(0).path("refusals")).hasSize(1);
            assertThat(said.err())
                    .containsOnlyOnce("pid ")
                    .contains("12 threads are in busy or may return into it; one of them: thread ");
        }
    }

    /** Each of them leaves now and then, and is back soon. */
    @Test
    void threadsThatComeAndGoAreNamedTogether() throws Exception {
        Path often = payload("often", "now_and_then", 1, buildId);
        try (Running running = new Running()) {
            for (int i = 0; i < 12; i++) {
                running.ask("often");
            }
            Said said = Said.suture("load", often, "--on", running.target(), "--timeout", "1");
            assertThat(said.exitCode()).as(said.toString()).isEqualTo(ExitCode.TIMED_OUT);
            assertThat(said.err())
                    .containsOnlyOnce("pid ")
                    .containsPattern("refused: ([2-9]|1[0-2]) threads (at a time were|are) in now_and_then or m");
        }
    }

    @Test
    void whoIsNotWhatWasAskedForIsLeftOutOfAList() throws Exception {
        Process changing = new ProcessBuilder(
                        "bash", "-c", "exec -a suture-forks bash -c 'while :; do sleep 0.01 & sleep 0.005; done'")
                .start();
        try {
            for (int i = 0; i < 5; i++) {
                Said said = Said.suture("list", "--on", "exe:/bin/sleep", "--json");
                assertThat(said.err()).isIn("", "suture: exe:/bin/sleep: no process that may be looked at is that\n");
            }
        } finally {
            changing.descendants().forEach(ProcessHandle::destroyForcibly);
            changing.destroyForcibly();
        }
    }

    @Test
    void eachKindOfFailureHasItsExitCode() throws Exception {
        try (Running running = new Running()) {
            String on = running.target();
            running.ask("busy");
            assertThat(Said.suture("load", fix, "--on", on, "--policy", "hope").exitCode())
                    .isEqualTo(ExitCode.USAGE);
            assertThat(Said.suture("load", fix, "--on", on, "--timeout", "0").exitCode())
                    .isEqualTo(ExitCode.USAGE);
            assertThat(Said.suture("load", fix).exitCode()).isEqualTo(ExitCode.USAGE);
            assertThat(Said.suture("apply", "fix", "--on", on).exitCode()).isEqualTo(ExitCode.REFUSED);
            assertThat(Said.suture("load", stuck, "--on", on, "--timeout", "1").exitCode())
                    .isEqualTo(ExitCode.TIMED_OUT);
            assertThat(Said.suture("load", folder.resolve("none.livepatch"), "--on", on)
                            .exitCode())
                    .isEqualTo(ExitCode.BAD_INPUT);
            assertThat(Said.suture("load", program, "--on", on).exitCode()).isEqualTo(ExitCode.BAD_INPUT);
            assertThat(Said.suture("load", fix, "--on", "name:nobody-is-called-this")
                            .exitCode())
                    .isEqualTo(ExitCode.BAD_INPUT);
            Path stacked = payload("stacked", "answer", 7, "00".repeat(20));
            Said refused = Said.suture("load", stacked, "--on", on);
            assertThat(refused.exitCode()).isEqualTo(ExitCode.REFUSED);
            assertThat(refused.err()).contains("it is to be stacked on 00").contains("--nodeps");
            assertThat(Said.suture("list", "--on", on).out()).contains("no payloads");
            done(Said.suture("load", stacked, "--on", on, "--nodeps"));
            assertThat(running.ask("?")).isEqualTo("8");
            done(Said.suture("load", stuck, "--on", on, "--policy", "bytes", "--nodeps"));
        }
    }

    @Test
    void aPayloadOfARelativePathIsNamedLikeTheFile() throws Exception {
        try (Running running = new Running()) {
            Path relative = Path.of("").toAbsolutePath().relativize(fix.toAbsolutePath());
            assertThat(relative.isAbsolute()).isFalse();
            assertThat(Said.suture("upload", relative, "--on", running.target()).out())
                    .contains("upload fix: done");
        }
    }

    @Test
    void commandsAtTheSameTimeOnOneProcessTakeTurns() throws Exception {
        try (Running running = new Running();
                var threads = Executors.newFixedThreadPool(3)) {
            String on = running.target();
            List<CompletableFuture<List<Said>>> all = new ArrayList<>();
            for (String name : List.of("a", "b", "c")) {
                Path own = payload("own" + name, "answer", name.charAt(0), buildId);
                all.add(CompletableFuture.supplyAsync(
                        () -> {
                            List<Said> said = new ArrayList<>();
                            for (int i = 0; i < 4; i++) {
                                said.add(Said.suture("upload", own, "--on", on, "--name", name));
                                said.add(Said.suture("status", name, "--on", on));
                                said.add(Said.suture("unload", name, "--on", on));
                            }
                            return said;
                        },
                        threads));
            }
            for (CompletableFuture<List<Said>> one : all) {
                assertThat(one.get()).allSatisfy(TargetCommandsTest::done);
                assertThat(one.get().stream()
                                .map(Said::out)
                                .filter(out -> out.contains("absent\n"))
                                .collect(Collectors.toList()))
                        .as("a status between upload and unload")
                        .isEmpty();
            }
            assertThat(running.ask("?")).isEqualTo("2");
            assertThat(Said.suture("list", "--on", on).out()).contains("no payloads");
        }
    }
}
