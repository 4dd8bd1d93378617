package dev.suture.state;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.isa.Operation;
import dev.suture.isa.StackPlaces;
import dev.suture.state.Place.Addresses;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * The instructions of a piece of code, and which may follow which.
 *
 * <p>A jump through a register leads to each label of the tables that the code refers to, and to whatever nothing else leads
 * to. What nothing leads to though there is no such jump, such as the landing pad of an exception, is one more beginning. So
 * all ways that exist are known, and some that do not. Where other code jumps into the middle, as the unlikely part of a
 * function does that others lead to as well, it begins there, with nothing known. A half that is the function's own is
 * followed as a part of it. Linked code that needs a table is not complete: a
 * table cannot be told from other data there.
 */
final class Flow {
    /** rbp, where a function has a frame pointer. */
    static final int FRAME_POINTER = 1 << 5;

    private final JoinedPieces joined;
    private final Isa isa;
    private final MemorySegment bytes;
    private final List<Instruction> steps = new ArrayList<>();
    private final List<List<Integer>> next = new ArrayList<>();
    private final BitSet exits = new BitSet();
    private final BitSet jumpsOut = new BitSet();
    private final BitSet entries = new BitSet();
    private final NavigableMap<Long, Reference> references = new TreeMap<>();
    private final BitSet joins = new BitSet();
    private final StackPlaces[] stack;
    private final boolean isComplete;

    /**
     * @param parts the pieces of it, the function first
     * @param entered where other code jumps into the middle of that
     */
    Flow(ObjectPieces object, List<Piece> parts, Set<Long> entered) {
        this(Isa.of(object.elf().header().machine()), JoinedPieces.of(object, parts), entered);
    }

    /** @param linked code that needs no relocation any more */
    Flow(Isa isa, MemorySegment linked) {
        this(isa, JoinedPieces.ofLinked(linked), Set.of());
    }

    private Flow(Isa isa, JoinedPieces joined, Set<Long> entered) {
        this.isa = isa;
        this.joined = joined;
        bytes = joined.bytes();
        joined.references().forEach(reference -> references.put(reference.pieceOffset(), reference));
        Map<Long, Integer> byOffset = new HashMap<>();
        long at = 0;
        Optional<Instruction> decoded = isa.decode(bytes, at);
        while (at < bytes.byteSize() && decoded.isPresent()) {
            byOffset.put(at, steps.size());
            steps.add(decoded.get());
            at = decoded.get().endOffset();
            decoded = isa.decode(bytes, at);
        }
        boolean isDecoded = at == bytes.byteSize()
                && byOffset.keySet().containsAll(joined.begins().values());
        for (int step = 0; step < steps.size(); step++) {
            next.add(new ArrayList<>(2));
            connect(step, byOffset);
        }
        boolean isEnteredWell = byOffset.keySet().containsAll(entered);
        entered.stream().filter(byOffset::containsKey).forEach(offset -> entries.set(byOffset.get(offset)));
        boolean needsTable = connectTheRest(joined.labels(), byOffset);
        isComplete =
                isDecoded && isEnteredWell && !(needsTable && joined.begins().isEmpty());
        stack = new StackPlaces[steps.size()];
        followStack();
        for (int step = 0; step < steps.size(); step++) {
            for (int to : next.get(step)) {
                joins.set(to, joins.get(to) || to != step + 1);
            }
        }
    }

    /** What nothing leads to may have any stack. */
    private void followStack() {
        ArrayDeque<Integer> open = new ArrayDeque<>();
        entries.stream().forEach(entry -> {
            stack[entry] = entry == 0 ? StackPlaces.BEGIN : StackPlaces.UNKNOWN;
            open.add(entry);
        });
        while (!open.isEmpty()) {
            int step = open.remove();
            StackPlaces after = isa.stack(steps.get(step), bytes, stack[step]);
            for (int to : next.get(step)) {
                StackPlaces both = stack[to] == null ? after : stack[to].or(after);
                if (!both.equals(stack[to])) {
                    stack[to] = both;
                    open.add(to);
                }
            }
        }
    }

    /**
     * {@return where on the stack the operand of an instruction is, in bytes from where the stack was when the code began;
     * empty if it is elsewhere, or nobody can tell}
     */
    OptionalLong stackSlot(int step) {
        Instruction instruction = steps.get(step);
        Operation operation = operation(step);
        if (stack[step] == null || operation.memory() == Operation.Memory.ADDRESS) {
            return OptionalLong.empty();
        }
        OptionalLong base = operation.through() == isa.stackRegisters()
                ? stack[step].pointer()
                : operation.through() == FRAME_POINTER ? stack[step].frame() : OptionalLong.empty();
        // What a push writes is below.
        StackPlaces after = isa.stack(instruction, bytes, stack[step]);
        boolean isPush = operation.memory() == Operation.Memory.WRITTEN
                && operation.through() == isa.stackRegisters()
                && instruction.displacementBytes() == 0
                && !after.pointer().equals(stack[step].pointer());
        if (base.isEmpty() || isPush && after.pointer().isEmpty()) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(isPush ? after.pointer().getAsLong() : base.getAsLong() + displacement(step));
    }

    /**
     * {@return whether an address may be among what is passed on the stack at a call}
     *
     * <p>What a function keeps for itself lies above that, and nothing tells where it begins.
     *
     * @param held where the address is
     */
    boolean passesOnStack(int call, Addresses held) {
        if (!held.isSpilled()) {
            return false;
        }
        OptionalLong pointer = stack[call] == null ? OptionalLong.empty() : stack[call].pointer();
        return held.isAnywhere()
                || pointer.isEmpty()
                || held.slots().stream().anyMatch(slot -> slot > pointer.getAsLong() - Long.BYTES);
    }

    /** {@return whether code may look at what was on the stack when it was called} */
    boolean readsAboveItsFrame() {
        for (int step = 0; step < steps.size(); step++) {
            Operation operation = operation(step);
            int through = operation.through();
            boolean isOfStack = (through & isa.stackRegisters()) != 0
                    || (through & FRAME_POINTER) != 0
                            && stack[step] != null
                            && stack[step].frame().isPresent();
            boolean isPushOrPop = operation.through() == isa.stackRegisters()
                    && steps.get(step).displacementBytes() == 0
                    && operation.memory() != Operation.Memory.ADDRESS;
            if (!operation.isKnown() || isOfStack && !isPushOrPop && mayBeAbove(step, operation)) {
                return true;
            }
        }
        return false;
    }

    private boolean mayBeAbove(int step, Operation operation) {
        OptionalLong base = stack[step] == null
                ? OptionalLong.empty()
                : operation.through() == isa.stackRegisters() ? stack[step].pointer() : stack[step].frame();
        boolean isPlain = operation.through() == isa.stackRegisters() || operation.through() == FRAME_POINTER;
        return !isPlain || base.isEmpty() || base.getAsLong() + displacement(step) >= Long.BYTES;
    }

    /** {@return the instructions from which some way leaves the code} */
    BitSet leaving() {
        List<List<Integer>> into = new ArrayList<>();
        steps.forEach(_ -> into.add(new ArrayList<>(2)));
        for (int step = 0; step < steps.size(); step++) {
            for (int to : next.get(step)) {
                into.get(to).add(step);
            }
        }
        BitSet found = new BitSet();
        ArrayDeque<Integer> open = new ArrayDeque<>();
        exits.stream().forEach(open::add);
        while (!open.isEmpty()) {
            int step = open.remove();
            if (!found.get(step)) {
                found.set(step);
                open.addAll(into.get(step));
            }
        }
        return found;
    }

    /** {@return the constant part of the address of an instruction's operand} */
    long displacement(int step) {
        Instruction instruction = steps.get(step);
        long found = 0;
        int size = instruction.displacementBytes();
        for (int i = 0; i < size; i++) {
            found |= (long) LittleEndian.u8(bytes, instruction.offset() + instruction.displacementAt() + i) << 8 * i;
        }
        int shift = Long.SIZE - 8 * size;
        return size == 0 ? 0 : found << shift >> shift;
    }

    private void connect(int step, Map<Long, Integer> byOffset) {
        Instruction instruction = steps.get(step);
        switch (instruction.flow()) {
            // Behind a trap it goes on, if that is a warning's.
            case NEXT, CALL, INDIRECT_CALL, TRAP -> fallThrough(step);
            case RETURN -> exits.set(step);
            case INDIRECT_JUMP -> {}
            case JUMP -> jump(step, byOffset);
            case CONDITIONAL -> {
                jump(step, byOffset);
                fallThrough(step);
            }
        }
    }

    private void fallThrough(int step) {
        if (step + 1 < steps.size() && !joined.isBorder(steps.get(step).endOffset())) {
            next.get(step).add(step + 1);
        } else {
            exits.set(step);
        }
    }

    private void jump(int step, Map<Long, Integer> byOffset) {
        Instruction instruction = steps.get(step);
        OptionalLong target = in(step).isEmpty() ? nearTarget(instruction) : insideTarget(step);
        Integer index = target.isPresent() ? byOffset.get(target.getAsLong()) : null;
        if (index == null) {
            exits.set(step);
            jumpsOut.set(step);
        } else {
            next.get(step).add(index);
        }
    }

    /** What is behind the end of a piece is not what is behind it here. */
    private OptionalLong nearTarget(Instruction instruction) {
        OptionalLong target = instruction.branchTarget(bytes);
        return target.isPresent() && joined.isInOne(instruction.offset(), target.getAsLong())
                ? target
                : OptionalLong.empty();
    }

    private OptionalLong insideTarget(int step) {
        return in(step).getFirst().target() instanceof Reference.InPiece target
                        && joined.begins().containsKey(target.pieceIndex())
                ? OptionalLong.of(joined.begins().get(target.pieceIndex()) + target.delta())
                : OptionalLong.empty();
    }

    /** {@return whether a jump leads somewhere that no other instruction tells} */
    private boolean connectTheRest(Set<Long> labels, Map<Long, Integer> byOffset) {
        List<Integer> indirect = new ArrayList<>();
        for (int step = 0; step < steps.size(); step++) {
            if (steps.get(step).flow() == Instruction.Flow.INDIRECT_JUMP) {
                indirect.add(step);
                exits.set(step);
            }
        }
        for (long label : labels) {
            Integer to = byOffset.get(label);
            if (to != null) {
                indirect.forEach(jump -> next.get(jump).add(to));
            }
        }
        BitSet reached = new BitSet();
        if (!steps.isEmpty()) {
            entries.set(0);
        }
        entries.stream().forEach(entry -> reach(entry, reached));
        boolean isLeft = false;
        for (int step = reached.nextClearBit(0); step < steps.size(); step = reached.nextClearBit(step + 1)) {
            if (isa.isPadding(steps.get(step), bytes)) {
                continue;
            }
            isLeft |= !indirect.isEmpty();
            if (indirect.isEmpty()) {
                entries.set(step);
            }
            for (int jump : indirect) {
                next.get(jump).add(step);
            }
            reach(step, reached);
        }
        return isLeft;
    }

    private void reach(int first, BitSet reached) {
        ArrayDeque<Integer> open = new ArrayDeque<>(List.of(first));
        reached.set(first);
        while (!open.isEmpty()) {
            for (int step : next.get(open.remove())) {
                if (!reached.get(step)) {
                    reached.set(step);
                    open.add(step);
                }
            }
        }
    }

    Isa isa() {
        return isa;
    }

    MemorySegment bytes() {
        return bytes;
    }

    /** {@return whether all of it are instructions} */
    boolean isComplete() {
        return isComplete;
    }

    List<Instruction> steps() {
        return steps;
    }

    List<Integer> next(int step) {
        return next.get(step);
    }

    /**
     * {@return whether a conditional jump goes that way when it is taken; empty if both ways are the same}
     *
     * @param to the instruction; -1 for out of the code
     */
    Optional<Boolean> isTaken(int jump, int to) {
        List<Integer> ways = next(jump);
        boolean leaves = isExit(jump);
        boolean isSame =
                leaves ? ways.isEmpty() : ways.size() < 2 || ways.get(0).equals(ways.get(1));
        if (steps.get(jump).flow() != Instruction.Flow.CONDITIONAL || isSame) {
            return Optional.empty();
        }
        return Optional.of(jumpsOut.get(jump) ? to < 0 : ways.getFirst() == to);
    }

    /** {@return whether something else than the instruction before it may lead to an instruction} */
    boolean isJoin(int step) {
        return joins.get(step) || entries.get(step);
    }

    /** {@return whether the code may be left with an instruction} */
    boolean isExit(int step) {
        return exits.get(step);
    }

    /** {@return the instructions that it may begin with} */
    BitSet entries() {
        return entries;
    }

    Operation operation(int step) {
        return isa.operation(steps.get(step), bytes);
    }

    boolean isBranch(int step) {
        return steps.get(step).flow() != Instruction.Flow.NEXT;
    }

    boolean isJump(int step) {
        return switch (steps.get(step).flow()) {
            case JUMP, CONDITIONAL, INDIRECT_JUMP -> true;
            case CALL, INDIRECT_CALL, NEXT, RETURN, TRAP -> false;
        };
    }

    /** {@return whether nothing that code put on the stack is there any more} */
    boolean hasLeftStack(int step) {
        return stack[step] != null && stack[step].pointer().equals(StackPlaces.BEGIN.pointer());
    }

    /** {@return what relocations put into an instruction} */
    List<Reference> in(int step) {
        Instruction instruction = steps.get(step);
        Long first = references.ceilingKey(instruction.offset());
        return first == null || first >= instruction.endOffset()
                ? List.of()
                : List.copyOf(references
                        .subMap(instruction.offset(), instruction.endOffset())
                        .values());
    }

    /** {@return whether a reference is to the place where the linker or loader puts an address} */
    boolean isThroughTable(Reference reference) {
        return isa.relocation(reference.relocation().type()).throughGot();
    }

    /** {@return whether a reference of an instruction leads to its operand in memory} */
    boolean isOperand(int step, Reference reference) {
        Instruction instruction = steps.get(step);
        long from = instruction.offset() + instruction.displacementAt();
        return instruction.displacementBytes() > 0
                && reference.pieceOffset() >= from
                && reference.pieceOffset() < from + instruction.displacementBytes();
    }
}
