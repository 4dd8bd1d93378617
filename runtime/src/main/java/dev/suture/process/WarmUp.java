package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Spawn;
import dev.suture.process.CheckThreads.Range;
import dev.suture.process.Ledger.Site;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;

/**
 * Stops a child of ours a few hundred times before the first thread of a target is: what runs for the first time in a
 * JVM takes a hundred times as long, and the target would stand still for it.
 */
final class WarmUp {
    private static final List<String> SLEEPERS = List.of("/bin/sleep", "/usr/bin/sleep");
    private static final int ROUNDS = 300;
    private static final int CALLS = 60;
    private static final int CHANGES = 12;
    private static final long STOP_NANOS = 100_000_000;
    private static final int SIGKILL = 9;
    private static boolean isDone;

    private WarmUp() {}

    static synchronized void once() {
        if (isDone) {
            return;
        }
        isDone = true;
        for (String sleeper : SLEEPERS) {
            if (Files.isExecutable(Path.of(sleeper))) {
                int child = Spawn.start(sleeper, "60");
                if (child > 0) {
                    exercise(child);
                    return;
                }
            }
        }
    }

    private static void exercise(int child) {
        try (Session session = Session.open(child)) {
            try {
                waitForProgram(session, child);
                Mappings mappings = Mappings.read(child);
                LoadedFiles files = new LoadedFiles(child, session.memory(), mappings);
                long stub = FindStub.place(session, files);
                Range nowhere = new Range(1, 2, "", true);
                CheckThreads check = new CheckThreads(session, mappings, List.of(nowhere, nowhere));
                Threads threads = new Threads(session, new KeepTimeouts(), false);
                for (int i = 0; i < ROUNDS; i++) {
                    threads.seizeAll();
                    threads.stopAll(System.nanoTime() + STOP_NANOS);
                    check.isClear(threads);
                    if (i < CALLS && threads.count() > 0 && threads.isStopped(0)) {
                        BorrowedThread thread = new BorrowedThread(session, threads.id(0), threads.registers(0), stub);
                        thread.call(Calls.GETPID, 0, 0, 0, 0, 0, 0);
                        thread.giveBack();
                    }
                    threads.releaseAll();
                }
                splice(session, files, stub);
            } finally {
                session.kernel().call(Calls.KILL, child, SIGKILL, 0, 0);
                session.ptrace().await(child);
            }
        } catch (ProcessException e) {
            // Some other program, or the child was ended: the target's stop takes a little longer, no more.
            return;
        }
    }

    // Code that is replaced by the same, through everything that a real change goes through.
    private static void splice(Session session, LoadedFiles files, long stub) {
        BorrowThread borrow = new BorrowThread(session, stub, false);
        LoadedFile program = files.all().getFirst();
        long address = program.bias() + program.elf().header().entryAddress();
        String same = HexFormat.of().formatHex(session.memory().read(address, 5));
        Site site = new Site(address, same, same);
        Quiesce quiesce = new Quiesce(session, files, Ledger.EMPTY, stub, false);
        for (int i = 0; i < CHANGES; i++) {
            Splice splice = new Splice(session, List.of(site, site));
            splice.prepare(borrow, files, (spare, sizeBytes) -> {});
            try {
                quiesce.run(
                        List.of(new Range(1, 2, "", true)),
                        Duration.ofSeconds(1),
                        thread -> ChangeWhatIsApplied.commit(session.pid(), splice, thread));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static void waitForProgram(Session session, int child) {
        for (int i = 0; i < 1000; i++) {
            Mappings mappings = Mappings.read(child);
            boolean isThere =
                    mappings.all().stream().anyMatch(mapping -> mapping.name().endsWith("/sleep"))
                            && mappings.all().stream()
                                    .anyMatch(mapping ->
                                            mapping.isCode() && mapping.name().contains("libc"));
            if (isThere) {
                return;
            }
            session.sleepNanos(100_000);
        }
    }
}
