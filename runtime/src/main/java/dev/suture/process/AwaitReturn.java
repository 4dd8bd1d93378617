package dev.suture.process;

import dev.suture.linux.Keeper;
import dev.suture.linux.Ptrace;
import dev.suture.linux.Registers;
import dev.suture.process.CheckThreads.Range;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * Waits for a thread that a command had borrowed when it was killed. The thread finds its way back by itself, with what
 * lies beside our instructions; until then that must stay, and the stack that it left cannot be looked at.
 */
final class AwaitReturn {
    private static final long STOP_NANOS = 50_000_000;
    private static final int PAUSE_MILLIS = 5;

    private final Session session;
    private final Room room;

    AwaitReturn(Session session, Room room) {
        this.session = session;
        this.room = room;
    }

    /** @throws ProcessException if it does not come back in time */
    void run(Duration timeout) throws InterruptedException {
        int owner = (int) session.word(room.owner());
        if (owner == 0) {
            return;
        }
        long deadline = System.nanoTime() + timeout.toNanos();
        while (isAway(owner)) {
            if (System.nanoTime() > deadline) {
                throw new ProcessException(
                        session.pid(),
                        "its thread %d still runs what a command that was killed had it do".formatted(owner));
            }
            Tracer.pause(PAUSE_MILLIS);
        }
        session.write(room.owner(), new byte[8], "the end of a page of code");
    }

    // Threads are known there by the number that they have for the program itself, whoever looks from where.
    private boolean isAway(int owner) {
        return Arrays.stream(session.threadIds())
                .filter(tid -> session.ownNumber(tid).stream().anyMatch(number -> number == owner))
                .anyMatch(tid -> !session.isOfKernel(tid) && !isBack(tid));
    }

    private boolean isBack(int tid) {
        Keeper keeper = session.keeper();
        keeper.removeGone();
        int index = keeper.threadCount();
        if (session.ptrace().seize(tid, Ptrace.OPTION_SYSGOOD | Ptrace.OPTION_EXEC) < 0) {
            return false;
        }
        keeper.addThread(tid);
        try {
            keeper.noCalls();
            keeper.setRanges(new long[0], new long[0]);
            keeper.stop(System.nanoTime() + STOP_NANOS, true);
            return keeper.state(index) == Keeper.State.STOPPED && isBack(keeper, index);
        } finally {
            keeper.release();
            keeper.collect();
            keeper.release();
        }
    }

    private boolean isBack(Keeper keeper, int index) {
        MemorySegment registers = keeper.registers(index);
        if (room.holds(Registers.get(registers, Registers.RIP))
                || room.holds(Registers.get(registers, Registers.RSP))) {
            return false;
        }
        // A signal may have come just before the end.
        Range own = new Range(room.stub() - 1, room.stub() + Room.OWNER_AT, "", true);
        CheckThreads check = new CheckThreads(session, Mappings.read(session.pid()), List.of(own), false);
        return check.isClear(keeper, true)
                || check.obstacles().isEmpty()
                        && check.suspects().stream()
                                .allMatch(suspect -> suspect.hit().isEmpty());
    }
}
