package dev.suture.process;

import static dev.suture.process.ProcessTargetTest.done;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.Refusal;
import dev.suture.engine.Actions;
import dev.suture.engine.Follow;
import dev.suture.engine.Follow.Wanted;
import dev.suture.engine.FollowEvent;
import dev.suture.engine.FollowEvent.Kind;
import dev.suture.engine.Verb;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.LiveTarget;
import dev.suture.target.State;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Payloads that are kept applied in programs that come, go and change. */
@Tag("harm")
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FollowTest {
    private static final Duration INTERVAL = Duration.ofMillis(20);
    private static final int PATIENCE_SECONDS = 20;

    @TempDir
    static Path folder;

    private static Path binary;
    private static Wanted fix;

    @BeforeAll
    static void compile() {
        binary = Program.compile(folder, "followed.c", "followed", "-ldl");
        Program.compile(folder, "plugin.c", "plugin.so", "-shared", "-fPIC");
        String text = "int fixed(int x) { return x + 1000; } REPLACES(fixed, \"answer\");";
        fix = new Wanted("fix", Program.payloadOf(folder, "fix.c", text, binary, ""));
    }

    /** A follower at work. */
    private static final class Following implements AutoCloseable {
        private final List<FollowEvent> events = new CopyOnWriteArrayList<>();
        private final FutureTask<Follow.End> task;
        private final Thread thread;

        Following(String target, Wanted... wanted) {
            Supplier<FindProcesses.Found> found = FindProcesses.whenever(target, Owners.CALLER);
            Supplier<List<LiveTarget>> targets = () -> List.copyOf(found.get().meant());
            Follow follow = new Follow(
                    List.of(wanted), targets, ApplyOptions.DEFAULT, INTERVAL, Duration.ofMillis(100), events::add);
            task = new FutureTask<>(() -> follow.run(() -> target.startsWith("pid:")));
            thread = new Thread(task);
            thread.start();
        }

        long count(Kind kind) {
            return events.stream().filter(event -> event.event() == kind).count();
        }

        void await(Kind kind, int count) throws InterruptedException {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (count(kind) < count) {
                assertThat(System.nanoTime()).as(events.toString()).isLessThan(end);
                Thread.sleep(5);
            }
        }

        Follow.End end() throws Exception {
            return task.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }

        void interrupt() {
            thread.interrupt();
        }

        @Override
        public void close() {
            interrupt();
            while (thread.isAlive()) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void whoStartsLaterOrStartsItselfAnewIsPatched() throws Exception {
        Path own = Files.copy(binary, folder.resolve("starts"));
        try (Following following = new Following("exe:" + own, fix);
                Program first = Program.start(own)) {
            following.await(Kind.PATCHED, 1);
            assertThat(first.ask("?")).isEqualTo("1001");
            for (int i = 2; i < 5; i++) {
                assertThat(first.ask("exec")).isEqualTo("ready");
                following.await(Kind.PATCHED, i);
                assertThat(first.ask("?")).isEqualTo("1001");
            }
            try (Program second = Program.start(own)) {
                following.await(Kind.PATCHED, 5);
                assertThat(second.ask("?")).isEqualTo("1001");
            }
            following.interrupt();
            assertThat(following.end()).isEqualTo(Follow.End.INTERRUPTED);
            assertThat(following.events.getFirst().event()).isEqualTo(Kind.STARTED);
            assertThat(following.events.getLast().event()).isEqualTo(Kind.STOPPED);
            assertThat(following.count(Kind.FAILED)).isZero();
            assertThat(first.ask("?")).isEqualTo("1001");
        }
    }

    @Test
    void aLibraryThatIsOpenedAgainIsPatchedAgain() throws Exception {
        String text = "int part(int x) { return x + 5000; } REPLACES(part, \"outer_part\");";
        Payload payload = Program.payloadOf(folder, "part.c", text, folder.resolve("plugin.so"), "");
        try (Program program = Program.start(binary);
                Following following = new Following("pid:" + program.pid(), fix, new Wanted("part", payload))) {
            following.await(Kind.PATCHED, 2);
            assertThat(program.ask("library")).isEqualTo("5001");
            for (int i = 3; i < 6; i++) {
                assertThat(program.ask("reopen")).isEqualTo("reopened");
                following.await(Kind.PATCHED, i);
                assertThat(program.ask("library")).isEqualTo("5001");
            }
            assertThat(program.ask("?")).isEqualTo("1001");
            assertThat(following.count(Kind.FAILED)).isZero();
            ProcessHandle.of(program.pid()).ifPresent(ProcessHandle::destroyForcibly);
            assertThat(following.end()).isEqualTo(Follow.End.NOTHING_LEFT);
        }
    }

    @Test
    void whoLoadsOnceIsToldThatTheProgramStartsAnewOrClosesTheLibrary() throws Exception {
        String text = "int told(int x) { return x + 5000; } REPLACES(told, \"outer_part\");";
        Payload payload = Program.payloadOf(folder, "told.c", text, folder.resolve("plugin.so"), "");
        try (Program program = Program.start(binary)) {
            Actions actions = new Actions(ApplyOptions.DEFAULT, Duration.ofMillis(50));
            assertThat(load(actions, program, "fix", fix.payload())).isEmpty();
            assertThat(load(actions, program, "told", payload))
                    .singleElement()
                    .extracting(Refusal::text)
                    .asString()
                    .contains("plugin.so was opened by the program after it had started")
                    .contains("suture follow");
            done(program.target().revert("told", ApplyOptions.DEFAULT));
            done(program.target().unload("told", ApplyOptions.DEFAULT));
            done(program.target().revert("fix", ApplyOptions.DEFAULT));
            done(program.target().unload("fix", ApplyOptions.DEFAULT));
            assertThat(program.ask("child")).isEqualTo("started");
            assertThat(load(actions, program, "fix", fix.payload()))
                    .singleElement()
                    .extracting(Refusal::text)
                    .asString()
                    .contains("a child of it has executed its program again");
        }
    }

    private static List<Refusal> load(Actions actions, Program program, String name, Payload payload) {
        return actions.run(Verb.LOAD, name, Optional.of(payload), List.of(program.target()), false)
                .getFirst()
                .refusals();
    }

    @Test
    void whatSomebodyTookOutIsLeftAlone() throws Exception {
        try (Program program = Program.start(binary);
                Following following = new Following("pid:" + program.pid(), fix)) {
            following.await(Kind.PATCHED, 1);
            done(program.target().revert("fix", ApplyOptions.DEFAULT));
            following.await(Kind.LEFT_ALONE, 1);
            done(program.target().unload("fix", ApplyOptions.DEFAULT));
            Thread.sleep(200);
            assertThat(program.target().payloads()).isEmpty();
            assertThat(following.count(Kind.LEFT_ALONE)).isOne();
            assertThat(following.count(Kind.PATCHED)).isOne();
        }
    }

    @Test
    void whatCannotBeLoadedIsTriedLessAndLessOften() throws Exception {
        String other = "00".repeat(20);
        String text = "int stacked(int x) { return x + 7; } REPLACES(stacked, \"answer\");";
        Wanted refused = new Wanted("stacked", Program.payloadOf(folder, "stacked.c", text, binary, other));
        try (Program program = Program.start(binary);
                Following following = new Following("pid:" + program.pid(), refused, fix)) {
            following.await(Kind.FAILED, 3);
            Thread.sleep(1500);
            // After 40, 80, 160, 320, 640 and 1280 ms, and not every 20.
            assertThat(following.count(Kind.FAILED)).isBetween(3L, 8L);
            assertThat(following.events.get(1).reasons()).isNotEmpty();
            assertThat(following.count(Kind.PATCHED)).isZero();
            assertThat(program.ask("?")).isEqualTo("2");
            // Not in the midst of an attempt.
            for (int i = 0; i < 200 && !program.target().payloads().isEmpty(); i++) {
                Thread.sleep(10);
            }
            assertThat(program.target().payloads()).isEmpty();
        }
    }

    @Test
    void whoCrashesOfItMakesItGiveUp() throws Exception {
        String text = "int trap(int x) { (void)x; __builtin_trap(); } REPLACES(trap, \"answer\");";
        Wanted trap = new Wanted("trap", Program.payloadOf(folder, "trap.c", text, binary, ""));
        Path own = Files.copy(binary, folder.resolve("crashes"));
        // A parent that leaves it open for a moment how its child ended.
        String parents = "$ENV{LOOP} = 1; for (;;) { my $p = fork; if (!$p) { exec $ARGV[0] }"
                + " for (;;) { open my $f, '<', \"/proc/$p/stat\"; last if <$f> =~ /\\) Z/; select undef, undef, undef, 0.01 }"
                + " sleep 1; waitpid $p, 0 }";
        Process parent = new ProcessBuilder("perl", "-e", parents, own.toString()).start();
        try (Following following = new Following("exe:" + own, trap)) {
            following.await(Kind.GAVE_UP, 1);
            assertThat(following.end()).isEqualTo(Follow.End.GAVE_UP);
            assertThat(following.count(Kind.LOST)).isEqualTo(3);
            assertThat(following.events)
                    .filteredOn(event -> event.event() == Kind.LOST)
                    .extracting(FollowEvent::how)
                    .allMatch(how -> how.contains("ended by SIGILL") || how.contains("its core is being written"));
        } finally {
            parent.destroyForcibly();
            parent.descendants().forEach(ProcessHandle::destroyForcibly);
        }
    }

    @Test
    void whoHasNothingOfWhatAPayloadChangesIsLookedAtOnce() throws Exception {
        Process sleeps = new ProcessBuilder("sleep", "100").start();
        try (Following following = new Following("pid:" + sleeps.pid(), fix)) {
            Thread.sleep(300);
            assertThat(following.events).hasSize(1);
            assertThat(new ProcessTarget((int) sleeps.pid(), "sleep").payloads())
                    .isEmpty();
        } finally {
            sleeps.destroyForcibly();
        }
    }

    @Test
    void whoCannotBeLookedAtIsAskedLessAndLessOften() throws Exception {
        Path second = Path.of("/proc/2/comm");
        assumeTrue(
                Files.exists(second) && Files.readString(second).strip().equals("kthreadd"),
                "needs to see a thread of the kernel: not in a container");
        try (Following following = new Following("pid:2", fix)) {
            following.await(Kind.FAILED, 2);
            Thread.sleep(600);
            assertThat(following.count(Kind.FAILED)).isBetween(2L, 6L);
            assertThat(following.count(Kind.PATCHED)).isZero();
        }
    }

    @Test
    void statesAreThoseOfTheProgram() throws Exception {
        try (Program program = Program.start(binary)) {
            assertThat(program.target().has(fix.payload().changedFile().orElseThrow()))
                    .isTrue();
            assertThat(program.target().incarnation())
                    .isEqualTo(program.target().incarnation());
            var before = program.target().incarnation().orElseThrow();
            program.ask("exec");
            var after = program.target().incarnation().orElseThrow();
            assertThat(after.process()).isEqualTo(before.process());
            assertThat(after.program()).isNotEqualTo(before.program());
            done(program.target().upload("fix", fix.payload()));
            assertThat(program.target().see().payloads().getFirst().state()).isEqualTo(State.CHECKED);
        }
    }
}
