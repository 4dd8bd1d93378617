package dev.suture.state;

import dev.suture.diff.Reference;
import dev.suture.isa.Instruction;
import dev.suture.isa.Operation;
import dev.suture.state.FollowVariable.Context;
import dev.suture.state.Functions.Node;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * Proves that one new variable says of another whether that was made: {@code if (!ready) { fill(); ready = 1; }}.
 *
 * <p>Both begin with their first contents. If the flag never leaves them on a way on which the other was not written, then
 * whoever finds something else in the flag may read the other, and whoever finds its first contents has to write it before.
 * And nobody writes the other without setting the flag: that one may have run, and what he wrote is not there. Both are looked
 * at on all ways; where a look at the flag cannot be understood it says nothing.
 */
final class Guard {
    private static final int MOST_ROUNDS = 60;

    private final Functions functions;
    private final FollowVariable flag;
    private final FollowVariable made;
    private final Transfer ofFlag;
    private final boolean isArray;
    private final Map<Context, Summary> summaries = new HashMap<>();
    /** What is only called once, as the flag says. */
    private final Set<Node> once = new HashSet<>();

    private final Map<Node, BitSet> fillingLoops = new HashMap<>();

    /**
     * What is known at one place.
     *
     * @param isSet whether the other variable was written, here or before the flag left its first contents
     * @param isLeft whether the flag may have left them without that
     * @param touched whether the flag may have been written since the code began
     * @param looks where the flag was looked at
     * @param taken code whose address was taken
     * @param isPending whether the other may have been written, and the flag not left its first contents since
     * @param hasLeft whether it has on all ways
     * @param isFirst whether all ways are those on which the flag held its first contents
     * @param hasPast whether some of the other may have been written elsewhere, so that the rest is what it was before
     */
    private record Known(
            boolean isSet,
            boolean isLeft,
            boolean touched,
            Looks looks,
            Optional<Node> taken,
            boolean isPending,
            boolean hasLeft,
            boolean isFirst,
            boolean hasPast) {
        static final Known BEGIN =
                new Known(false, false, false, Looks.NONE, Optional.empty(), false, false, false, false);

        Known or(Known other) {
            return equals(other)
                    ? this
                    : new Known(
                            isSet && other.isSet,
                            isLeft || other.isLeft,
                            touched || other.touched,
                            looks.or(other.looks),
                            taken.equals(other.taken) ? taken : Optional.empty(),
                            isPending || other.isPending,
                            hasLeft && other.hasLeft,
                            isFirst && other.isFirst,
                            hasPast || other.hasPast);
        }

        Known set() {
            return new Known(true, false, touched, looks, taken, isPending, hasLeft, isFirst, hasPast);
        }

        Known left() {
            return new Known(isSet, isLeft || !isSet, true, looks, taken, false, true, isFirst, hasPast);
        }

        Known touch() {
            return new Known(isSet, isLeft, true, looks, taken, isPending, hasLeft, isFirst, hasPast);
        }

        Known pend() {
            return new Known(isSet, isLeft, touched, looks, taken, isPending || !hasLeft, hasLeft, isFirst, hasPast);
        }

        Known atFirst() {
            return new Known(isSet, isLeft, touched, looks, taken, isPending, hasLeft, true, hasPast);
        }

        Known keep() {
            return new Known(isSet, isLeft, touched, looks, taken, isPending, hasLeft, isFirst, hasPast || !isFirst);
        }

        Known with(Looks newLooks) {
            return new Known(isSet, isLeft, touched, newLooks, taken, isPending, hasLeft, isFirst, hasPast);
        }

        Known with(Optional<Node> newTaken) {
            return new Known(isSet, isLeft, touched, looks, newTaken, isPending, hasLeft, isFirst, hasPast);
        }
    }

    /** What code does from its beginning to its end, if the other variable was not written before. */
    private record Summary(
            boolean sets,
            boolean leaves,
            boolean touches,
            boolean readsUnset,
            boolean pends,
            boolean hasLeft,
            boolean hasPast) {
        static final Summary BEST = new Summary(true, false, false, false, false, true, false);

        Known behind(Known known) {
            boolean isSet = known.isSet() || sets;
            return new Known(
                    isSet,
                    known.isLeft() && !isSet || leaves && !known.isSet(),
                    known.touched() || touches,
                    known.looks(),
                    Optional.empty(),
                    hasLeft ? pends && !known.hasLeft() : known.isPending() || pends && !known.hasLeft(),
                    known.hasLeft() || hasLeft,
                    known.isFirst(),
                    known.hasPast() || hasPast && !known.isFirst());
        }
    }

    private Guard(Functions functions, FollowVariable flag, FollowVariable made) {
        this.functions = functions;
        this.flag = flag;
        this.made = made;
        ofFlag = new Transfer(functions, flag.variable());
        isArray = made.variable().piece().sizeBytes() > Long.BYTES;
    }

    /** {@return whether what {@code made} holds is only read where {@code flag} says that it was written} */
    static boolean holds(Functions functions, FollowVariable flag, FollowVariable made) {
        return new Guard(functions, flag, made).holds();
    }

    private boolean holds() {
        if (flag == made || flag.isLost() || made.isLost() || !isPlain()) {
            return false;
        }
        made.contexts().forEach(context -> summaries.put(context, Summary.BEST));
        boolean changed = true;
        for (int rounds = 0; changed; rounds++) {
            if (rounds == MOST_ROUNDS) {
                return false;
            }
            changed = false;
            for (Context context : made.contexts()) {
                Summary found = run(context);
                changed |= !found.equals(summaries.put(context, found));
            }
        }
        Set<Node> before = functions.hooks().before();
        boolean isSetByHook = made.contexts().stream()
                .anyMatch(context -> before.contains(context.node())
                        && (summaries.get(context).leaves()
                                || !flag.touches(Context.of(context.node()))
                                                .leaves
                                                .isEmpty()
                                        && made.touches(context).writes.isEmpty()));
        return !isSetByHook
                && new JudgeUses(functions, made).hasOneMeaning()
                && made.contexts().stream()
                        .filter(made::isRoot)
                        .noneMatch(context -> summaries.get(context).readsUnset()
                                || summaries.get(context).leaves()
                                || (summaries.get(context).pends()
                                                || summaries.get(context).hasPast())
                                        && !once.contains(context.node()));
    }

    /** Nobody but what is seen writes the flag. */
    private boolean isPlain() {
        return flag.contexts().stream().allMatch(context -> {
            Touches touches = flag.touches(context);
            boolean isKnown = touches.library.values().stream()
                    .allMatch(name -> LibraryCalls.GUARDS.contains(name) || LibraryCalls.ONCE.contains(name));
            return isKnown && touches.handed.isEmpty() && (context.registers() == 0 || touches.writes.isEmpty());
        });
    }

    private Summary run(Context context) {
        Flow flow = functions.flow(context.node());
        Known[] known = new Known[flow.steps().size()];
        ArrayDeque<Integer> open = new ArrayDeque<>();
        flow.entries().stream().forEach(entry -> {
            known[entry] = Known.BEGIN;
            open.add(entry);
        });
        boolean[] readsUnset = {false};
        while (!open.isEmpty()) {
            int step = open.remove();
            Known after = follow(context, flow, step, known[step], readsUnset);
            for (int next : flow.next(step)) {
                Known on = along(context, flow, step, next, after);
                Known merged = known[next] == null ? on : known[next].or(on);
                if (!merged.equals(known[next])) {
                    known[next] = merged;
                    open.add(next);
                }
            }
        }
        Summary found = Summary.BEST;
        readsUnset[0] = !flow.isComplete() && !made.touches(context).bareReads.isEmpty();
        for (int step = 0; step < known.length; step++) {
            if (known[step] == null) {
                continue;
            }
            Known after = follow(context, flow, step, known[step], readsUnset);
            if (flow.isExit(step)) {
                after = leave(context, flow, step, along(context, flow, step, -1, after), readsUnset);
                found = new Summary(
                        found.sets() && after.isSet(),
                        found.leaves() || after.isLeft(),
                        found.touches() || after.touched(),
                        false,
                        found.pends() || after.isPending(),
                        found.hasLeft() && after.hasLeft(),
                        found.hasPast() || after.hasPast());
            }
        }
        return new Summary(
                found.sets(),
                found.leaves(),
                found.touches(),
                readsUnset[0],
                found.pends(),
                found.hasLeft(),
                found.hasPast());
    }

    /** Only the way that the flag's first contents never take says that the other was made. */
    private Known along(Context context, Flow flow, int step, int next, Known after) {
        Optional<Boolean> isTaken = flow.isTaken(step, next);
        Optional<Boolean> atFirst = after.looks().takenAtFirst(flow, step);
        Known on = after;
        if (isTaken.isPresent() && atFirst.isPresent()) {
            on = on.with(Looks.NONE);
            on = atFirst.get().equals(isTaken.get()) ? on.atFirst() : on.set();
        }
        boolean leavesLoop = isArray
                && next >= 0
                && filling(context, flow).get(step)
                && !filling(context, flow).get(next);
        return leavesLoop ? on.set() : on;
    }

    private Known follow(Context context, Flow flow, int step, Known known, boolean[] readsUnset) {
        Operation operation = flow.operation(step);
        Touches ofMade = made.touches(context);
        Touches ofIt = flag.touches(Context.of(context.node()));
        List<Reference> here = ofFlag.here(context.node(), flow, step);
        Optional<Looks.First> operand = known.touched() ? Optional.empty() : ofFlag.operand(flow, step, here);
        Looks looks = known.looks().after(flow, step, operation, operand);
        boolean isCall = isCall(flow, step);
        if (ofMade.reads.get(step) && !known.isSet() && !ofMade.callees.containsKey(step)) {
            readsUnset[0] = true;
        }
        Known after = known.with(looks);
        if (ofMade.writes.get(step) && (!isCall || !ofMade.callees.containsKey(step))) {
            after = after.set();
            after = isFree(ofMade, step) ? after.pend() : after;
            after = ofMade.parts.get(step) ? after.keep() : after;
        }
        boolean isOwn = ofIt.library.containsKey(step);
        if (ofIt.leaves.get(step) && !isOwn) {
            after = after.left();
        } else if (ofIt.writes.get(step) && !isOwn) {
            after = after.touch();
        }
        after = taking(context, flow, step, after);
        return isCall ? call(context, flow, step, after, readsUnset) : after;
    }

    /** Whether what is written does not depend on what was there. */
    private boolean isFree(Touches touches, int step) {
        return touches.plain.get(step) || touches.handed.get(step);
    }

    private static boolean isCall(Flow flow, int step) {
        return flow.steps().get(step).flow() == Instruction.Flow.CALL
                || flow.steps().get(step).flow() == Instruction.Flow.INDIRECT_CALL;
    }

    private Known taking(Context context, Flow flow, int step, Known known) {
        return flow.isBranch(step)
                ? known
                : flow.in(step).stream()
                        .flatMap(reference -> functions.target(context.node(), reference).stream())
                        .findFirst()
                        .map(node -> known.with(Optional.of(node)))
                        .orElse(known);
    }

    private Known leave(Context context, Flow flow, int step, Known after, boolean[] readsUnset) {
        return switch (flow.steps().get(step).flow()) {
            case JUMP, CONDITIONAL, INDIRECT_JUMP -> call(context, flow, step, after, readsUnset);
            case CALL, INDIRECT_CALL, NEXT, RETURN, TRAP -> after;
        };
    }

    private Known call(Context context, Flow flow, int step, Known known, boolean[] readsUnset) {
        Known after = known;
        Optional<Context> callee =
                Optional.ofNullable(made.touches(context).callees.get(step));
        if (callee.isPresent()) {
            Summary summary = summaries.getOrDefault(callee.get(), Summary.BEST);
            readsUnset[0] |= summary.readsUnset() && !after.isSet();
            after = summary.behind(after);
        }
        String name = flag.touches(Context.of(context.node())).library.getOrDefault(step, "");
        after = after.with(after.looks().behindCall(flow.isa()));
        if (name.equals(LibraryCalls.ACQUIRE) && !after.touched()) {
            return after.with(after.looks().with(flow.isa().resultRegister(), new Looks.Copy(Integer.BYTES, 1)));
        }
        if (name.equals(LibraryCalls.RELEASE)) {
            return after.left();
        }
        if (LibraryCalls.ONCE.contains(name)) {
            Optional<Summary> made = after.taken().map(node -> summaries.get(Context.of(node)));
            after.taken().ifPresent(once::add);
            return made.filter(Summary::sets).isPresent() ? after.set().left() : after.left();
        }
        return after;
    }

    /** The loops that write the variable: who is behind one has been through it, be it to write nothing. */
    private BitSet filling(Context context, Flow flow) {
        return fillingLoops.computeIfAbsent(context.node(), node -> {
            BitSet loops = new BitSet();
            Touches ofIt = flag.touches(Context.of(node));
            List<List<Integer>> into = into(flow);
            for (int write : made.touches(context).writes.stream().toArray()) {
                BitSet around = reached(write, flow::next);
                around.and(reached(write, into::get));
                if (!around.intersects(ofIt.reads) && !around.intersects(ofIt.writes)) {
                    loops.or(around);
                }
            }
            return loops;
        });
    }

    private static List<List<Integer>> into(Flow flow) {
        List<List<Integer>> into = new ArrayList<>();
        flow.steps().forEach(_ -> into.add(new ArrayList<>(2)));
        for (int step = 0; step < flow.steps().size(); step++) {
            for (int to : flow.next(step)) {
                into.get(to).add(step);
            }
        }
        return into;
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
}
