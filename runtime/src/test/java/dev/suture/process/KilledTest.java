package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.target.ApplyOptions;
import dev.suture.target.LoadedPayload;
import dev.suture.target.State;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever kills Suture leaves a program that is patched or not, and lives. */
@Tag("harm")
class KilledTest {
    private static final boolean IS_LONG = "1".equals(System.getenv("SUTURE_LONG_TESTS"));
    private static final int KILLS = IS_LONG ? 500 : 25;
    private static final int LATEST_MILLIS = 40;
    /** Most of them are in calls that a mere stop would end with EINTR. */
    private static final int WAITING = 64;

    private static final String ONE_PAGE = """
            int new_answer(int x) { return x + 1000; }
            int new_tail(int x) { return x + 5000; }
            REPLACES(new_answer, "answer");
            REPLACES(new_tail, "tail");
            """;
    private static final String SEVERAL_PAGES = """
            int new_distant(int x) { return x + 5000; }
            REPLACES(new_distant, "distant");
            """;
    private static final long LONGEST_WATCH_NANOS = 1_000_000_000;

    @TempDir
    private Path folder;

    @Test
    void afterAKillAtAnyMomentTheProgramIsPatchedOrNotAndTheNextCommandGoesOn() throws Exception {
        Path server = Program.compile(folder, "server.c", "server");
        Program.payloadOf(folder, "page.c", ONE_PAGE, server, "");
        Program.payloadOf(folder, "pages.c", ONE_PAGE + SEVERAL_PAGES, server, "");
        Random random = new Random(1);
        int applied = 0;
        try (Program program = Program.start(server)) {
            program.ask("loops 2");
            program.ask("waits " + WAITING);
            ProcessTarget target = program.target();
            for (int i = 0; i < KILLS; i++) {
                killOne(program.pid(), random, i % 2 == 0, i % 4 < 2 ? "page" : "pages");
                String answer = program.ask("answer");
                assertThat(answer + " " + program.ask("tail") + " " + program.ask("distant"))
                        .as("kill %d", i)
                        .isIn("2 10 10", i % 4 < 2 ? "1001 5005 10" : "1001 5005 5005");
                List<LoadedPayload> payloads = target.payloads();
                boolean isApplied = !payloads.isEmpty() && payloads.getFirst().state() == State.APPLIED;
                assertThat(isApplied).as("kill %d", i).isEqualTo(answer.equals("1001"));
                if (isApplied) {
                    applied++;
                    ProcessTargetTest.done(target.revert("victim", ApplyOptions.DEFAULT));
                }
                if (!payloads.isEmpty()) {
                    ProcessTargetTest.done(target.unload("victim", ApplyOptions.DEFAULT));
                }
            }
            assertThat(program.number("wrong")).isZero();
            assertThat(program.number("errors")).isZero();
            assertThat(program.number("rounds")).isPositive();
        }
        assertThat(applied).as("kills that left it patched").isPositive();
    }

    private void killOne(int pid, Random random, boolean isInStop, String payload) throws Exception {
        String classes =
                String.join(File.pathSeparator, "target/classes", "target/test-classes", "../core/target/classes");
        Process victim = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classes,
                        "dev.suture.process.Victim",
                        String.valueOf(pid),
                        folder.resolve(payload + ".livepatch").toString())
                .redirectError(
                        ProcessBuilder.Redirect.to(folder.resolve("victim.txt").toFile()))
                .start();
        assertThat(victim.inputReader().readLine())
                .as(Files.readString(folder.resolve("victim.txt")))
                .isEqualTo("going");
        long nanos = random.nextLong(LATEST_MILLIS * 1_000_000L);
        Thread.sleep(nanos / 1_000_000, (int) (nanos % 1_000_000));
        if (isInStop) {
            awaitStop(pid);
        }
        victim.destroyForcibly();
        victim.waitFor();
        assertThat(Files.readString(folder.resolve("victim.txt"))).isEmpty();
    }

    // Half of the kills come when threads are known to be stopped, which is rare otherwise.
    private static void awaitStop(int pid) throws IOException {
        int last = Arrays.stream(new File("/proc/" + pid + "/task").list())
                .mapToInt(Integer::parseInt)
                .max()
                .orElseThrow();
        Path status = Path.of("/proc/" + pid + "/task/" + last + "/stat");
        long end = System.nanoTime() + LONGEST_WATCH_NANOS;
        while (System.nanoTime() < end && !Files.readString(status).contains(") t ")) {
            Thread.onSpinWait();
        }
    }
}
