package dev.suture.process;

import dev.suture.elf.LittleEndian;
import dev.suture.linux.Keeper;
import dev.suture.linux.Ptrace;
import dev.suture.linux.Registers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Looks whether stopped threads are in code that must not change under them.
 *
 * <p>The keeper reads all stacks and searches them for words that lead into the code, from the stack pointer to the end of
 * the mapping: where there is none, no thread can return there. Where there is one it may be a leftover; then the
 * thread's registers and stack are handed out for the real call chain to be found. Where a signal handler has a stack of
 * its own, the one that it interrupted is searched, too.
 */
final class CheckThreads {
    private static final int MOST_STACK_BYTES = Keeper.MOST_STACK_BYTES;
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
    // Of the kernel's frame for a handler, from its return address on: struct ucontext, then the registers.
    private static final int INTERRUPTED_STACK_POINTER_AT = 168;
    private static final int INTERRUPTED_ADDRESS_AT = 176;

    private final List<Range> ranges;
    private final List<Long> signalReturns;
    private final List<Obstacle> obstacles = new ArrayList<>();
    private final List<Suspect> suspects = new ArrayList<>();
    private Mappings mappings;
    private long hitAddress;

    /** @param signalReturns where signal handlers that have a stack of their own return to */
    CheckThreads(Session session, Mappings mappings, List<Range> ranges, List<Long> signalReturns) {
        this.session = session;
        this.mappings = mappings;
        this.ranges = List.copyOf(ranges);
        this.signalReturns = List.copyOf(signalReturns);
    }

    List<Obstacle> obstacles() {
        return List.copyOf(obstacles);
    }

    List<Suspect> suspects() {
        return List.copyOf(suspects);
    }

    /** Tells the keeper what to look for: a little more than what matters, so that it need not tell returns from others. */
    void tell(Keeper keeper) {
        List<Range> sorted = Stream.concat(
                        ranges.stream(),
                        signalReturns.stream().map(address -> new Range(address - 1, address + 1, "", false)))
                .sorted(Comparator.comparingLong(Range::after))
                .toList();
        long[] words = new long[sorted.size() * 2];
        int count = 0;
        for (Range range : sorted) {
            if (count > 0 && range.after() < words[count - 1]) {
                words[count - 1] = Math.max(words[count - 1], range.before());
            } else {
                words[count++] = range.after() + 1;
                words[count++] = range.before();
            }
        }
        keeper.setRanges(Arrays.copyOf(words, count), stacks());
    }

    private long[] stacks() {
        return mappings.all().stream()
                .filter(Mapping::isReadable)
                .flatMapToLong(mapping -> LongStream.of(mapping.start(), mapping.end() - 1))
                .toArray();
    }

    /**
     * {@return whether no stopped thread can be in the code}
     *
     * @param isAll whether to look at all of them, and not only at those that the keeper found
     */
    boolean isClear(Keeper keeper, boolean isAll) {
        obstacles.clear();
        suspects.clear();
        for (int i = 0; i < keeper.threadCount(); i++) {
            if (keeper.state(i) == Keeper.State.STOPPED && (isAll || keeper.isFound(i))) {
                look(keeper, i);
            }
        }
        return obstacles.isEmpty() && suspects.isEmpty();
    }

    private void look(Keeper keeper, int index) {
        if (keeper.event(index) == Ptrace.EVENT_EXEC) {
            throw new ProcessException(session.pid(), "it executed another program meanwhile");
        }
        MemorySegment registers = keeper.registers(index);
        long address = Registers.get(registers, Registers.RIP);
        Range hit = rangeOf(address, false);
        if (hit != null) {
            obstacles.add(new Obstacle(keeper.tid(index), hit.function(), address, true));
            return;
        }
        long start = Registers.get(registers, Registers.RSP) & -8;
        MemorySegment stack = stack(keeper.tid(index), start);
        Range own = search(stack);
        Range found = own != null || signalReturns.isEmpty() ? own : searchInterrupted(keeper.tid(index), stack);
        if (found != null) {
            MemorySegment copy = MemorySegment.ofArray(new long[Registers.BYTES / 8]);
            copy.copyFrom(registers);
            Obstacle obstacle = new Obstacle(keeper.tid(index), found.function(), hitAddress, false);
            suspects.add(new Suspect(obstacle, copy, start, stack));
        }
    }

    private MemorySegment stack(int tid, long start) {
        int size = liveBytes(start);
        byte[] bytes = session.memory().read(start, size);
        if (bytes.length != size) {
            throw new ProcessException(
                    session.pid(),
                    "the stack of its thread %d cannot be read (%d of %d bytes)".formatted(tid, bytes.length, size));
        }
        return MemorySegment.ofArray(bytes);
    }

    private Range search(MemorySegment stack) {
        for (long word = 0; word + 8 <= stack.byteSize(); word += 8) {
            hitAddress = LittleEndian.u64(stack, word);
            Range hit = rangeOf(hitAddress, true);
            if (hit != null) {
                return hit;
            }
        }
        return null;
    }

    // What looks like the frame of a signal and is none leads to a place that is no stack, and to nothing.
    private Range searchInterrupted(int tid, MemorySegment stack) {
        for (long word = 0; word + INTERRUPTED_ADDRESS_AT + 8 <= stack.byteSize(); word += 8) {
            if (signalReturns.contains(LittleEndian.u64(stack, word))) {
                hitAddress = LittleEndian.u64(stack, word + INTERRUPTED_ADDRESS_AT);
                Range hit = rangeOf(hitAddress, false);
                long start = LittleEndian.u64(stack, word + INTERRUPTED_STACK_POINTER_AT) & -8;
                if (hit == null
                        && mappings.at(start).filter(Mapping::isReadable).isPresent()) {
                    hit = search(stack(tid, start));
                }
                if (hit != null) {
                    return hit;
                }
            }
        }
        return null;
    }

    private int liveBytes(long start) {
        Optional<Mapping> mapping = mappings.at(start);
        if (mapping.isEmpty()) {
            mappings = Mappings.read(session.pid());
            mapping = mappings.at(start);
        }
        long end = mapping.map(Mapping::end).orElse((start | PAGE - 1) + 1);
        return (int) Math.min(MOST_STACK_BYTES, end - start);
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
