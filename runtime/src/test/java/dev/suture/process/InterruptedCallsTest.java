package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.linux.Keeper;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a stop means for the system calls that threads are in: nothing, unless a signal comes for them. */
@Tag("threads")
class InterruptedCallsTest {
    /** The program's waiting threads, each in another call; of these only read goes on after a handler ran. */
    private static final int CALLS = 8;

    private static final int CALLS_THAT_END = 7;
    private static final int TGKILL = 234;
    private static final int SIGUSR1 = 10;
    private static final int SIGWINCH = 28;
    private static final long SECOND = 1_000_000_000;

    @TempDir
    private static Path folder;

    private static Path server;

    @BeforeAll
    static void compile() {
        server = Program.compile(folder, "server.c", "server");
    }

    private static final Change LOOK = new Change() {
        @Override
        public void addCalls(Keeper keeper) {}

        @Override
        public void with(BorrowedThread thread) {}
    };

    // Sends a signal to each waiting thread, while all are stopped or while they wait.
    private static void signal(Program program, int signal, boolean isStopped) {
        Tracer.run(() -> {
            try (Session session = Session.open(program.pid())) {
                Threads threads = new Threads(session, false);
                if (isStopped) {
                    threads.seizeAll();
                    assertThat(threads.stopAll(System.nanoTime() + SECOND, LOOK))
                            .isEqualTo(Keeper.Stop.CLEAR);
                }
                Arrays.stream(session.threadIds())
                        .filter(id -> id != program.pid())
                        .forEach(id -> session.kernel().call(TGKILL, program.pid(), id, signal, 0));
                threads.releaseAll();
                return null;
            }
        });
    }

    private static void await(Program program, String what, int number) throws InterruptedException {
        for (int i = 0; i < 500 && program.number(what) != number; i++) {
            Thread.sleep(10);
        }
        assertThat(program.number(what)).as(what).isEqualTo(number);
    }

    @Test
    void aSignalThatComesWhileAThreadIsStoppedEndsTheCallsThatItWouldHaveEnded() throws InterruptedException {
        try (Program program = Program.start(server)) {
            program.ask("waits " + CALLS);
            Thread.sleep(200);
            signal(program, SIGUSR1, false);
            await(program, "signals", CALLS);
            await(program, "errors", CALLS_THAT_END);

            Thread.sleep(200);
            signal(program, SIGUSR1, true);
            await(program, "signals", 2 * CALLS);
            await(program, "errors", 2 * CALLS_THAT_END);
        }
    }

    @Test
    void aSignalThatTheProgramIgnoresEndsNoCall() throws InterruptedException {
        try (Program program = Program.start(server)) {
            program.ask("waits " + CALLS);
            Thread.sleep(200);
            for (int i = 0; i < 20; i++) {
                signal(program, SIGWINCH, true);
            }
            Thread.sleep(200);
            assertThat(program.number("errors")).isZero();
        }
    }
}
