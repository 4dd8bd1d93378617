package dev.suture.process;

import dev.suture.elf.LittleEndian;
import dev.suture.linux.Keeper;
import dev.suture.linux.Ptrace;
import dev.suture.linux.Registers;
import dev.suture.process.Ledger.Span;
import dev.suture.process.Obstacle.How;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Looks whether stopped threads are in code that must not change under them.
 *
 * <p>A thread is <em>at home</em> on the stack that it began on. Then all it can return to is between its stack pointer and
 * the end of that stack; the keeper reads that and searches it for words that lead into the code: where there is none, the
 * thread does not return there. Where there is one it may be a leftover, and then the call chain tells. So it does where a
 * signal came in, as what it interrupted may have had another stack, and for a thread that is not at home: on the stack of
 * a coroutine or a signal handler, or on a part of a split one. Such a thread's chain has to be followed to its end, and if
 * it does not lead home, home is searched as well.
 *
 * <p>Where the words and the chain disagree, the code is asked as a third one ({@link ConfirmCalls}). If it does not say the
 * same as the chain, the thread is in the way.
 */
final class CheckThreads {
    private static final int LARGEST_COPY_BYTES = 1 << 20;
    private static final int LARGEST_SEARCHED_BYTES = 1 << 16;

    // Of the kernel's frame for a handler, from its return address on: struct ucontext, then the registers.
    private static final int INTERRUPTED_STACK_POINTER_AT = 168;

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
     * @param tid the thread
     * @param hit what it would be, if a word of its stack leads into the code
     * @param registers a copy
     * @param stackPointer of the thread
     * @param stack a copy of what is above the stack pointer, or the first part of it
     * @param home the stack it began on; empty if that is not known
     */
    record Suspect(
            int tid,
            Optional<Obstacle> hit,
            MemorySegment registers,
            long stackPointer,
            MemorySegment stack,
            Optional<Span> home) {
        /** {@return what it would be, as long as its calls were not followed} */
        Obstacle obstacle() {
            return hit.orElseGet(() -> new Obstacle(tid, "", Registers.get(registers, Registers.RIP), How.UNKNOWN));
        }
    }

    /** Some registers of a thread: what its own variables are found by, its stack pointer, its next instruction. */
    record Stop(long own, long stackPointer, long address) {}

    private final Session session;
    private final List<Range> ranges;
    private final Map<Integer, Stop> stops = new HashMap<>();
    private final List<Obstacle> obstacles = new ArrayList<>();
    private final List<Suspect> suspects = new ArrayList<>();
    /** Stack pointers of the threads that have their variables at the same place as others. */
    private final Map<Long, Map<Integer, Long>> sharers = new HashMap<>();

    private final Set<Obstacle> leftovers = new LinkedHashSet<>();
    private final boolean isChainEnough;
    private Set<Long> signalReturns = Set.of();
    private long[] signalReturnAddresses = {};
    private Mappings mappings;
    private Unwind confirmedWith;
    private ConfirmCalls confirm;

    /** @param isChainEnough whether a chain that was followed to its end decides against any words */
    CheckThreads(Session session, Mappings mappings, List<Range> ranges, boolean isChainEnough) {
        this.session = session;
        this.mappings = mappings;
        this.isChainEnough = isChainEnough;
        this.ranges = List.copyOf(ranges);
    }

    /** Takes note of what memory the process has now, and where signal handlers return to. */
    void update(Mappings now, Set<Long> returns) {
        mappings = now;
        signalReturns = Set.copyOf(returns);
        signalReturnAddresses =
                signalReturns.stream().mapToLong(Long::longValue).toArray();
    }

    /** {@return whether there is code in which no thread may be} */
    boolean isOfInterest() {
        return !ranges.isEmpty();
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
        List<Span> runs = mappings.runs();
        long[] memory = new long[runs.size() * 2];
        for (int i = 0; i < runs.size(); i++) {
            memory[2 * i] = runs.get(i).start();
            memory[2 * i + 1] = runs.get(i).end() - 1;
        }
        keeper.setRanges(ranges.isEmpty() ? new long[0] : Arrays.copyOf(words, count), memory);
        Span first = firstStack().orElse(new Span(0, 0));
        keeper.setFirstStack(session.firstThread(), first.start(), first.end());
    }

    private Optional<Span> firstStack() {
        long end = mappings.firstStackEnd();
        return end == 0 ? Optional.empty() : mappings.around(end - 1).map(run -> new Span(run.start(), end));
    }

    // Where it must be if it is where it began. C libraries have a thread's own variables at the end of its stack; who
    // was made without them has those of another. The first thread's are not at the end of a stack, and those at the
    // end
    // of a stack on which another one is are his.
    private Optional<Span> home(int tid, MemorySegment registers) {
        if (tid == session.firstThread()) {
            return firstStack();
        }
        long base = Registers.get(registers, Registers.FS_BASE);
        Map<Integer, Long> others = sharers.getOrDefault(base, Map.of());
        if (others.containsKey(session.firstThread())) {
            return Optional.empty();
        }
        long own = base & -8;
        return mappings.around(own)
                .filter(run -> run.start() < own)
                .map(run -> new Span(run.start(), own))
                .filter(span -> others.entrySet().stream()
                        .noneMatch(other -> other.getKey() != tid && span.holds(other.getValue())));
    }

    /**
     * {@return whether no stopped thread can be in the code}
     *
     * @param isAll whether to look at all of them, and not only at those that the keeper found
     */
    boolean isClear(Keeper keeper, boolean isAll) {
        forget();
        if (!isAlone(keeper)) {
            findShared(keeper);
        }
        for (int i = 0; i < keeper.threadCount(); i++) {
            if (keeper.state(i) == Keeper.State.STOPPED && (isAll || keeper.isFound(i))) {
                look(keeper, i);
            }
        }
        return obstacles.isEmpty() && suspects.isEmpty();
    }

    /** {@return words that lead into the code, and that are known to be left over, as of the last look} */
    List<Obstacle> leftovers() {
        return List.copyOf(leftovers);
    }

    private static boolean isAlone(Keeper keeper) {
        return keeper.threadCount() < 2;
    }

    private void findShared(Keeper keeper) {
        Map<Long, Integer> seen = new HashMap<>();
        sharers.clear();
        for (int i = 0; i < keeper.threadCount(); i++) {
            long own = Registers.get(keeper.registers(i), Registers.FS_BASE);
            Integer other = keeper.state(i) == Keeper.State.STOPPED ? seen.putIfAbsent(own, i) : null;
            if (other != null) {
                Map<Integer, Long> stackPointers = sharers.computeIfAbsent(own, base -> new HashMap<>());
                for (int sharer : List.of(other, i)) {
                    long stackPointer = Registers.get(keeper.registers(sharer), Registers.RSP);
                    stackPointers.put(keeper.tid(sharer), stackPointer);
                }
            }
        }
    }

    /** Forgets what was seen. */
    void forget() {
        leftovers.clear();
        obstacles.clear();
        suspects.clear();
    }

    /** {@return what a thread had in some registers when it was last stopped and looked at} */
    Optional<Stop> lastStop(int tid) {
        return Optional.ofNullable(stops.get(tid));
    }

    private void look(Keeper keeper, int index) {
        if (keeper.event(index) == Ptrace.EVENT_EXEC) {
            throw new ProcessException(session.pid(), "it executed another program meanwhile");
        }
        MemorySegment registers = keeper.registers(index);
        stops.put(
                keeper.tid(index),
                new Stop(
                        Registers.get(registers, Registers.FS_BASE),
                        Registers.get(registers, Registers.RSP),
                        Registers.get(registers, Registers.RIP)));
        look(keeper.tid(index), registers);
    }

    /** Looks at one thread. */
    void look(int tid, MemorySegment registers) {
        long address = Registers.get(registers, Registers.RIP);
        Optional<Range> here = into(address, false);
        if (here.isPresent()) {
            obstacles.add(new Obstacle(tid, here.get().function(), address, How.RUNS));
            return;
        }
        long start = Registers.get(registers, Registers.RSP) & -8;
        if (mappings.around(start).isEmpty()) {
            mappings = Mappings.read(session.pid());
        }
        if (Registers.isOfKernel(registers) && mappings.around(0).isEmpty()) {
            return;
        }
        Optional<Span> home = home(tid, registers);
        Optional<Span> own = home.filter(span -> span.holds(start));
        long size = own.map(span -> span.end() - start).orElse((long) LARGEST_COPY_BYTES);
        byte[] bytes = session.memory().read(start, (int) Math.min(size, Integer.MAX_VALUE - 8));
        MemorySegment stack = MemorySegment.ofArray(bytes);
        Optional<Obstacle> hit = search(stack, tid, How.MAY_RETURN);
        boolean isWholeHome = own.isPresent() && bytes.length == size;
        if (isWholeHome && hit.isEmpty() && !mayHoldSignal(stack)) {
            return;
        }
        MemorySegment copy = MemorySegment.ofArray(new long[Registers.BYTES / 8]);
        copy.copyFrom(registers);
        suspects.add(new Suspect(tid, hit, copy, start, stack, home));
    }

    private Optional<Obstacle> search(MemorySegment stack, int tid, How how) {
        for (long word = 0; word + 8 <= stack.byteSize(); word += 8) {
            long address = LittleEndian.u64(stack, word);
            Optional<Range> hit = into(address, true);
            if (hit.isPresent()) {
                return Optional.of(new Obstacle(tid, hit.get().function(), address, how));
            }
        }
        return Optional.empty();
    }

    // What looks like the frame of a signal and is none leads to where there is no stack.
    private boolean mayHoldSignal(MemorySegment stack) {
        for (long word = 0; word + INTERRUPTED_STACK_POINTER_AT + 8 <= stack.byteSize(); word += 8) {
            if (isSignalReturn(LittleEndian.u64(stack, word))
                    && mappings.around(LittleEndian.u64(stack, word + INTERRUPTED_STACK_POINTER_AT))
                            .isPresent()) {
                return true;
            }
        }
        return false;
    }

    // Asked for each word of a stack.
    private boolean isSignalReturn(long address) {
        for (long known : signalReturnAddresses) {
            if (known == address) {
                return true;
            }
        }
        return false;
    }

    private Optional<Range> into(long address, boolean isReturn) {
        for (Range range : ranges) {
            if (address > range.after()
                    && (address < range.before() || isReturn && range.canEndInCall() && address == range.before())) {
                return Optional.of(range);
            }
        }
        return Optional.empty();
    }

    /** {@return what stands in the way of those threads of which the words on their stacks do not tell} */
    List<Obstacle> unwound(Unwind unwind) {
        List<Obstacle> real = new ArrayList<>();
        for (Suspect suspect : suspects) {
            unwound(unwind, suspect).ifPresent(real::add);
        }
        return real;
    }

    private Optional<Obstacle> unwound(Unwind unwind, Suspect suspect) {
        Unwind.Chain chain = unwind.chain(suspect.registers(), suspect.stackPointer(), suspect.stack(), signalReturns);
        for (long address : chain.returnAddresses()) {
            Optional<Range> hit = into(address, true);
            if (hit.isPresent()) {
                return Optional.of(new Obstacle(suspect.tid(), hit.get().function(), address, How.RETURNS));
            }
        }
        if (!chain.isComplete()) {
            return suspect.hit()
                    .or(() -> Optional.of(new Obstacle(suspect.tid(), "", chain.lastAddress(), How.UNKNOWN)));
        }
        // A chain that ends at home ends where that does; if it leads away, the thread has left what is there.
        return suspect.home()
                .flatMap(home -> searchLeft(suspect.tid(), home, chain.end()))
                .or(() -> disagreement(unwind, suspect, chain));
    }

    // Of the words that lead into the code the last one is asked for: what holds up to there holds for all.
    private Optional<Obstacle> disagreement(Unwind unwind, Suspect suspect, Unwind.Chain chain) {
        Optional<Obstacle> found = Optional.empty();
        for (Span frames : framesOf(suspect, chain)) {
            MemorySegment stack = frames.start() == suspect.stackPointer()
                    ? suspect.stack().asSlice(0, frames.end() - frames.start())
                    : MemorySegment.ofArray(
                            session.memory().read(frames.start(), (int) (frames.end() - frames.start())));
            for (long word = stack.byteSize() / 8 * 8 - 8; word >= 0 && found.isEmpty(); word -= 8) {
                long address = LittleEndian.u64(stack, word);
                Optional<Range> hit = into(address, true);
                if (hit.isPresent()) {
                    boolean isLeftOver = confirm(unwind).isWithinFrame(chain, frames.start() + word);
                    Obstacle obstacle = new Obstacle(
                            suspect.tid(), hit.get().function(), address, isLeftOver ? How.LEFT_OVER : How.DISAGREES);
                    if (isLeftOver || isChainEnough) {
                        leftovers.add(obstacle);
                        break;
                    }
                    found = Optional.of(obstacle);
                }
            }
        }
        return found;
    }

    // Where the frames of a chain are: on the stack that it begins on, and behind each signal on what that interrupted.
    private static List<Span> framesOf(Suspect suspect, Unwind.Chain chain) {
        List<Span> spans = new ArrayList<>();
        long start = suspect.stackPointer();
        long most = start + suspect.stack().byteSize();
        long end = start;
        for (Unwind.Call call : chain.calls()) {
            if (call.function().isEmpty()) {
                spans.add(new Span(start, end));
                start = call.stackPointer();
                end = start;
                most = start + LARGEST_COPY_BYTES;
            } else if (call.stackPointer() > end && call.stackPointer() <= most) {
                end = call.stackPointer();
            } else {
                // On another part of a split stack.
                most = end;
            }
        }
        spans.add(new Span(start, chain.end() > end && chain.end() <= most ? chain.end() : end));
        return spans;
    }

    private ConfirmCalls confirm(Unwind unwind) {
        if (!unwind.equals(confirmedWith)) {
            confirmedWith = unwind;
            confirm = new ConfirmCalls(session.memory(), unwind);
        }
        return confirm;
    }

    private Optional<Obstacle> searchLeft(int tid, Span home, long chainEnd) {
        long from = home.holds(chainEnd - 8) ? chainEnd : home.start();
        while (from < home.end()) {
            from = touchedFrom(from, home.end());
            int size = (int) Math.min(LARGEST_SEARCHED_BYTES, home.end() - from);
            byte[] bytes = session.memory().read(from, size);
            Optional<Obstacle> hit = search(MemorySegment.ofArray(bytes), tid, How.HAS_LEFT);
            if (hit.isPresent() || bytes.length < size) {
                return hit.or(() -> Optional.of(new Obstacle(tid, "", chainEnd, How.UNKNOWN)));
            }
            from += size;
        }
        return Optional.empty();
    }

    private long touchedFrom(long start, long end) {
        Optional<Mapping> mapping = mappings.at(start);
        boolean isZeroUntouched = mapping.isPresent()
                && !mapping.get().isFile()
                && mapping.get().permissions().charAt(3) == 'p';
        return isZeroUntouched
                ? session.touched().firstFrom(start, Math.min(end, mapping.get().end()))
                : start;
    }
}
