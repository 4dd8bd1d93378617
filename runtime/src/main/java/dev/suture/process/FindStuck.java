package dev.suture.process;

import dev.suture.linux.Keeper;
import dev.suture.linux.Ptrace;
import dev.suture.linux.Registers;
import dev.suture.process.Ledger.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;

/**
 * Finds a thread that is in a loop of a payload that has no way out. Nobody is stopped for that if the payload has no such
 * loop, and only who computes if it has.
 */
final class FindStuck {
    private static final Duration LONGEST = Duration.ofSeconds(1);
    private static final long STOP_NANOS = 50_000_000;
    /** Sizes are what the process says. */
    private static final long LARGEST_CODE_BYTES = 1 << 22;

    private record Code(String payload, String function, EndlessLoops loops) {}

    private final Session session;
    private final List<Code> codes = new ArrayList<>();

    private FindStuck(Work work, String name) {
        session = work.session();
        if (!work.ledger().applied().contains(name)) {
            return;
        }
        Ledger.Entry entry = work.ledger().entry(name).orElseThrow();
        for (Ledger.Function function : entry.functions()) {
            long start = function.isInPlace() ? function.oldAddress() : function.newAddress();
            add(name, function.name(), start, function.newBytes());
        }
        add(name, "", entry.region(), entry.codeBytes());
    }

    private void add(String payload, String function, long start, long sizeBytes) {
        if (sizeBytes <= 0 || sizeBytes > LARGEST_CODE_BYTES) {
            return;
        }
        Span span = new Span(start, start + sizeBytes);
        byte[] bytes = session.memory().read(start, (int) sizeBytes);
        EndlessLoops loops = new EndlessLoops(span, bytes);
        if (loops.areThere()) {
            codes.add(new Code(payload, function, loops));
        }
    }

    /**
     * {@return who is stuck where, if somebody was seen to be} Whatever prevents looking, such as that the process has ended,
     * says nothing of that; who needs to know asks for it.
     *
     * @param payload in whose code
     */
    static Optional<String> in(int pid, String payload) {
        try {
            return Tracer.run(LONGEST, () -> {
                try (Work work = Work.look(pid)) {
                    FindStuck find = new FindStuck(work, payload);
                    // Others who work on it are not disturbed.
                    return find.codes.isEmpty() || !work.session().lock(Duration.ZERO)
                            ? Optional.<String>empty()
                            : find.find();
                }
            });
        } catch (TimeoutException | RuntimeException | Error e) {
            return Optional.empty();
        }
    }

    private Optional<String> find() {
        for (int tid : session.threadIds()) {
            if (session.threadState(tid) == 'R' && !session.isOfKernel(tid)) {
                Optional<String> found = look(tid);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    private Optional<String> look(int tid) {
        Keeper keeper = session.keeper();
        if (session.ptrace().seize(tid, Ptrace.OPTION_SYSGOOD | Ptrace.OPTION_EXEC) < 0) {
            return Optional.empty();
        }
        int index = keeper.threadCount();
        keeper.addThread(tid);
        try {
            keeper.noCalls();
            keeper.setRanges(new long[0], new long[0]);
            keeper.stop(System.nanoTime() + STOP_NANOS, true);
            if (keeper.state(index) != Keeper.State.STOPPED || keeper.signal(index) != 0) {
                return Optional.empty();
            }
            long address = Registers.get(keeper.registers(index), Registers.RIP);
            return codes.stream()
                    .filter(code -> code.loops().hasNoWayOut(address))
                    .findFirst()
                    .map(code -> said(tid, code));
        } finally {
            keeper.release();
            keeper.collect();
            keeper.release();
            keeper.removeGone();
        }
    }

    private String said(int tid, Code code) {
        String name;
        try {
            name = Files.readString(Path.of("/proc/%d/task/%d/comm".formatted(session.pid(), tid)))
                    .strip();
        } catch (IOException e) {
            name = "?";
        }
        return "stuck: thread %d (%s) is in a loop of %s that has no way out, as was seen"
                .formatted(tid, name, code.function().isEmpty() ? code.payload() : code.function());
    }
}
