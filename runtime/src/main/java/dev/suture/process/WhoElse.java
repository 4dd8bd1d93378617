package dev.suture.process;

import dev.suture.linux.Calls;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Finds out, before anything is stopped, why a stop would be in vain: a thread that cannot be stopped now, because it waits
 * for the disk or for a child of {@code vfork}; or another process that has the same memory and is not stopped with this
 * one.
 */
final class WhoElse {
    private static final int RECHECK_NANOS = 2_000_000;
    private static final int KCMP_VM = 1;

    private final Session session;

    WhoElse(Session session) {
        this.session = session;
    }

    /** {@return a thread that is in the kernel and cannot be stopped there, and was a moment ago} */
    Optional<Obstacle> unstoppable() {
        Map<Integer, String> waiting = new HashMap<>();
        for (int tid : session.threadIds()) {
            uninterrupted(tid).ifPresent(when -> waiting.put(tid, when));
        }
        if (waiting.isEmpty()) {
            return Optional.empty();
        }
        session.sleepNanos(RECHECK_NANOS);
        return waiting.entrySet().stream()
                .filter(entry -> uninterrupted(entry.getKey()).equals(Optional.of(entry.getValue())))
                .findFirst()
                .map(entry -> new Obstacle(entry.getKey(), "", 0, Obstacle.How.NEVER_STOPS));
    }

    // Since when, if it is: counted by how often it gave up the processor.
    private Optional<String> uninterrupted(int tid) {
        if (session.threadState(tid) != 'D' || session.isOfKernel(tid)) {
            return Optional.empty();
        }
        try {
            ProcStatus status = ProcStatus.ofThread(session.pid(), tid);
            return status.state() == 'D' ? Optional.of(status.text("voluntary_ctxt_switches")) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** {@return processes that have the same memory as this one, and are none of its threads} */
    List<Integer> sharers() {
        List<Integer> found = new ArrayList<>();
        String[] names = new File("/proc").list();
        for (String name : names == null ? new String[0] : names) {
            if (Character.isDigit(name.charAt(0))) {
                int other = Integer.parseInt(name);
                boolean isOwn = other == session.firstThread() || other == session.pid();
                if (!isOwn
                        && session.kernel().call(Calls.KCMP, session.pid(), other, KCMP_VM, 0) == 0
                        && !hasEnded(other)) {
                    found.add(other);
                }
            }
        }
        return found;
    }

    private static boolean hasEnded(int pid) {
        try {
            return ProcStatus.read(pid).hasEnded();
        } catch (IOException e) {
            return true;
        }
    }
}
