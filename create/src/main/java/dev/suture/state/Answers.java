package dev.suture.state;

import dev.suture.isa.Instruction;
import dev.suture.state.FollowVariable.Context;
import dev.suture.state.FollowVariable.Summary;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * Asks whether whoever reads a variable in some code goes on to write it, if it holds its first contents.
 *
 * <p>From the read on, all ways have to come to a write before they leave the code or come to the read again. Of a jump that
 * compares the variable with a constant only the way counts that the first contents lead. Of a jump that depends on it in
 * another way one has to come to a write: that the other does not is what the variable is for.
 */
final class Answers {
    private final FollowVariable whole;
    private final Flow flow;
    private final Touches touches;
    private final Place[] places;
    private final List<List<Integer>> into = new ArrayList<>();
    /** Jumps of which one way comes to a write. */
    private final BitSet decided = new BitSet();

    private boolean isAlways;

    /** @param places what is known before each instruction */
    Answers(FollowVariable whole, Flow flow, Context context, Place[] places) {
        this.whole = whole;
        this.flow = flow;
        this.places = places;
        touches = whole.touches(context);
        for (int step = 0; step < flow.steps().size(); step++) {
            into.add(new ArrayList<>(2));
        }
        for (int step = 0; step < flow.steps().size(); step++) {
            for (int to : flow.next(step)) {
                into.get(to).add(step);
            }
        }
    }

    /** {@return whether all who read it go on to write it, whatever it holds} */
    boolean areAlways() {
        isAlways = true;
        boolean found = areComplete();
        isAlways = false;
        return found;
    }

    /** {@return whether an instruction is only come to by a read} */
    boolean isBehindRead(int step) {
        return isBehind(touches.bareReads, step);
    }

    /** {@return whether an instruction is only come to by one of some others} */
    boolean isBehind(BitSet others, int step) {
        BitSet reached = new BitSet();
        ArrayDeque<Integer> work = new ArrayDeque<>();
        flow.entries().stream().forEach(work::add);
        while (!work.isEmpty()) {
            int at = work.remove();
            if (others.get(at) || reached.get(at)) {
                continue;
            }
            reached.set(at);
            work.addAll(flow.next(at));
        }
        return !reached.get(step);
    }

    /** {@return whether all who read it do} */
    boolean areComplete() {
        return touches.bareReads.stream().allMatch(read -> touches.writes.get(read) || isAnswered(read));
    }

    private boolean isAnswered(int read) {
        decided.clear();
        while (true) {
            BitSet open = leadOut(read);
            BitSet writing = leadToWrite(open);
            BitSet more = new BitSet();
            for (int step = 0; step < flow.steps().size(); step++) {
                if (open.get(step) && isDecision(step) && comesToWrite(step, open, writing)) {
                    more.set(step);
                }
            }
            if (more.isEmpty()) {
                return !flow.isExit(read)
                        && flow.next(read).stream().noneMatch(open::get)
                        && !flow.next(read).isEmpty();
            }
            decided.or(more);
        }
    }

    private boolean comesToWrite(int step, BitSet open, BitSet writing) {
        boolean leaves = flow.isExit(step) && leavesWritten(step);
        return leaves || flow.next(step).stream().anyMatch(to -> !open.get(to) && writing.get(to));
    }

    /** The instructions from which some way leaves, or comes back to the read, without a write. */
    private BitSet leadOut(int read) {
        BitSet found = new BitSet();
        ArrayDeque<Integer> work = new ArrayDeque<>();
        found.set(read);
        work.add(read);
        BitSet ending = comingTo(step -> stops(step) || flow.isExit(step));
        for (int step = 0; step < flow.steps().size(); step++) {
            boolean leaves = flow.isExit(step) && !leavesWritten(step) && isWay(step, -1);
            // Who never ends and never writes does not answer.
            boolean isEndless = !ending.get(step);
            if ((leaves || isEndless) && !stops(step) && !decided.get(step) && !found.get(step)) {
                found.set(step);
                work.add(step);
            }
        }
        while (!work.isEmpty()) {
            int step = work.remove();
            for (int from : into.get(step)) {
                if (!found.get(from) && !stops(from) && !decided.get(from) && isWay(from, step)) {
                    found.set(from);
                    work.add(from);
                }
            }
        }
        return found;
    }

    private BitSet comingTo(IntPredicate which) {
        BitSet found = new BitSet();
        ArrayDeque<Integer> work = new ArrayDeque<>();
        for (int step = 0; step < flow.steps().size(); step++) {
            if (which.test(step)) {
                found.set(step);
                work.add(step);
            }
        }
        while (!work.isEmpty()) {
            for (int from : into.get(work.remove())) {
                if (!found.get(from)) {
                    found.set(from);
                    work.add(from);
                }
            }
        }
        return found;
    }

    /** The instructions from which some way comes to a write, of those that are not open. */
    private BitSet leadToWrite(BitSet open) {
        BitSet found = new BitSet();
        ArrayDeque<Integer> work = new ArrayDeque<>();
        for (int step = 0; step < flow.steps().size(); step++) {
            if (stops(step) || flow.isExit(step) && leavesWritten(step)) {
                found.set(step);
                work.add(step);
            }
        }
        while (!work.isEmpty()) {
            for (int from : into.get(work.remove())) {
                if (!found.get(from) && !open.get(from)) {
                    found.set(from);
                    work.add(from);
                }
            }
        }
        return found;
    }

    private boolean stops(int step) {
        boolean isCall = flow.steps().get(step).flow() == Instruction.Flow.CALL;
        return touches.writes.get(step) || isCall && calleeWrites(step);
    }

    private boolean leavesWritten(int step) {
        return flow.steps().get(step).flow() != Instruction.Flow.RETURN && calleeWrites(step);
    }

    private boolean calleeWrites(int step) {
        return Optional.ofNullable(touches.callees.get(step))
                .map(whole::summary)
                .filter(Summary::writes)
                .isPresent();
    }

    /** Whether the first contents may go that way. */
    private boolean isWay(int step, int to) {
        Optional<Boolean> isTaken = flow.isTaken(step, to);
        Optional<Boolean> atFirst =
                places[step] == null ? Optional.empty() : places[step].looks().takenAtFirst(flow, step);
        return isAlways || isTaken.isEmpty() || atFirst.isEmpty() || atFirst.equals(isTaken);
    }

    /** A jump that depends on what it held, but not as a comparison with a constant does. */
    private boolean isDecision(int step) {
        return !isAlways
                && flow.steps().get(step).flow() == Instruction.Flow.CONDITIONAL
                && places[step] != null
                && places[step].derived().flags()
                && places[step].looks().takenAtFirst(flow, step).isEmpty();
    }
}
