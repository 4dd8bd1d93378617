package dev.suture.process;

import static dev.suture.process.ProcessTargetTest.done;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.Refusal;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Outcome;
import dev.suture.target.State;
import dev.suture.target.Watched;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that mean harm to whoever looks at them, or end while somebody does. */
@Tag("harm")
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostileTargetTest {
    private static final String FIX = "int fixed(int x) { return x + 1000; } REPLACES(fixed, \"answer\");";
    private static final int LARGE_BYTES = 17 << 20;

    @TempDir
    static Path folder;

    private static Path hostile;

    @BeforeAll
    static void compile() {
        hostile = Program.compile(folder, "hostile.c", "hostile");
    }

    private static Program start(String what, Path file) throws IOException {
        Path script = folder.resolve(what + ".sh");
        Files.writeString(script, "#!/bin/sh\nexec '" + hostile + "' " + what + " '" + file + "'\n");
        script.toFile().setExecutable(true);
        return Program.start(script);
    }

    private static void isPatched(Program program, String name) {
        Payload payload = Program.payloadOf(folder, name + ".c", FIX, hostile, "");
        ProcessTarget target = program.target();
        done(target.upload(name, payload));
        done(target.apply(name, ApplyOptions.DEFAULT));
        assertThat(program.ask("?")).isEqualTo("1001");
        assertThat(target.payloads()).hasSize(1);
    }

    @Test
    void aDeviceThatIsMappedIsNotTakenForAFile() throws IOException {
        try (Program program = start("zero", Path.of("/dev/zero"))) {
            assertThat(program.target().identity().what()).isEqualTo(hostile.toString());
            isPatched(program, "zero");
        }
    }

    @Test
    void memoryThatIsOnlyCalledLikeOursIsNotWrittenTo() throws IOException {
        try (Program program = start("memfd", Path.of("-"))) {
            assertThat(program.target().payloads()).isEmpty();
            assertThat(program.ask("sum")).isEqualTo("0");
            isPatched(program, "memfd");
            assertThat(program.ask("sum")).isEqualTo("0");
        }
    }

    @Test
    void aFileThatBecomesShorterIsReadAsFarAsItIsThere() throws IOException {
        Path large = folder.resolve("large");
        Files.copy(hostile, large);
        try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
            file.setLength(LARGE_BYTES);
        }
        try (Program program = start("short", large)) {
            isPatched(program, "short");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"silent", "user_id=0", "x,user_id=0,rw"})
    void aServerThatNeverAnswersIsAskedForNothing(String source) throws Exception {
        assumeTrue(Files.isWritable(Path.of("/dev/fuse")), "needs to serve a file system: /dev/fuse");
        Path silent = Program.compile(folder, "silent.c", "silent");
        Path served = Files.createDirectory(folder.resolve("served by " + source));
        Process server = new ProcessBuilder(silent.toString(), served.toString(), "12345", source).start();
        try {
            assumeTrue("mounted".equals(server.inputReader().readLine()), "needs to serve a file system: root");
            try (Program program = start("map", served.resolve("f"))) {
                assertThat(Mappings.read(program.pid()).all())
                        .anyMatch(mapping -> mapping.path().endsWith(source + "/f"));
                isPatched(program, "served" + source.length());
            }
        } finally {
            server.destroyForcibly();
            server.waitFor();
            new ProcessBuilder("umount", "-l", served.toString()).start().waitFor();
        }
    }

    @Test
    void whoServesAFileSystemIsWhomTheKernelNamesAndNotWhomItsNameNames() {
        String start = "31 1 0:";
        Mounts mounts = Mounts.of(
                List.of(
                        "20 1 8:1 / / rw shared:1 - ext4 /dev/root rw,user_id=0",
                        start + "40 / /a rw - fuse.x user_id=0 rw,user_id=12345,group_id=0",
                        start + "41 / /b rw - fuse x,user_id=0,y rw,user_id=12345,group_id=0",
                        start + "42 / /c\\040d rw - fuse x rw,user_id=12345",
                        start + "43 / /e rw - fuse user_id=12345 rw,user_id=0,group_id=0",
                        start + "44 / /f rw - fuse x rw,user_id=7",
                        start + "45 / /g rw - fuse x rw",
                        start + "46 / /h rw - fuse  rw,user_id=0",
                        start + "47 / /i rw - fuse x rw,user_id=0,user_id=12345"),
                options -> Mounts.isTrusted(options, 7));

        assertThat(IntStream.range(40, 48).filter(number -> mounts.isForeign("0:" + number)))
                .containsExactly(40, 41, 42, 45, 47);
        assertThat(mounts.isForeign("8:1")).isFalse();
        assertThat(mounts.isUnderForeign(Path.of("/c d/f"))).isTrue();
        assertThat(mounts.isUnderForeign(Path.of("/e/f"))).isFalse();
    }

    @Test
    void aDebugLinkIsANameAndNoPath() throws Exception {
        String pipe = folder.resolve("pipe").toString();
        Program.run(folder, List.of("mkfifo", "pipe"));
        for (String link : List.of("pipe", pipe, "/dev/zero", "../../../../../../../dev/zero", "..", "")) {
            Path stripped = folder.resolve("stripped");
            Path section = folder.resolve("link");
            Files.writeString(section, link + "\0\0\0\0\0\0");
            Files.deleteIfExists(stripped);
            Program.run(
                    folder,
                    List.of(
                            "objcopy",
                            "--strip-all",
                            "--add-section",
                            ".gnu_debuglink=" + section,
                            hostile.toString(),
                            stripped.toString()));
            Payload payload =
                    Program.payloadOf(folder, "stripped.c", FIX.replace("answer", "hostile.c#line_of"), hostile, "");
            try (Program program = Program.start(stripped)) {
                Outcome outcome = program.target().upload("stripped", payload);
                assertThat(outcome.toString()).as(link).contains("has no symbol table, and none was found in");
            }
        }
    }

    @Test
    void whoIsNoLongerWhatWasAskedForIsLeftAlone() throws Exception {
        try (Program program = start("plain", Path.of("-"))) {
            ProcessTarget target = FindProcesses.find("exe:" + hostile).stream()
                    .filter(found -> found.pid() == program.pid())
                    .findFirst()
                    .orElseThrow();
            done(target.upload("first", Program.payloadOf(folder, "first.c", FIX, hostile, "")));
            ProcessTarget other = new ProcessTarget(program.pid(), "name:other", pid -> false);
            assertThatThrownBy(other::payloads).hasMessageContaining("it is no longer what was asked for");
            assertThatThrownBy(() -> other.apply("first", ApplyOptions.DEFAULT))
                    .hasMessageContaining("it is no longer what was asked for");
            assertThat(program.ask("?")).isEqualTo("2");
        }
    }

    @Test
    void whoHasALibraryInMemoryIsFoundByIt() throws Exception {
        Path file = Files.copy(hostile, folder.resolve("mapped"));
        ProcessTarget target;
        try (Program program = start("map", file)) {
            assertThat(FindProcesses.find("maps:" + file))
                    .extracting(ProcessTarget::pid)
                    .containsExactly(program.pid());
            Files.delete(file);
            target = program.target();
            assertThat(FindProcesses.find("maps:" + file))
                    .extracting(ProcessTarget::pid)
                    .containsExactly(program.pid());
        }
        while (!target.hasEnded()) {
            Thread.sleep(1);
        }
        assertThatThrownBy(() -> FindProcesses.find("maps:" + file))
                .hasMessageContaining("no process that may be looked at is that");
    }

    @Test
    void whatWasInTheWayOfAProgramThatHasEndedSinceIsNotToldAsTheReason() throws Exception {
        Outcome refused = new Outcome.Refused(new Refusal("hostile", "answer", "it was in the way", ""));
        Outcome late = new Outcome.TimedOut(Outcome.Cost.NONE, State.CHECKED, List.of());
        Outcome done = new Outcome.Done(Outcome.Cost.NONE);
        ProcessTarget target;
        try (Program program = start("plain", Path.of("-"))) {
            target = program.target();
            assertThat(target.unlessEnded(refused)).isSameAs(refused);
            assertThat(target.unlessEnded(late)).isSameAs(late);
        }
        while (!target.hasEnded()) {
            Thread.sleep(5);
        }
        for (Outcome outcome : List.of(refused, late)) {
            assertThatThrownBy(() -> target.unlessEnded(outcome)).hasMessageContaining("it ended while");
        }
        assertThat(target.unlessEnded(done)).isSameAs(done);
    }

    @Test
    void howAProgramEndsThatIsWatchedIsTold() throws Exception {
        for (String ending : List.of("kill -SEGV", "kill -KILL")) {
            Process parent = new ProcessBuilder("sh", "-c", "sleep 100 & echo $!; exec sleep 100").start();
            try {
                int pid = Integer.parseInt(parent.inputReader().readLine());
                try (WatchProcess watch = new WatchProcess(pid)) {
                    watch.begin(Duration.ofSeconds(20));
                    Thread.sleep(30);
                    Program.run(folder, List.of("sh", "-c", ending + " " + pid));
                    Optional<Watched.Loss> said = watch.await();
                    assertThat(said.orElseThrow().ending() == Watched.Ending.FAULT)
                            .isEqualTo(ending.endsWith("SEGV"));
                    assertThat(said.orElseThrow().text())
                            .matches(
                                    "(ended by SIG%s|crashed, and its core is being written) \\d+ ms after it was patched"
                                            .formatted(ending.substring(6)));
                }
            } finally {
                parent.destroyForcibly();
            }
        }
    }

    @Test
    void whoIsNoLongerToBeWatchedIsLeftAtOnce() throws Exception {
        try (Program program = start("plain", Path.of("-"));
                WatchProcess watch = new WatchProcess(program.pid())) {
            assertThat(watch.isOver()).isTrue();
            watch.begin(Duration.ofHours(1));
            assertThat(watch.isLost()).isFalse();
            assertThat(watch.isOver()).isFalse();
            watch.enough();
            assertThat(watch.await()).isEmpty();
            assertThat(watch.isOver()).isTrue();
        }
    }

    @Test
    void whoLivesIsWatchedForThatTimeOnly() throws Exception {
        try (Program program = start("plain", Path.of("-"));
                WatchProcess watch = new WatchProcess(program.pid())) {
            long start = System.nanoTime();
            watch.begin(Duration.ofMillis(200));
            assertThat(watch.await()).isEmpty();
            assertThat((System.nanoTime() - start) / 1_000_000).isBetween(199L, 2000L);
        }
    }

    @Test
    void whoIsInALoopWithoutAWayOutIsSaidToBeStuck() throws Exception {
        String spins = """
                volatile int go;
                int new_answer(int x) { while (go); for (;;) { x++; __asm__ volatile("" : "+r"(x)); } return x; }
                REPLACES(new_answer, "answer");
                """;
        Path server = Program.compile(folder, "server.c", "spins");
        Payload payload = Program.payloadOf(folder, "spins.c", spins, server, "");
        try (Program program = Program.start(server)) {
            ScenariosTest.load(program.target(), "spins", payload);
            assertThat(FindStuck.in(program.pid(), "spins"))
                    .as("nobody is there")
                    .isEmpty();
            program.say("loops 1");
            Optional<String> stuck = Optional.empty();
            while (stuck.isEmpty()) {
                stuck = FindStuck.in(program.pid(), "spins");
            }
            assertThat(stuck.get())
                    .matches("stuck: thread \\d+ \\(spins\\) is in a loop of answer that has no way out, as was seen");
            assertThat(FindStuck.in(program.pid(), "other"))
                    .as("not of what was done now")
                    .isEmpty();
        }
        String waits = """
                volatile int go = 1;
                int new_answer(int x) { while (go); return x; }
                REPLACES(new_answer, "answer");
                """;
        Payload mayEnd = Program.payloadOf(folder, "waits.c", waits, server, "");
        try (Program program = Program.start(server)) {
            ScenariosTest.load(program.target(), "waits", mayEnd);
            program.say("loops 1");
            for (int i = 0; i < 20; i++) {
                assertThat(FindStuck.in(program.pid(), "waits"))
                        .as("somebody may end it")
                        .isEmpty();
            }
        }
    }

    @Test
    void whoIsStoppedMeanwhileIsSaidToBe() throws Exception {
        try (Program program = start("plain", Path.of("-"));
                WatchProcess watch = new WatchProcess(program.pid())) {
            Program.run(folder, List.of("kill", "-STOP", String.valueOf(program.pid())));
            while (ProcStatus.read(program.pid()).state() != 'T') {
                Thread.sleep(1);
            }
            watch.begin(Duration.ZERO);
            Watched.Loss loss = watch.await().orElseThrow();
            assertThat(loss.ending()).isEqualTo(Watched.Ending.STOPPED);
            assertThat(loss.text()).matches("stopped by a signal, as was seen \\d+ ms after it was patched");
            try (WatchProcess again = new WatchProcess(program.pid())) {
                again.begin(Duration.ZERO);
                assertThat(again.await()).as("as it was before").isEmpty();
            }
        }
    }

    @Test
    void whenOnlyTheKeeperIsKilledTheCommandEndsAtOnce() throws Exception {
        String waits = "extern int usleep(unsigned); void slow(void) { for (int i = 0; i < 200; i++) usleep(50000); }"
                + " HOOK(load, slow);" + FIX;
        Payload payload = Program.payloadOf(folder, "slow.c", waits, hostile, "");
        try (Program program = start("plain", Path.of("-"))) {
            ProcessTarget target = program.target();
            done(target.upload("slow", payload));
            Thread killer = new Thread(() -> {
                int keeper = 0;
                while (keeper == 0) {
                    keeper = tracerOf(program.pid());
                }
                pause();
                ProcessHandle.of(keeper).ifPresent(ProcessHandle::destroyForcibly);
            });
            killer.start();
            long start = System.nanoTime();
            assertThatThrownBy(() -> target.apply("slow", ApplyOptions.DEFAULT))
                    .hasMessageContaining("the process that traces for suture");
            assertThat((System.nanoTime() - start) / 1_000_000).isLessThan(3000);
            killer.join();
            assertThat(target.payloads()).hasSize(1);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int tracerOf(int pid) {
        for (String task : new File("/proc/" + pid + "/task").list()) {
            try {
                int tracer = ProcStatus.ofThread(pid, Integer.parseInt(task)).number("TracerPid");
                if (tracer != 0) {
                    return tracer;
                }
            } catch (IOException e) {
                return 0;
            }
        }
        return 0;
    }
}
