package dev.suture.state;

import dev.suture.diff.Reference;
import dev.suture.state.FollowVariable.Context;
import dev.suture.state.Functions.Node;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/** Judges what was found of a variable: who may have set it, and who relies on that. */
final class JudgeUses {
    private final Functions functions;
    private final FollowVariable follow;

    JudgeUses(Functions functions, FollowVariable follow) {
        this.functions = functions;
        this.follow = follow;
    }

    /**
     * {@return who writes it whatever it held, and may have run before: code that only hooks lead to has not}
     *
     * <p>But for him who is the only one to read it, and always does so before: {@code delta = now - last; last = now;}.
     */
    List<Node> setters() {
        if (follow.isLost()) {
            return follow.users();
        }
        Set<Node> found = new LinkedHashSet<>();
        for (Context context : follow.contexts()) {
            Touches of = follow.touches(context);
            boolean isSetter = of.plain.stream()
                    .anyMatch(step -> of.sums.get(step) || of.handed.get(step) || !isReadOnlyBefore(context, step));
            if (isSetter && !follow.isInHooks(context)) {
                found.add(context.node());
            }
        }
        found.addAll(accounts());
        found.addAll(new Pointees(functions, follow).writers());
        if (!hasOneMeaning()) {
            found.addAll(writers());
        }
        if (isShared()) {
            found.addAll(follow.with(one -> !one.handed.isEmpty()));
        }
        return List.copyOf(found);
    }

    /**
     * {@return who counts up, or sets, what another function takes back}
     *
     * <p>What was counted or set before is not there when it is taken back: {@code open++} here, {@code open--} there.
     */
    private List<Node> accounts() {
        List<Context> counting = contexts(touched -> !touched.ups.isEmpty());
        List<Context> taking = contexts(touched -> {
            BitSet other = (BitSet) touched.writes.clone();
            other.andNot(touched.ups);
            return !other.isEmpty();
        });
        List<Context> emptying = contexts(touched -> {
            BitSet firsts = (BitSet) touched.writes.clone();
            firsts.andNot(touched.leaves);
            return !firsts.isEmpty() && touched.leaves.isEmpty();
        });
        boolean isCounted =
                taking.stream().anyMatch(context -> counting.stream().anyMatch(up -> !isSame(up, context)));
        List<Context> setting = contexts(touched -> !touched.leaves.isEmpty());
        boolean isEmptied =
                emptying.stream().anyMatch(context -> setting.stream().anyMatch(set -> !isSame(set, context)));
        List<Node> found = new ArrayList<>();
        if (isCounted) {
            counting.forEach(context -> found.add(context.node()));
        }
        if (isEmptied) {
            setting.forEach(context -> found.add(context.node()));
        }
        return found;
    }

    private boolean isSame(Context one, Context other) {
        return one.node().equals(other.node());
    }

    private List<Context> contexts(Predicate<Touches> which) {
        return follow.contexts().stream()
                .filter(context -> !follow.isInHooks(context) && which.test(follow.touches(context)))
                .toList();
    }

    /**
     * {@return whether whoever makes it when it is needed makes the same of it}
     *
     * <p>Else it matters who came first: {@code if (!limit) limit = n;} here, {@code if (!limit) limit = 5;} there.
     */
    boolean hasOneMeaning() {
        Set<String> meanings = new HashSet<>();
        Set<Node> makers = new HashSet<>();
        for (Context context : contexts(touched -> !touched.leaves.isEmpty())) {
            Flow flow = functions.flow(context.node());
            Touches of = follow.touches(context);
            of.leaves.stream()
                    .filter(step -> !of.ups.get(step) && (of.handed.get(step) || !of.callees.containsKey(step)))
                    .forEach(step -> {
                        meanings.add(Sums.meaning(flow, step));
                        makers.add(context.node());
                    });
        }
        return makers.size() < 2 || meanings.size() < 2 && !meanings.contains(Sums.NO_MEANING);
    }

    /** {@return whether some of that code writes it, or gives it to somebody who may} */
    boolean isWrittenBy(Set<Node> some) {
        return follow.contexts().stream()
                .anyMatch(context -> some.contains(context.node())
                        && (!follow.touches(context).writes.isEmpty()
                                || !follow.touches(context).handed.isEmpty()));
    }

    /**
     * What only one place hands out is used by whoever gets it from there, and by who comes from there: {@code format(text);
     * return text;}.
     */
    private boolean isShared() {
        List<Context> handing = follow.contexts().stream()
                .filter(context -> !follow.isInHooks(context)
                        && !follow.touches(context).handed.isEmpty())
                .toList();
        if (handing.isEmpty()) {
            return false;
        }
        Context only = handing.getFirst();
        BitSet handed = follow.touches(only).handed;
        if (handing.size() > 1 || handed.cardinality() > 1) {
            return true;
        }
        Answers answers = new Answers(follow, functions.flow(only.node()), only, follow.places(only));
        return follow.contexts().stream().anyMatch(context -> {
            BitSet used = (BitSet) follow.touches(context).reads.clone();
            used.or(follow.touches(context).writes);
            return context.equals(only)
                    ? used.stream().anyMatch(step -> !handed.get(step) && !answers.isBehind(handed, step))
                    : !used.isEmpty();
        });
    }

    /** Nobody else reads it, and whoever does always goes on to write it, be it here. */
    private boolean isReadOnlyBefore(Context writer, int store) {
        boolean isAlone = follow.contexts().stream()
                .allMatch(context -> context.equals(writer)
                        || follow.touches(context).bareReads.isEmpty());
        if (!isAlone) {
            return false;
        }
        // Of what has many elements another one may be written than was read.
        boolean isOneNumber = follow.variable().sizeBytes() <= Long.BYTES;
        if (!isOneNumber) {
            return follow.touches(writer).bareReads.stream().allMatch(read -> read == store);
        }
        boolean isAfterAll = follow.touches(writer).bareReads.stream()
                .allMatch(read ->
                        read == store || follow.dominators(writer.node()).isAlwaysAfter(read, store));
        Answers answers = new Answers(follow, functions.flow(writer.node()), writer, follow.places(writer));
        return isAfterAll || answers.areAlways() && answers.isBehindRead(store);
    }

    /** Whether all that is read and written of what has many elements is the same one: {@code if (!seen[n]) seen[n] = 1;}. */
    private boolean isOfOneElement(Context context) {
        Flow flow = functions.flow(context.node());
        Touches of = follow.touches(context);
        return follow.variable().sizeBytes() <= Long.BYTES
                || of.parts.isEmpty()
                || IntStream.concat(of.bareReads.stream(), of.parts.stream())
                                .filter(step -> !flow.isBranch(step))
                                .mapToObj(step -> element(flow, step))
                                .distinct()
                                .count()
                        < 2;
    }

    private static List<Object> element(Flow flow, int step) {
        return List.of(
                flow.operation(step).through(),
                flow.displacement(step),
                flow.in(step).stream().map(Reference::target).toList());
    }

    /** {@return who leaves something else in it than its first contents} */
    List<Node> writers() {
        return follow.with(found -> !found.leaves.isEmpty());
    }

    /** {@return who reads it and, if it holds its first contents, may go on without writing it} */
    List<Node> unanswered() {
        if (follow.isLost()) {
            return follow.users();
        }
        return follow.contexts().stream()
                .filter(context -> !follow.isInHooks(context))
                .filter(context -> !isOfOneElement(context)
                        || !new Answers(follow, functions.flow(context.node()), context, follow.places(context))
                                .areComplete())
                .map(Context::node)
                .distinct()
                .toList();
    }
}
