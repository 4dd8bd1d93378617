package dev.suture.effect;

import dev.suture.effect.ProgramCode.Part;
import dev.suture.elf.LittleEndian;
import dev.suture.image.LinkedCode;
import dev.suture.isa.Instruction;
import dev.suture.isa.Instruction.Flow;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongPredicate;

/**
 * The instructions of one function of a linked program, with the halves that the compiler put elsewhere, and in which
 * order they can run.
 *
 * <p>Where a jump through a table leads is read from the table. Code that nothing is seen to jump to, such as a landing pad
 * of an exception, may follow each call. So all ways that exist are known, and some that do not.
 */
final class Body {
    /** How far back the beginning of a table is looked for, in instructions. */
    private static final int TABLE_SETUP = 12;

    private static final int MOST_ENTRIES = 4096;

    private final ProgramCode code;
    private final LinkedCode linked;
    private final LongPredicate neverReturns;
    private final List<Part> parts;
    private final TreeMap<Long, Step> steps = new TreeMap<>();
    private final List<Step> inOrder;
    private final List<Call> calls = new ArrayList<>();
    private final boolean isComplete;
    private boolean mayReturn;
    private boolean isFollowed;
    private Cycles cycles = Cycles.of(List.of());

    /** One instruction. */
    private static final class Step {
        final long address;
        final Part part;
        final Instruction instruction;
        final List<Step> next = new ArrayList<>(2);
        int index;
        boolean leaves;

        Step(long address, Part part, Instruction instruction) {
            this.address = address;
            this.part = part;
            this.instruction = instruction;
        }

        long end() {
            return address + instruction.sizeBytes();
        }
    }

    /**
     * A call or jump that leaves the function.
     *
     * @param site address of the instruction
     * @param target where it leads
     * @param isCall whether it comes back here
     */
    record Call(long site, long target, boolean isCall) {}

    /** @param neverReturns whether a call of the code at an address never comes back */
    Body(ProgramCode code, LinkedCode linked, Part part, LongPredicate neverReturns) {
        this.code = code;
        this.linked = linked;
        this.neverReturns = neverReturns;
        this.parts = withHalves(part);
        boolean complete = true;
        for (Part each : parts) {
            complete &= decode(each);
        }
        isComplete = complete;
        inOrder = List.copyOf(steps.values());
    }

    /** Most are asked only for what their instructions are. */
    private void follow() {
        if (!isFollowed) {
            isFollowed = true;
            connect();
            cycles = Cycles.of(inOrder.stream()
                    .map(step -> step.next.stream().mapToInt(next -> next.index).toArray())
                    .toList());
            inOrder.stream().filter(step -> step.leaves).forEach(step -> cycles.leaveAt(step.index));
        }
    }

    private boolean decode(Part part) {
        MemorySegment bytes = ProgramCode.bytes(part);
        long base = part.section().address();
        long at = part.start();
        while (at < part.end()) {
            Optional<Instruction> decoded = code.isa().decode(bytes, at - base);
            if (decoded.isEmpty() || at + decoded.get().sizeBytes() > part.end()) {
                return false;
            }
            steps.put(at, new Step(at, part, decoded.get()));
            mayReturn |= decoded.get().flow() == Flow.RETURN;
            at += decoded.get().sizeBytes();
        }
        return true;
    }

    /** {@return the part and those that it and they jump into the midst of, which only halves of one function do} */
    private List<Part> withHalves(Part first) {
        List<Part> found = new ArrayList<>(List.of(first));
        for (int i = 0; i < found.size(); i++) {
            Part part = found.get(i);
            for (long target : jumpsOutOf(part)) {
                code.with(target).filter(other -> !found.contains(other)).ifPresent(other -> {
                    boolean isInside = target != other.start();
                    boolean comesBack = jumpsOutOf(other).stream()
                            .anyMatch(back ->
                                    found.stream().anyMatch(known -> known.contains(back) && back != known.start()));
                    if (isInside || comesBack) {
                        found.add(other);
                    }
                });
            }
        }
        return found;
    }

    private List<Long> jumpsOutOf(Part part) {
        List<Long> targets = new ArrayList<>();
        MemorySegment bytes = ProgramCode.bytes(part);
        long base = part.section().address();
        long at = part.start() - base;
        while (at < part.end() - base) {
            Optional<Instruction> decoded = code.isa().decode(bytes, at);
            if (decoded.isEmpty()) {
                return targets;
            }
            Flow flow = decoded.get().flow();
            if (flow == Flow.JUMP || flow == Flow.CONDITIONAL) {
                long target = base + decoded.get().branchTarget(bytes).orElseThrow();
                if (!part.contains(target)) {
                    targets.add(target);
                }
            }
            at = decoded.get().endOffset();
        }
        return targets;
    }

    private void connect() {
        Set<Step> reached = new HashSet<>();
        for (int i = 0; i < inOrder.size(); i++) {
            inOrder.get(i).index = i;
        }
        inOrder.forEach(step -> connect(step, reached));
        List<Step> orphans = new ArrayList<>();
        for (Step step : inOrder) {
            boolean isPadding = code.isa().isPadding(step.instruction, ProgramCode.bytes(step.part));
            if (!reached.contains(step) && step.address != step.part.start() && !isPadding) {
                orphans.add(step);
            }
        }
        if (!code.throwsExceptions()) {
            return;
        }
        inOrder.stream()
                .filter(step -> step.instruction.flow() == Flow.CALL || step.instruction.flow() == Flow.INDIRECT_CALL)
                .forEach(step -> step.next.addAll(orphans));
    }

    private void connect(Step step, Set<Step> reached) {
        MemorySegment bytes = ProgramCode.bytes(step.part);
        long base = step.part.section().address();
        switch (step.instruction.flow()) {
            case NEXT -> fallThrough(step, reached);
            case TRAP -> step.leaves = true;
            case RETURN -> step.leaves = true;
            case INDIRECT_CALL -> {
                if (isEndingImport(step)) {
                    step.leaves = true;
                } else {
                    fallThrough(step, reached);
                }
            }
            case CALL -> {
                long target = base + step.instruction.branchTarget(bytes).orElseThrow();
                calls.add(new Call(step.address, target, true));
                if (neverReturns.test(target)) {
                    step.leaves = true;
                } else {
                    fallThrough(step, reached);
                }
            }
            case JUMP -> jump(step, base + step.instruction.branchTarget(bytes).orElseThrow(), reached);
            case CONDITIONAL -> {
                jump(step, base + step.instruction.branchTarget(bytes).orElseThrow(), reached);
                fallThrough(step, reached);
            }
            case INDIRECT_JUMP -> throughTable(step, reached);
        }
    }

    /** {@return whether a call goes through the slot of an import that never returns} */
    private boolean isEndingImport(Step step) {
        return step.instruction.ripRelative()
                && linked.importAt(step.end() + displacement(step))
                        .filter(code.imports()::neverReturns)
                        .isPresent();
    }

    private long displacement(Step step) {
        return LittleEndian.s32(
                ProgramCode.bytes(step.part), step.instruction.offset() + step.instruction.displacementAt());
    }

    private void fallThrough(Step step, Set<Step> reached) {
        Step next = steps.get(step.end());
        if (next == null || next.part != step.part) {
            step.leaves = true;
        } else {
            step.next.add(next);
            reached.add(next);
        }
    }

    private void jump(Step step, long target, Set<Step> reached) {
        Step next = steps.get(target);
        if (next != null) {
            step.next.add(next);
            reached.add(next);
            return;
        }
        step.leaves = true;
        calls.add(new Call(step.address, target, false));
        mayReturn |= !neverReturns.test(target);
    }

    private void throughTable(Step step, Set<Step> reached) {
        Set<Long> targets = tableTargets(step);
        if (targets.isEmpty()) {
            step.leaves = true;
            mayReturn = true;
        }
        for (long target : targets) {
            Step next = steps.get(target);
            step.next.add(next);
            reached.add(next);
        }
    }

    /** {@return where a jump through a table may lead; empty if it is not seen to go through one} */
    private Set<Long> tableTargets(Step step) {
        Set<Long> targets = new HashSet<>();
        if (step.instruction.displacementBytes() == 4 && !step.instruction.ripRelative()) {
            readTable(displacement(step) & 0xffff_ffffL, true, targets);
            readTable(displacement(step), true, targets);
        }
        Map.Entry<Long, Step> before = steps.lowerEntry(step.address);
        for (int i = 0; i < TABLE_SETUP && before != null; i++) {
            Step setup = before.getValue();
            if (setup.instruction.displacementBytes() == 4) {
                long place = displacement(setup);
                readTable(setup.instruction.ripRelative() ? setup.end() + place : place, false, targets);
                readTable(place, true, targets);
            }
            before = steps.lowerEntry(setup.address);
        }
        return targets;
    }

    /** Entries are addresses, or distances from the table's beginning; the first that leads elsewhere is none. */
    private void readTable(long table, boolean isAbsolute, Set<Long> targets) {
        int size = isAbsolute ? 8 : 4;
        for (int i = 0; i < MOST_ENTRIES && code.with(table).isEmpty(); i++) {
            Optional<MemorySegment> entry = linked.bytes(table + (long) i * size, size);
            if (entry.isEmpty()) {
                return;
            }
            long target = isAbsolute ? LittleEndian.u64(entry.get(), 0) : table + LittleEndian.s32(entry.get(), 0);
            if (!steps.containsKey(target)) {
                return;
            }
            targets.add(target);
        }
    }

    /** {@return whether all of it are instructions} */
    boolean isComplete() {
        return isComplete;
    }

    /** {@return the code that it consists of, its beginning first} */
    List<Part> parts() {
        return parts;
    }

    /** {@return whether it may come back to its caller, or nobody can tell} */
    boolean mayReturn() {
        if (!mayReturn && isComplete) {
            follow();
        }
        return mayReturn || !isComplete;
    }

    /** {@return whether it has a loop} */
    boolean loops() {
        follow();
        return cycles.exist();
    }

    /** {@return the address of a loop without a way out, if there is one that can be reached} */
    OptionalLong endlessLoop() {
        follow();
        if (!isComplete) {
            return OptionalLong.empty();
        }
        return inOrder.stream()
                .filter(step -> isEndless(step.index))
                .mapToLong(step -> step.address)
                .min();
    }

    private boolean isEndless(int index) {
        return cycles.contains(index) && !cycles.canLeave(index);
    }

    /** {@return whether an instruction may run again and again while the function goes on} */
    boolean isInLoop(long address) {
        follow();
        Step step = steps.get(address);
        if (step == null || !isComplete) {
            return true;
        }
        if (!cycles.contains(step.index)) {
            return false;
        }
        // Where an endless loop is all that follows, the loops before it belong to the start.
        OptionalLong endless = endlessLoop();
        return endless.isEmpty() || mayReturn || isEndless(step.index) || !mayFollow(endless.getAsLong(), address);
    }

    /** {@return whether an instruction is in a loop without a way out} */
    boolean isInEndlessLoop(long address) {
        follow();
        Step step = steps.get(address);
        return step != null && isEndless(step.index);
    }

    /** {@return whether one instruction may run after another} */
    boolean mayFollow(long address, long before) {
        Step to = steps.get(address);
        return to == null
                || !isComplete
                || !steps.containsKey(before)
                || after(before).get(to.index);
    }

    /** {@return whether a loop, or a call of something that lasts, may follow an instruction} */
    boolean lastsBehind(long address, LongPredicate lasts) {
        if (!isComplete || !steps.containsKey(address)) {
            return true;
        }
        BitSet after = after(address);
        return after.stream().anyMatch(cycles::contains)
                || calls().stream()
                        .anyMatch(call -> after.get(steps.get(call.site()).index) && lasts.test(call.target()));
    }

    /**
     * {@return whether the function, once it has left an instruction and the loop that this is in, may go round or last
     * elsewhere}
     */
    boolean goesOnBehind(long address, LongPredicate lasts) {
        follow();
        Step from = steps.get(address);
        if (from == null || !isComplete) {
            return false;
        }
        BitSet after = after(address);
        return after.stream().anyMatch(index -> cycles.contains(index) && !cycles.areTogether(index, from.index))
                || calls().stream().anyMatch(call -> isBehind(call, from, after) && lasts.test(call.target()));
    }

    private boolean isBehind(Call call, Step from, BitSet after) {
        int index = steps.get(call.site()).index;
        return call.site() != from.address && after.get(index) && !cycles.areTogether(index, from.index);
    }

    private BitSet after(long address) {
        follow();
        BitSet seen = new BitSet();
        ArrayDeque<Step> open = new ArrayDeque<>(List.of(steps.get(address)));
        while (!open.isEmpty()) {
            for (Step next : open.remove().next) {
                if (!seen.get(next.index)) {
                    seen.set(next.index);
                    open.add(next);
                }
            }
        }
        return seen;
    }

    /** {@return the calls and jumps that leave it directly} */
    List<Call> calls() {
        follow();
        return calls;
    }
}
