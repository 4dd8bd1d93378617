package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.engine.ActionReport;
import dev.suture.engine.ActionReport.Ended;
import dev.suture.engine.Actions;
import dev.suture.engine.Verb;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Policy;
import dev.suture.target.State;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may do what, when, and on how many processes. */
@Tag("harm")
class LimitsTest {
    private static final ApplyOptions SHORT = new ApplyOptions(Duration.ofMillis(200), Policy.STACK, false, Map.of());

    @TempDir
    private static Path folder;

    private static Path server;
    private static Payload payload;

    @BeforeAll
    static void compile() {
        server = Program.compile(folder, "server.c", "server");
        payload = Payload.read(Program.payload(folder, "thousand.c", server, ""));
    }

    @Test
    void aProgramWithASeccompFilterIsPatchedOrRefusedButNeverKilled() {
        try (Program program = Program.start(server)) {
            assertThat(program.ask("strict")).isEqualTo("0");
            try {
                ProcessTargetTest.done(program.target().upload("strict", payload));
                ProcessTargetTest.done(program.target().apply("strict", ApplyOptions.DEFAULT));
                assertThat(program.ask("answer")).isEqualTo("1001");
            } catch (ProcessException e) {
                assertThat(e).hasMessageContaining("it has a seccomp filter");
                assertThat(program.ask("answer")).isEqualTo("2");
            }
        }
    }

    @Test
    void threadsOfTheKernelInAProgramAreInNobodysWayAndAreNotBorrowed() throws Exception {
        try (Program program = Program.start(server)) {
            assumeTrue(program.ask("polls").equals("0"), "needs a kernel that lets programs have io_uring with SQPOLL");
            int kernels = Stream.of(new File("/proc/" + program.pid() + "/task").list())
                    .mapToInt(Integer::parseInt)
                    .filter(tid -> tid != program.pid())
                    .findFirst()
                    .orElseThrow();
            ProcessTargetTest.done(program.target().upload("polls", payload));
            ProcessTargetTest.done(program.target().apply("polls", ApplyOptions.DEFAULT));
            assertThat(program.ask("answer")).isEqualTo("1001");
            ProcessTargetTest.done(program.target().revert("polls", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(program.target().unload("polls", ApplyOptions.DEFAULT));
            assertThat(program.ask("answer")).isEqualTo("2");
            assertThat(new File("/proc/%d/task/%d".formatted(program.pid(), kernels)))
                    .exists();
        }
    }

    @Test
    void whatThreadsOfTheKernelWaitForIsNotEnded() throws Exception {
        Path pipe = folder.resolve("pipe");
        Program.run(folder, List.of("mkfifo", pipe.toString()));
        try (Program program = Program.start(server)) {
            assumeTrue(program.ask("opens " + pipe).equals("0"), "needs a kernel that lets programs have io_uring");
            while (new File("/proc/" + program.pid() + "/task").list().length < 2) {
                Thread.sleep(1);
            }
            ProcessTargetTest.done(program.target().upload("opens", payload));
            ProcessTargetTest.done(program.target().apply("opens", ApplyOptions.DEFAULT));
            assertThat(program.ask("answer")).isEqualTo("1001");
            ProcessTargetTest.done(program.target().revert("opens", ApplyOptions.DEFAULT));
            ProcessTargetTest.done(program.target().unload("opens", ApplyOptions.DEFAULT));
            // Opens it without waiting for anybody.
            try (RandomAccessFile _ = new RandomAccessFile(pipe.toFile(), "rw")) {
                assertThat(Integer.parseInt(program.ask("opened"))).isNotNegative();
            }
        }
    }

    @Test
    void aStaticProgramWithoutRoomBehindItsCodeIsRefusedWithThatAndOneWithRoomIsPatched() throws Exception {
        int room = 4096 - endOfCode(compileStatic("roomy", 0));
        for (boolean isRoomy : List.of(true, false)) {
            // What is left then is less than our instructions have.
            Path binary =
                    compileStatic(isRoomy ? "open" : "full", isRoomy ? room + 2048 : Math.floorMod(room - 64, 4096));
            Payload own = Payload.read(Program.payload(folder, "thousand.c", binary, ""));
            try (Program program = Program.start(binary)) {
                if (isRoomy) {
                    ScenariosTest.load(program.target(), "own", own);
                } else {
                    assertThat(endOfCode(binary)).isGreaterThan(4096 - Room.BYTES);
                    assertThatThrownBy(() -> program.target().upload("own", own))
                            .hasMessageContaining("none of its files has")
                            .hasMessageContaining("bytes left behind its code");
                }
                assertThat(program.ask("answer")).isEqualTo(isRoomy ? "1001" : "2");
            }
        }
    }

    private static Path compileStatic(String name, int bytes) throws IOException {
        Files.writeString(folder.resolve(name + ".s"), ".text; .skip %d, 0x90\n".formatted(bytes));
        return Program.compile(folder, "server.c", name, "-static", name + ".s");
    }

    // In its last page.
    private static int endOfCode(Path binary) {
        return ElfFile.read(binary).segments().stream()
                .filter(segment -> segment.type() == Elf.PT_LOAD && (segment.flags() & 1) != 0)
                .mapToInt(segment -> (int) ((segment.address() + segment.memorySizeBytes()) % 4096))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void twoCommandsAtOnceTakeTurnsOrOneIsRefused() throws Exception {
        try (Program program = Program.start(server)) {
            CountDownLatch locked = new CountDownLatch(1);
            CountDownLatch tried = new CountDownLatch(1);
            Thread other = new Thread(() -> Tracer.run(() -> {
                try (Session session = Session.open(program.pid())) {
                    session.lock(Duration.ofSeconds(1));
                    locked.countDown();
                    tried.await();
                    return null;
                }
            }));
            other.start();
            locked.await();
            assertThatThrownBy(() -> program.target().apply("any", SHORT))
                    .hasMessageContaining("another suture command works on it");
            tried.countDown();
            other.join();
            ProcessTargetTest.done(program.target().upload("after", payload));
        }
    }

    @Test
    void aProcessThatSomebodyElseTracesIsNamedWithItsTracer() {
        try (Program program = Program.start(server)) {
            CountDownLatch traced = new CountDownLatch(1);
            CountDownLatch tried = new CountDownLatch(1);
            Thread other = new Thread(() -> Tracer.run(() -> {
                try (Session session = Session.open(program.pid())) {
                    session.ptrace().seize(program.pid(), 0);
                    traced.countDown();
                    tried.await();
                    return null;
                }
            }));
            other.start();
            traced.await();
            assertThatThrownBy(() -> program.target().upload("traced", payload))
                    .hasMessageContaining("traces it already");
            tried.countDown();
            other.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whoMayTraceIsNotToldThatTheRightIsMissing() throws Exception {
        long capabilities = Long.parseUnsignedLong(
                ProcStatus.read((int) ProcessHandle.current().pid()).text("CapEff"), 16);
        assumeTrue((capabilities >>> 19 & 1) != 0, "needs CAP_SYS_PTRACE, which suture is to have here");
        try (Program program = Program.start(server)) {
            // Somebody else had it a moment ago, and is gone when it is asked who.
            assertThat(Permissions.explainTracing(program.pid(), "tracing it").getMessage())
                    .contains("another process traced it at that moment and no longer does (try again)")
                    .doesNotContain("PR_SET_DUMPABLE")
                    .doesNotContain("run suture");
        }
    }

    @Test
    void onSeveralProcessesAllIsTakenBackIfOneRefuses() throws Exception {
        Payload lingers = Program.payloadOf(
                folder,
                "lingers.c",
                "int new_linger(int x) { return x; } REPLACES(new_linger, \"linger\");",
                server,
                "");
        try (Program first = Program.start(server);
                Program second = Program.start(server)) {
            second.ask("linger");
            List<ActionReport> reports = new Actions(SHORT)
                    .run(Verb.LOAD, "all", Optional.of(lingers), List.of(first.target(), second.target()), true);

            assertThat(reports).extracting(ActionReport::action).containsExactly("load", "load", "revert", "unload");
            assertThat(reports)
                    .extracting(ActionReport::ended)
                    .containsExactly(Ended.DONE, Ended.TIMED_OUT, Ended.DONE, Ended.DONE);
            assertThat(reports.getLast().state()).isEqualTo(State.ABSENT);
            assertThat(first.target().payloads()).isEmpty();
            assertThat(second.target().payloads()).isEmpty();
        }
    }

    @Test
    void aBreakpointInTheFunctionIsNotOverwritten() {
        try (Program program = Program.start(server)) {
            ProcessTarget target = program.target();
            ProcessTargetTest.done(target.upload("breakpoint", payload));
            long site = Tracer.run(() -> {
                try (Work work = Work.look(program.pid())) {
                    long address = work.ledger()
                            .entries()
                            .getFirst()
                            .functions()
                            .getFirst()
                            .site();
                    work.session().write(address + 1, new byte[] {(byte) 0xcc}, "a breakpoint");
                    return address;
                }
            });
            assertThat(target.apply("breakpoint", ApplyOptions.DEFAULT).toString())
                    .contains("its code at 0x%x is".formatted(site))
                    .contains("A debugger or another tool changed it");
        }
    }

    @Test
    void whatIsNoProcessIsSaid() {
        assertThatThrownBy(() -> FindProcesses.find("pid:999999999")).hasMessageContaining("there is no such process");
        assertThatThrownBy(() -> FindProcesses.find("name:no-such-name-here")).hasMessageContaining("no process");
        assertThatThrownBy(() -> FindProcesses.find("4711"))
                .hasMessageContaining("expected pid:N, exe:PATH, name:NAME or maps:FILE");
    }
}
