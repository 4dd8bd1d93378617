package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.target.ApplyOptions;
import dev.suture.target.LoadedPayload;
import dev.suture.target.State;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever kills Suture leaves a program that is patched or not, and lives. */
class KilledTest {
    private static final boolean IS_LONG = "1".equals(System.getenv("SUTURE_LONG_TESTS"));
    private static final int KILLS = IS_LONG ? 500 : 25;
    private static final int LATEST_MILLIS = 40;

    @TempDir
    private Path folder;

    @Test
    void afterAKillAtAnyMomentTheProgramIsPatchedOrNotAndTheNextCommandGoesOn() throws Exception {
        Path server = Program.compile(folder, "server.c", "server");
        Program.payloadOf(folder, "two.c", """
                int new_answer(int x) { return x + 1000; }
                int new_tail(int x) { return x + 5000; }
                REPLACES(new_answer, "answer");
                REPLACES(new_tail, "tail");
                """, server, "");
        Random random = new Random(1);
        int applied = 0;
        try (Program program = Program.start(server)) {
            program.ask("loops 2");
            program.ask("waits 8");
            ProcessTarget target = program.target();
            for (int i = 0; i < KILLS; i++) {
                killOne(program.pid(), random);
                String answer = program.ask("answer");
                assertThat(answer + " " + program.ask("tail")).as("kill %d", i).isIn("2 10", "1001 5005");
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
            // A call that was interrupted and not yet told to go on when its tracer was killed ends with EINTR.
            assertThat(program.number("errors")).isLessThan(2 * KILLS);
            assertThat(program.number("rounds")).isPositive();
        }
        assertThat(applied).as("kills that left it patched").isPositive();
    }

    private void killOne(int pid, Random random) throws Exception {
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
                        folder.resolve("two.livepatch").toString())
                .redirectError(
                        ProcessBuilder.Redirect.to(folder.resolve("victim.txt").toFile()))
                .start();
        assertThat(victim.inputReader().readLine())
                .as(Files.readString(folder.resolve("victim.txt")))
                .isEqualTo("going");
        long nanos = random.nextLong(LATEST_MILLIS * 1_000_000L);
        Thread.sleep(nanos / 1_000_000, (int) (nanos % 1_000_000));
        victim.destroyForcibly();
        victim.waitFor();
        assertThat(Files.readString(folder.resolve("victim.txt"))).isEmpty();
    }
}
