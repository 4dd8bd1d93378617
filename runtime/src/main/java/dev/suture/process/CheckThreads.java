package dev.suture.process;

import dev.suture.elf.LittleEndian;
import dev.suture.linux.Memory;
import dev.suture.linux.Registers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Looks whether stopped threads are in code that must not change under them.
 *
 * <p>All stacks are read with a few system calls and searched for words that lead into the code, from the stack pointer
 * to the end of the mapping: where there is none, no thread can return there. Where there is one it may be a leftover;
 * then the thread's registers and stack are handed out for the real call chain to be found.
 */
final class CheckThreads {
    private static final int BUFFER_BYTES = 4 << 20;
    private static final long PAGE = 4096;

    /**
     * Code that matters.
     *
     * @param after first address at which a thread may not be is the one behind this
     * @param before the address behind the last
     * @param function what to call it
     * @param canEndInCall whether a return address can be {@code before}, because the last instruction is a call
     */
    record Range(long after, long before, String function, boolean canEndInCall) {}

    /**
     * A thread that may return into the code.
     *
     * @param obstacle what it would be
     * @param registers a copy
     * @param stackPointer of the thread
     * @param stack a copy of what is above the stack pointer
     */
    record Suspect(Obstacle obstacle, MemorySegment registers, long stackPointer, MemorySegment stack) {}

    private final Session session;
    private final List<Range> ranges;
    private final long lowest;
    private final long span;
    private final MemorySegment buffer;
    private final List<Obstacle> obstacles = new ArrayList<>();
    private final List<Suspect> suspects = new ArrayList<>();
    private final int[] batch = new int[Memory.MOST_RANGES];
    private final long[] batchStart = new long[Memory.MOST_RANGES];
    private final int[] batchBytes = new int[Memory.MOST_RANGES];
    private Mappings mappings;

    CheckThreads(Session session, Mappings mappings, List<Range> ranges) {
        this.session = session;
        this.mappings = mappings;
        this.ranges = List.copyOf(ranges);
        lowest = ranges.stream().mapToLong(Range::after).min().orElse(0);
        span = ranges.stream().mapToLong(Range::before).max().orElse(0) - lowest;
        buffer = session.arena().allocate(BUFFER_BYTES, 8);
    }

    List<Obstacle> obstacles() {
        return List.copyOf(obstacles);
    }

    List<Suspect> suspects() {
        return List.copyOf(suspects);
    }

    /** {@return whether no thread can be in the code} */
    boolean isClear(Threads threads) {
        obstacles.clear();
        suspects.clear();
        if (ranges.isEmpty()) {
            return true;
        }
        int batched = 0;
        long bytes = 0;
        for (int i = 0; i < threads.count(); i++) {
            if (!threads.isStopped(i)) {
                continue;
            }
            MemorySegment registers = threads.registers(i);
            long address = Registers.get(registers, Registers.RIP);
            Range hit = rangeOf(address, false);
            if (hit != null) {
                obstacles.add(new Obstacle(threads.id(i), hit.function(), address, true));
                continue;
            }
            long start = Registers.get(registers, Registers.RSP) & -8;
            int size = liveBytes(start);
            if (batched == batch.length || bytes + size > BUFFER_BYTES) {
                scan(threads, batched);
                batched = 0;
                bytes = 0;
            }
            batch[batched] = i;
            batchStart[batched] = start;
            batchBytes[batched] = size;
            session.memory().range(batched++, start, size);
            bytes += size;
        }
        scan(threads, batched);
        return obstacles.isEmpty() && suspects.isEmpty();
    }

    private int liveBytes(long start) {
        Optional<Mapping> mapping = mappings.at(start);
        if (mapping.isEmpty()) {
            mappings = Mappings.read(session.pid());
            mapping = mappings.at(start);
        }
        long end = mapping.map(Mapping::end).orElse((start | PAGE - 1) + 1);
        return (int) Math.min(BUFFER_BYTES, end - start);
    }

    private void scan(Threads threads, int batched) {
        if (batched == 0) {
            return;
        }
        long total = 0;
        for (int i = 0; i < batched; i++) {
            total += batchBytes[i];
        }
        long read = session.memory().readRanges(batched, buffer.asSlice(0, total));
        if (read != total) {
            throw new ProcessException(
                    session.pid(), "the stacks of its threads cannot be read (%d of %d bytes)".formatted(read, total));
        }
        long at = 0;
        for (int i = 0; i < batched; i++) {
            Range hit = firstHit(at, batchBytes[i]);
            if (hit != null) {
                MemorySegment registers = threads.registers(batch[i]);
                MemorySegment copy = MemorySegment.ofArray(new long[Registers.BYTES / 8]);
                copy.copyFrom(registers);
                MemorySegment stack = MemorySegment.ofArray(new long[batchBytes[i] / 8 + 1]);
                MemorySegment.copy(buffer, at, stack, 0, batchBytes[i]);
                suspects.add(new Suspect(
                        new Obstacle(threads.id(batch[i]), hit.function(), hitAddress, false),
                        copy,
                        batchStart[i],
                        stack.asSlice(0, batchBytes[i])));
            }
            at += batchBytes[i];
        }
    }

    private long hitAddress;

    private Range firstHit(long at, int sizeBytes) {
        for (long word = at; word + 8 <= at + sizeBytes; word += 8) {
            long value = LittleEndian.u64(buffer, word);
            if (value - lowest <= span && value - lowest >= 0) {
                Range range = rangeOf(value, true);
                if (range != null) {
                    hitAddress = value;
                    return range;
                }
            }
        }
        return null;
    }

    private Range rangeOf(long address, boolean isReturn) {
        for (Range range : ranges) {
            if (address > range.after()
                    && (address < range.before() || isReturn && range.canEndInCall() && address == range.before())) {
                return range;
            }
        }
        return null;
    }

    /** {@return the code that a return address leads into, if any} */
    Optional<Range> into(long returnAddress) {
        return Optional.ofNullable(rangeOf(returnAddress, true));
    }
}
