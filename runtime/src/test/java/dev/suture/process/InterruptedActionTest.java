package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import dev.suture.engine.ActionReport;
import dev.suture.engine.Actions;
import dev.suture.engine.Verb;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.LoadedPayload;
import dev.suture.target.Outcome;
import dev.suture.target.State;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a user's Ctrl-C does to an action: it is done, or it is not, and what is said about it is true. */
@Tag("threads")
class InterruptedActionTest {
    private static final int ROUNDS = 60;
    private static final long SEED = 20;
    private static final int LATEST_NANOS = 12_000_000;

    @TempDir
    private static Path folder;

    private static Path binary;
    private static Payload payload;

    @BeforeAll
    static void compile() throws IOException {
        binary = Program.compile(folder, "faults.c", "faults", "-ldl");
        String replacement = "int new_answer(int x) { return x + 1000; } REPLACES(new_answer, \"answer\");";
        payload = Program.payloadOf(folder, "replacement.c", replacement, binary, "");
    }

    @AfterEach
    void clearInterruption() {
        Thread.interrupted();
    }

    private static State state(ProcessTarget target) {
        return target.payloads().stream().map(LoadedPayload::state).findFirst().orElse(State.ABSENT);
    }

    @Test
    void nothingIsDoneForAUserWhoHasInterrupted() throws Exception {
        try (Program program = Program.start(binary)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("p", payload));
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> target.apply("p", ApplyOptions.DEFAULT))
                    .hasMessageContaining("process %d: interrupted before the change was made", program.pid());
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
            assertThat(state(target)).isEqualTo(State.CHECKED);
            assertThat(Thread.interrupted()).isTrue();
            ProcessTargetTest.done(target.apply("p", ApplyOptions.DEFAULT));
            Thread.currentThread().interrupt();
            assertThat(state(target)).isEqualTo(State.APPLIED);
        }
    }

    @Test
    void whatIsSaidIsTrueWheneverTheUserInterrupts() throws Exception {
        SplittableRandom random = new SplittableRandom(SEED);
        int interrupted = 0;
        try (Program program = Program.start(binary)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("p", payload));
            boolean isApplied = false;
            for (int i = 0; i < ROUNDS; i++) {
                try {
                    Outcome outcome = interrupting(random.nextInt(LATEST_NANOS), target, !isApplied);
                    assertThat(outcome).isInstanceOf(Outcome.Done.class);
                    isApplied = !isApplied;
                } catch (LivePatchException e) {
                    assertThat(e).hasMessageContaining("interrupted");
                    interrupted++;
                }
                assertThat(state(target)).isEqualTo(isApplied ? State.APPLIED : State.CHECKED);
                assertThat(program.ask("answer")).isEqualTo(isApplied ? "1001" : "2");
            }
        }
        assertThat(interrupted).as("how often it was in time").isPositive();
    }

    private static Outcome interrupting(int afterNanos, ProcessTarget target, boolean applies)
            throws InterruptedException {
        Thread worker = Thread.currentThread();
        Thread user = Thread.ofPlatform().start(() -> {
            LockSupport.parkNanos(afterNanos);
            worker.interrupt();
        });
        try {
            return applies ? target.apply("p", ApplyOptions.DEFAULT) : target.revert("p", ApplyOptions.DEFAULT);
        } finally {
            while (user.isAlive()) {
                Thread.onSpinWait();
            }
            Thread.interrupted();
        }
    }

    @Test
    void theTargetsBehindAreNotTriedAndNothingIsLeftLyingThere() throws Exception {
        try (Program first = Program.start(binary);
                Program second = Program.start(binary)) {
            Thread.currentThread().interrupt();
            List<ActionReport> reports = new Actions(ApplyOptions.DEFAULT)
                    .run(Verb.LOAD, "p", Optional.of(payload), List.of(first.target(), second.target()), false);
            Thread.interrupted();
            assertThat(reports)
                    .extracting(ActionReport::ended)
                    .containsExactly(ActionReport.Ended.FAILED, ActionReport.Ended.NOT_TRIED);
            assertThat(reports).extracting(ActionReport::state).containsOnly(State.ABSENT);
            assertThat(state(first.target())).isEqualTo(State.ABSENT);
            assertThat(state(second.target())).isEqualTo(State.ABSENT);
        }
    }
}
