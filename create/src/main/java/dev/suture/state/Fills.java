package dev.suture.state;

import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.isa.Move;
import dev.suture.isa.Operation;
import dev.suture.isa.Operation.Memory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * Tells what fills a variable, element by element, from what puts one element there: {@code for (i = 0; i < 8; i++) t[i] = 0;}
 * and {@code t[n & 7] = 0;}.
 *
 * <p>A store fills if it is in a loop in which its address goes on by constants. Where the address comes from elsewhere in
 * memory, or is calculated in another way, nobody knows which elements it leaves as they are.
 */
final class Fills {
    private final Map<Flow, Map<Integer, Boolean>> known = new HashMap<>();

    /** {@return whether a store is one of those that fill what it leads to} */
    boolean isFilling(Flow flow, int store) {
        return known.computeIfAbsent(flow, _ -> new HashMap<>()).computeIfAbsent(store, _ -> find(flow, store));
    }

    private static boolean find(Flow flow, int store) {
        Operation operation = flow.operation(store);
        if ((operation.writes() & operation.through()) != 0) {
            return true;
        }
        List<List<Integer>> into = new ArrayList<>();
        flow.steps().forEach(_ -> into.add(new ArrayList<>(2)));
        for (int step = 0; step < flow.steps().size(); step++) {
            for (int to : flow.next(step)) {
                into.get(to).add(step);
            }
        }
        BitSet loop = reached(store, flow::next);
        loop.and(reached(store, into::get));
        return loop.get(store)
                && goesOn(flow, store, operation.through() & ~flow.isa().stackRegisters(), loop);
    }

    /** Whether some registers are made of constants, of one another and of what is on the stack. */
    private static boolean goesOn(Flow flow, int use, int registers, BitSet loop) {
        boolean isMoved = false;
        Set<Integer> seen = new HashSet<>();
        ArrayDeque<int[]> open = new ArrayDeque<>(List.of(new int[] {use, registers}));
        while (!open.isEmpty()) {
            int[] next = open.remove();
            for (int register = Integer.lowestOneBit(next[1]); register != 0; ) {
                int made = Sums.definition(flow, next[0], register);
                BitSet makers = makers(flow, register, loop);
                if (made >= 0) {
                    makers.clear();
                    makers.set(made);
                }
                for (int maker : makers.stream().toArray()) {
                    Optional<Integer> from = from(flow, maker, register);
                    if (from.isEmpty()) {
                        return false;
                    }
                    isMoved |= loop.get(maker) && moves(flow, maker);
                    if (seen.add(maker)) {
                        open.add(new int[] {maker, from.get()});
                    }
                }
                next[1] &= ~register;
                register = Integer.lowestOneBit(next[1]);
            }
        }
        return isMoved;
    }

    private static boolean moves(Flow flow, int step) {
        Instruction instruction = flow.steps().get(step);
        return flow.isa().counts(instruction, flow.bytes()) != 0
                || flow.operation(step).memory() == Memory.ADDRESS
                        && flow.operation(step).through() != 0
                        && flow.in(step).isEmpty()
                        && flow.displacement(step) != 0;
    }

    private static BitSet makers(Flow flow, int register, BitSet loop) {
        BitSet found = new BitSet();
        loop.stream()
                .filter(step -> !flow.operation(step).isKnown()
                        || (flow.operation(step).writes() & register) != 0
                        || flow.isBranch(step)
                                && !flow.isJump(step)
                                && register == flow.isa().resultRegister())
                .forEach(found::set);
        return found;
    }

    /** {@return what else an address is made of that goes on by constants; empty if it does not} */
    private static Optional<Integer> from(Flow flow, int step, int address) {
        Instruction instruction = flow.steps().get(step);
        Operation operation = flow.operation(step);
        Isa isa = flow.isa();
        boolean isCall = flow.isBranch(step) && !flow.isJump(step);
        int written = isCall ? isa.resultRegister() : operation.writes();
        if (!operation.isKnown() || (written & address) == 0) {
            return operation.isKnown() ? Optional.of(0) : Optional.empty();
        }
        Optional<Move> move = isa.move(instruction, flow.bytes());
        return switch (operation.memory()) {
            case ADDRESS -> Optional.of(operation.through());
            case READ ->
                (operation.through() & ~isa.stackRegisters() & ~Flow.FRAME_POINTER) == 0 && operation.through() != 0
                        ? Optional.of(0)
                        : Optional.empty();
            case NONE ->
                isCall
                        ? Optional.empty()
                        : move.isPresent()
                                ? move.map(Move::from)
                                : isa.counts(instruction, flow.bytes()) != 0
                                                || isa.loaded(instruction, flow.bytes())
                                                        .isPresent()
                                        ? Optional.of(0)
                                        : Optional.empty();
            case WRITTEN -> Optional.empty();
        };
    }

    private static BitSet reached(int from, IntFunction<List<Integer>> ways) {
        BitSet found = new BitSet();
        ArrayDeque<Integer> open = new ArrayDeque<>(ways.apply(from));
        while (!open.isEmpty()) {
            int step = open.remove();
            if (!found.get(step)) {
                found.set(step);
                open.addAll(ways.apply(step));
            }
        }
        return found;
    }

    /** {@return whether a call of a function of the library is not seen to fill less than so many bytes} */
    static boolean mayFill(Flow flow, int call, String function, long sizeBytes) {
        long filled = 1;
        for (int argument : LibraryCalls.lengths(function)) {
            OptionalLong length = length(flow, call, argument);
            if (length.isEmpty() || length.getAsLong() < 0 || length.getAsLong() > Integer.MAX_VALUE) {
                return true;
            }
            filled *= length.getAsLong();
        }
        return filled >= sizeBytes;
    }

    private static OptionalLong length(Flow flow, int call, int argument) {
        int made = Sums.definition(flow, call, flow.isa().argumentRegister(argument));
        if (made < 0 || !flow.in(made).isEmpty()) {
            return OptionalLong.empty();
        }
        Instruction instruction = flow.steps().get(made);
        Operation operation = flow.operation(made);
        boolean isConstant = instruction.immediateBytes() > 0
                && operation.memory() == Memory.NONE
                && (operation.keeps() | operation.mixes()) == 0;
        return isConstant ? OptionalLong.of(flow.isa().constant(instruction, flow.bytes())) : OptionalLong.empty();
    }
}
