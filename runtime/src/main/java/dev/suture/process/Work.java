package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.linux.Calls;
import dev.suture.payload.Payload;
import dev.suture.target.LoadedPayload;
import dev.suture.target.Outcome;
import dev.suture.target.State;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** One command's work on a process, from reading what is there to letting go. */
final class Work implements AutoCloseable {
    private final Session session;
    private final LoadedFiles files;
    private final LedgerMemory ledgerMemory;
    private final boolean filters;
    private final Duration timeout;
    private final List<String> lost;
    private Ledger ledger;
    private BorrowThread borrow;

    private Work(Session session, Duration timeout) {
        this.session = session;
        this.timeout = timeout;
        ProcStatus status = status(session.pid());
        if (status.hasShadowStack()) {
            throw new ProcessException(session.pid(), "it has a shadow stack, which suture cannot work with yet");
        }
        filters = status.hasSeccompFilter();
        files = new LoadedFiles(session.pid(), session.memory(), Mappings.read(session.pid()));
        if (files.program().isEmpty()) {
            throw new ProcessException(session.pid(), files.whyNone());
        }
        session.letOthersRun();
        ledgerMemory = LedgerMemory.find(session, files.mappings());
        session.letOthersRun();
        ledger = ledgerMemory.read();
        session.letOthersRun();
        lost = ledger.pending().isEmpty() ? Changes.lost(session, files, ledger) : List.of();
        ledger = ledger.withoutApplied(lost);
    }

    private static ProcStatus status(int pid) {
        try {
            return ProcStatus.read(pid);
        } catch (IOException e) {
            throw new ProcessException(pid, "there is no such process");
        }
    }

    // Where the first thread has ended and others go on, the process is to be had by the number of one of these.
    private static int living(int pid) {
        ProcStatus status = status(pid);
        String[] threads = new File("/proc/" + pid + "/task").list();
        if (!status.hasEnded() || threads == null) {
            return pid;
        }
        return Stream.of(threads)
                .map(Integer::valueOf)
                .sorted()
                .filter(tid -> !hasEnded(pid, tid))
                .findFirst()
                .orElse(pid);
    }

    private static boolean hasEnded(int pid, int tid) {
        try {
            return ProcStatus.ofThread(pid, tid).hasEnded();
        } catch (IOException e) {
            return true;
        }
    }

    /** Opens a process to look at it only. */
    static Work look(int pid) {
        Session session = Session.open(living(pid));
        try {
            Work work = new Work(session, Duration.ZERO);
            if (work.ledger.pending().isPresent()) {
                work.ledger = work.settled();
            }
            return work;
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    /** Opens a process to change it, when no other command does. */
    static Work change(int pid, Duration timeout) throws InterruptedException {
        Session session = Session.open(living(pid));
        try {
            if (!session.lock(timeout)) {
                throw new ProcessException(
                        pid,
                        "another suture command works on it, and did not end within %d s"
                                .formatted(timeout.toSeconds()));
            }
            Work work = new Work(session, timeout);
            Optional<Long> stub = FindStub.placed(session, work.files);
            if (stub.isPresent()) {
                new AwaitReturn(session, new Room(stub.get(), work.ledgerMemory)).run(timeout);
            }
            work.recover();
            return work;
        } catch (RuntimeException | InterruptedException e) {
            session.close();
            throw e;
        }
    }

    Session session() {
        return session;
    }

    LoadedFiles files() {
        return files;
    }

    Ledger ledger() {
        return ledger;
    }

    boolean filters() {
        return filters;
    }

    BorrowThread borrow() {
        if (borrow == null) {
            borrow = new BorrowThread(session, room(), filters, timeout);
        }
        return borrow;
    }

    Room room() {
        return new Room(FindStub.place(session, files), ledgerMemory);
    }

    void write(Ledger next) {
        session.letOthersRun();
        ledgerMemory.write(next);
        session.letOthersRun();
        ledger = next;
    }

    // Whoever was killed while he changed code left word of what he was about to do. The change happened or it did not.
    private Ledger settled() {
        Ledger.Pending pending = ledger.pending().orElseThrow();
        if (pending.sites().isEmpty()) {
            return ledger.withoutPending();
        }
        boolean isClosed = pending.sites().stream()
                .noneMatch(site -> files.at(site.address()).isPresent());
        if (isClosed) {
            pending.sites().forEach(site -> files.requireKnown(site.address()));
            return ledger.withoutPending().withoutApplied(Changes.lost(session, files, ledger));
        }
        Splice splice = new Splice(session, pending.sites());
        if (splice.isDone()) {
            return new Ledger(pending.entries(), pending.applied(), Optional.empty());
        }
        if (splice.unexpected().isEmpty()) {
            return ledger.withoutPending();
        }
        throw new ProcessException(
                session.pid(),
                "a command was ended halfway, and the code is neither what it was nor what it was to be");
    }

    /** Finishes or takes back what a command was doing when it ended, and gives back the memory it had taken for it. */
    void recover() {
        if (ledger.pending().isEmpty()) {
            return;
        }
        Ledger settled = settled();
        Ledger.Pending pending = ledger.pending().get();
        boolean isUsed = settled.entries().stream().anyMatch(entry -> entry.region() == pending.spare());
        if (!isUsed && OwnMemory.isThere(session, pending)) {
            borrow().with(thread -> thread.call(Calls.MUNMAP, pending.spare(), pending.spareBytes(), 0, 0, 0, 0));
        }
        write(settled);
    }

    /** {@return names of the payloads that the ledger has for applied, and whose file the program has closed since} */
    List<String> lost() {
        return lost;
    }

    List<LoadedPayload> payloads() {
        List<LoadedPayload> payloads = new ArrayList<>();
        ledger.applied().forEach(name -> payloads.add(payload(ledger.entry(name).orElseThrow())));
        ledger.entries().stream()
                .filter(entry -> !ledger.applied().contains(entry.name()))
                .forEach(entry -> payloads.add(payload(entry)));
        return payloads;
    }

    private LoadedPayload payload(Ledger.Entry entry) {
        State state = ledger.state(entry.name());
        return new LoadedPayload(
                entry.name(),
                state,
                entry.buildId(),
                entry.depends(),
                entry.functions().stream().map(Ledger.Function::name).toList(),
                entry.functions().stream()
                        .filter(Ledger.Function::isInPlace)
                        .map(Ledger.Function::name)
                        .toList(),
                entry.metadata());
    }

    Outcome upload(String name, Payload payload, boolean isInPlace) {
        Upload upload = new Upload(session, files, ledger, name, payload, isInPlace);
        List<Refusal> refusals = upload.prepare();
        if (!refusals.isEmpty()) {
            return new Outcome.Refused(Outcome.Cost.NONE, refusals);
        }
        long start = System.nanoTime();
        if (!ledgerMemory.exists()) {
            borrow().with(thread -> {
                ledgerMemory.make(thread);
                return null;
            });
        }
        Ledger.Entry entry = load(upload);
        if (!upload.refusals().isEmpty()) {
            if (entry != null) {
                unmap(entry);
            }
            write(ledger.withoutPending());
            return new Outcome.Refused(Outcome.Cost.NONE, upload.refusals());
        }
        write(ledger.withEntry(entry));
        Step.PAYLOAD_LISTED.isDone();
        return new Outcome.Done(
                new Outcome.Cost(borrow().stoppedNanos() / 1000, (System.nanoTime() - start) / 1000, 1));
    }

    private Ledger.Entry load(Upload upload) {
        try {
            return upload.load(
                    borrow(),
                    (address, sizeBytes) ->
                            write(ledger.withPending(Ledger.Pending.memory(ledger, address, sizeBytes))));
        } catch (RuntimeException e) {
            try {
                recover();
            } catch (ProcessException gone) {
                e.addSuppressed(gone);
            }
            throw e;
        }
    }

    /** Gives the memory of a payload back. */
    void unmap(Ledger.Entry entry) {
        borrow().with(thread -> thread.call(Calls.MUNMAP, entry.region(), entry.regionBytes(), 0, 0, 0, 0));
        Step.MEMORY_GIVEN_BACK.isDone();
    }

    @Override
    public void close() {
        session.close();
    }
}
