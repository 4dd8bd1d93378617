package dev.suture.process;

import dev.suture.linux.Registers;
import dev.suture.process.CheckThreads.Stop;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Looks at threads that sleep in the kernel, without stopping them: a stop would make some of their calls start anew, with
 * all of their time.
 *
 * <p>For example {@code epoll_wait} with 300 ms, in a loop, in the function that is to change: stopped every 100 ms it
 * would never end. Where a thread sleeps and what is on its stack can be read all the same, and if the kernel has not let
 * it run from before until after, that belongs together. Most of its registers cannot be read; where the chain needs them,
 * nothing is known but whether the thread has run since it was stopped.
 */
final class LookAsleep {
    /** How many times longer to look for others when somebody is in the way: they are named together. */
    private static final int NAMING = 20;

    /** What can be said. */
    enum Seen {
        IN_THE_WAY,
        NOT_IN_THE_WAY,
        /** It runs, or it has moved to where its registers would be needed. */
        UNTOLD
    }

    /** A thread in the kernel: how often it ran so far, where it sleeps. */
    private record Place(char state, String switches, long stackPointer, long address) {}

    private final Session session;
    private final CheckThreads check;
    private final Map<Integer, Place> places = new HashMap<>();

    LookAsleep(Session session, CheckThreads check) {
        this.session = session;
        this.check = check;
    }

    /**
     * {@return who sleeps where he is in the way for certain, without anybody having been stopped}
     *
     * @param longestNanos after which nobody else is looked at if none was found, counted from when the first one was: he has
     *     the tables read
     */
    List<Obstacle> asleep(int[] tids, Unwind unwind, long longestNanos) {
        List<Obstacle> all = new ArrayList<>();
        long firstSeen = 0;
        for (int tid : tids) {
            Optional<Place> place = place(tid);
            if (place.isPresent()) {
                List<Obstacle> found = found(tid, place.get(), 0, unwind);
                if (!found.isEmpty() && found.getFirst().isSure() && place.equals(place(tid))) {
                    all.add(found.getFirst());
                }
                firstSeen = firstSeen == 0 ? System.nanoTime() : firstSeen;
            }
            long most = all.isEmpty() ? longestNanos : NAMING * longestNanos;
            if (firstSeen != 0 && System.nanoTime() - firstSeen > most) {
                break;
            }
        }
        return all;
    }

    private List<Obstacle> found(int tid, Place place, long own, Unwind unwind) {
        MemorySegment registers = MemorySegment.ofArray(new long[Registers.BYTES / 8]);
        Registers.set(registers, Registers.RSP, place.stackPointer());
        Registers.set(registers, Registers.RIP, place.address());
        Registers.set(registers, Registers.FS_BASE, own);
        check.forget();
        check.look(tid, registers);
        List<Obstacle> found = check.obstacles().isEmpty() ? check.unwound(unwind) : check.obstacles();
        check.forget();
        return found;
    }

    /** {@return whether a thread that was in the way still is} */
    Seen look(int tid, Unwind unwind) {
        Optional<Place> before = place(tid);
        Optional<Stop> stop = check.lastStop(tid);
        if (before.isEmpty()) {
            return Seen.UNTOLD;
        }
        Place place = before.get();
        List<Obstacle> found = found(tid, place, stop.map(Stop::own).orElse(0L), unwind);
        if (!before.equals(place(tid))) {
            return Seen.UNTOLD;
        }
        if (found.isEmpty()) {
            return Seen.NOT_IN_THE_WAY;
        }
        boolean isThere = found.getFirst().isSure()
                || stop.filter(it -> isWhereItStopped(tid, place, it)).isPresent();
        return isThere ? Seen.IN_THE_WAY : Seen.UNTOLD;
    }

    private boolean isWhereItStopped(int tid, Place place, Stop stop) {
        Place known = places.putIfAbsent(tid, place);
        return place.equals(known)
                || known == null && place.stackPointer() == stop.stackPointer() && place.address() == stop.address();
    }

    /** Takes note that a thread is going to be stopped: it runs for a moment afterwards. */
    void isStopped(int tid) {
        places.remove(tid);
    }

    private Optional<Place> place(int tid) {
        try {
            ProcStatus status = ProcStatus.ofThread(session.pid(), tid);
            String[] words = Files.readString(Path.of("/proc/%d/task/%d/syscall".formatted(session.pid(), tid)))
                    .strip()
                    .split(" ");
            if (status.state() != 'S' || words.length < 3) {
                return Optional.empty();
            }
            return Optional.of(new Place(
                    status.state(),
                    status.text("voluntary_ctxt_switches") + " " + status.text("nonvoluntary_ctxt_switches"),
                    Long.parseUnsignedLong(words[words.length - 2].substring(2), 16),
                    Long.parseUnsignedLong(words[words.length - 1].substring(2), 16)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
