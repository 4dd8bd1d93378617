package dev.suture.state;

import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.isa.Operation;
import dev.suture.isa.Operation.Memory;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.OptionalLong;

/** Tells counters from sums: what only ever goes up by a constant, and what may as well be taken away again. */
final class Sums {
    static final String NO_MEANING = "?";

    private Sums() {}

    /**
     * {@return whether nobody can see what an instruction makes of the variable but in the variable}
     *
     * @param operation one that changes it
     */
    static boolean isUnseen(Flow flow, int step, Operation operation) {
        if (operation.writes() != 0 || operation.memory() != Memory.WRITTEN) {
            return false;
        }
        BitSet seen = new BitSet();
        ArrayDeque<Integer> open = new ArrayDeque<>(flow.next(step));
        while (!open.isEmpty()) {
            int at = open.remove();
            Instruction instruction = flow.steps().get(at);
            boolean isUsed = instruction.flow() == Instruction.Flow.CONDITIONAL
                    || !flow.operation(at).isKnown()
                    || flow.isa().dependsOnFlags(instruction, flow.bytes());
            if (isUsed) {
                return false;
            }
            boolean isOver = flow.isa().setsFlags(instruction, flow.bytes()).isPresent()
                    || instruction.flow() != Instruction.Flow.NEXT && instruction.flow() != Instruction.Flow.JUMP;
            if (!isOver && !seen.get(at)) {
                seen.set(at);
                open.addAll(flow.next(at));
            }
        }
        return true;
    }

    /**
     * {@return whether an instruction stores more by a constant than the variable held}
     *
     * @param raised registers that hold so much
     */
    static boolean countsUp(Flow flow, int step, Operation operation, int raised) {
        Instruction instruction = flow.steps().get(step);
        Isa isa = flow.isa();
        if (isa.overwrites(instruction, flow.bytes())) {
            return (stored(flow, step) & raised) != 0;
        }
        return isa.counts(instruction, flow.bytes()) > 0
                || isa.addsRegister(instruction, flow.bytes())
                        && operation.writes() != 0
                        && loaded(flow, step, operation.writes()).orElse(0) > 0;
    }

    /** {@return the number that an instruction stores, if it is known} */
    static OptionalLong constant(Flow flow, int step) {
        Instruction instruction = flow.steps().get(step);
        boolean isAddress = flow.in(step).stream().anyMatch(reference -> !flow.isOperand(step, reference));
        if (isAddress) {
            return OptionalLong.empty();
        }
        return instruction.immediateBytes() > 0
                ? OptionalLong.of(flow.isa().constant(instruction, flow.bytes()))
                : loaded(flow, step, stored(flow, step));
    }

    /** {@return what an instruction stores, in the same words as others that store the same; {@link #NO_MEANING} if unknown} */
    static String meaning(Flow flow, int step) {
        if (flow.isBranch(step)) {
            return NO_MEANING;
        }
        OptionalLong constant = constant(flow, step);
        return constant.isPresent() ? Long.toString(constant.getAsLong()) : NO_MEANING;
    }

    static OptionalLong loaded(Flow flow, int step, int register) {
        int at = definition(flow, step, register);
        return at < 0 || !flow.in(at).isEmpty()
                ? OptionalLong.empty()
                : flow.isa().loaded(flow.steps().get(at), flow.bytes());
    }

    private static int stored(Flow flow, int step) {
        return Transfer.stored(flow.operation(step))
                | flow.isa().storedRegister(flow.steps().get(step), flow.bytes());
    }

    /** The instruction that made what a register holds, if nothing else can lead between the two; else -1. */
    static int definition(Flow flow, int step, int register) {
        for (int at = step; register != 0 && at > 0 && !flow.isJoin(at); at--) {
            if (flow.isBranch(at - 1) || !flow.operation(at - 1).isKnown()) {
                return -1;
            }
            if ((flow.operation(at - 1).writes() & register) != 0) {
                return at - 1;
            }
        }
        return -1;
    }

    /**
     * {@return whether what an instruction stores may be what the variable held and something more, or less}
     *
     * <p>Not for what is stored without regard to what was there, nor for what is calculated from that in other ways.
     */
    static boolean isSum(Flow flow, int step, Place place, long sizeBytes) {
        Instruction instruction = flow.steps().get(step);
        Isa isa = flow.isa();
        if (!isa.overwrites(instruction, flow.bytes())) {
            return isa.addsRegister(instruction, flow.bytes());
        }
        int from = stored(flow, step);
        if (from == 0) {
            return instruction.immediateBytes() == 0 && sizeBytes <= Long.BYTES;
        }
        if ((from & place.derived().registers()) == 0) {
            return false;
        }
        int at = definition(flow, step, from);
        return at < 0 || isa.addsRegister(flow.steps().get(at), flow.bytes());
    }
}
