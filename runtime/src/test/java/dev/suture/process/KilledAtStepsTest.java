package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.LoadedPayload;
import dev.suture.target.State;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Killed at each single step of all actions, each time that it comes: the program throws, answers, and can be patched and
 * unpatched.
 */
@Tag("harm")
class KilledAtStepsTest {
    private static final boolean IS_LONG = "1".equals(System.getenv("SUTURE_LONG_TESTS"));
    private static final int MOST_TIMES = IS_LONG ? 1000 : 1;
    /** Where it was wrong once, or may be most easily. */
    private static final Set<Step> IN_SHORT = EnumSet.of(
            Step.COPY_WRITTEN,
            Step.MEMORY_MAPPED,
            Step.UNWINDER_TOLD,
            Step.PAGES_WRITTEN,
            Step.CODE_CHANGED,
            Step.UNWINDER_FORGOT,
            Step.MEMORY_GIVEN_BACK);

    private static final int LONGEST_SECONDS = 30;

    private static final String REPLACEMENT = """
            extern "C" void fails(int);
            extern "C" int inner(int);
            struct Sees { ~Sees() { __asm__ volatile("" ::: "memory"); } };
            extern "C" int new_inner(int x) { Sees sees; fails(x); return x + 1001; }
            extern "C" int new_outer(int x) { Sees sees; return inner(x) + 10010; }
            REPLACES(new_inner, "inner");
            REPLACES(new_outer, "outer");
            """;

    @TempDir
    private static Path folder;

    @Test
    void afterAKillAtAnyStepTheProgramLivesAndTheNextCommandGoesOn() throws Exception {
        Path binary = Program.compile(folder, "steps.cc", "steps");
        Payload payload = Program.payloadOf(folder, "stepped.cc", REPLACEMENT, binary, "");
        for (Step step : IS_LONG ? EnumSet.allOf(Step.class) : IN_SHORT) {
            int times = 1;
            while (times <= MOST_TIMES && isKilled(binary, payload, step + ":" + times)) {
                times++;
            }
            assertThat(times).as("how often %s comes, and one more", step).isGreaterThan(1);
        }
    }

    private boolean isKilled(Path binary, Payload payload, String where) throws Exception {
        try (Program program = Program.start(binary)) {
            throwsThrough(program, where);
            boolean isKilled = endOf(program.pid(), where) == Victim.STATUS;
            throwsThrough(program, where);
            ProcessTarget target = program.target();
            List<LoadedPayload> payloads = target.payloads();
            boolean isApplied = payloads.stream().anyMatch(loaded -> loaded.state() == State.APPLIED);
            assertThat(program.ask("calls 1")).as(where).isEqualTo(isApplied ? "11012" : "12");
            if (isApplied) {
                ProcessTargetTest.done(target.revert("victim", ApplyOptions.DEFAULT));
                throwsThrough(program, where);
            }
            if (!payloads.isEmpty()) {
                ProcessTargetTest.done(target.unload("victim", ApplyOptions.DEFAULT));
                throwsThrough(program, where);
            }
            ScenariosTest.load(target, "next", payload);
            throwsThrough(program, where);
            assertThat(program.ask("calls 1")).as(where).isEqualTo("11012");
            ProcessTargetTest.done(target.revert("next", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(target.unload("next", ApplyOptions.DEFAULT));
            throwsThrough(program, where);
            assertThat(program.ask("calls 1")).as(where).isEqualTo("12");
            return isKilled;
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("killed at " + where, e);
        }
    }

    private static void throwsThrough(Program program, String where) {
        assertThat(program.ask("calls 5")).as(where).startsWith("caught 5, cleaned ");
    }

    private static int endOf(int pid, String where) throws Exception {
        String classes = String.join(
                File.pathSeparator,
                System.getProperty("java.class.path"),
                "target/classes",
                "target/test-classes",
                "../core/target/classes");
        Path said = folder.resolve("victim.txt");
        Process victim = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        classes,
                        "dev.suture.process.Victim",
                        String.valueOf(pid),
                        folder.resolve("stepped.livepatch").toString(),
                        where)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.to(said.toFile()))
                .start();
        assertThat(victim.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)).as(where).isTrue();
        assertThat(victim.exitValue()).as(Files.readString(said)).isIn(0, Victim.STATUS);
        return victim.exitValue();
    }
}
