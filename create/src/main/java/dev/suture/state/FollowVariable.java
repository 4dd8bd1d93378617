package dev.suture.state;

import dev.suture.isa.Instruction;
import dev.suture.state.Functions.Node;
import dev.suture.state.Place.Governor;
import dev.suture.state.Place.Governor.Way;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Follows one variable through all code that may use it.
 *
 * <p>Is it read by code that has not written it before, since it was called from outside? Does that code go on to write it,
 * whatever it held at first, so that it would have begun so at any time ({@code if (!ready) { ready = 1; fill(); }}, or
 * {@code if (now - last < 5) return; last = now;})? And is it written because of what it held, or whatever that was?
 *
 * <p>What is called is known by what it does from its beginning to its end; these summaries are made again and again until
 * none changes. Code that gets the variable's address is followed with it, be it in the patched objects or in the target.
 */
final class FollowVariable {
    private static final int MOST_ROUNDS = 60;
    private static final Touches NONE = new Touches();

    private final Functions functions;
    private final Variable variable;
    private final Set<Node> nodes;
    private final Set<Node> onlyInHooks;
    private final Uses uses;
    /** What else than its first contents is put there; empty if that is not known. */
    private final Set<Long> others;

    private final Set<Context> contexts = new LinkedHashSet<>();
    private final Map<Context, Summary> summaries = new HashMap<>();
    private final Map<Context, Place[]> before = new HashMap<>();
    private final Map<Context, Touches> touches = new HashMap<>();
    /** What it depends on whether a function is called, wherever it is. */
    private final Map<Context, Set<Way>> governedAt = new HashMap<>();

    private final Map<Context, Set<Context>> callers = new HashMap<>();
    private final Map<Node, PostDominators> dominators = new HashMap<>();
    /** What has to be looked at again, as something is known now that it depends on. */
    private final Set<Context> open = new LinkedHashSet<>();

    private final boolean isLost;

    /**
     * Some code, called with the variable's address or without.
     *
     * @param registers that may hold the address when it begins
     * @param exact those of them that certainly do
     */
    record Context(Node node, int registers, int exact) {
        /** {@return some code that does not get the address} */
        static Context of(Node node) {
            return new Context(node, 0, 0);
        }
    }

    /**
     * What a piece of code does with it from its beginning to its end.
     *
     * @param reads whether it reads it at all
     */
    record Summary(
            boolean writes, boolean leavesOther, boolean keepsOther, boolean readsBare, boolean reads, int returns) {
        static final Summary BEST = new Summary(true, false, false, false, false, 0);
        static final Summary WORST = new Summary(false, true, true, true, true, 0);

        Place behind(Place place) {
            return new Place(
                    place.written() || writes,
                    place.other() ? keepsOther : leavesOther,
                    place.stillOther() ? keepsOther : leavesOther,
                    place.touched() || leavesOther || writes,
                    place.addresses(),
                    place.derived(),
                    place.governors(),
                    place.looks());
        }
    }

    /** @param nodes the code to look at, which all that uses the variable is among */
    FollowVariable(Functions functions, Variable variable, Set<Node> nodes) {
        this.functions = functions;
        this.variable = variable;
        this.nodes = nodes;
        onlyInHooks = functions.hooks().alone();
        Transfer transfer = new Transfer(functions, variable);
        uses = new Uses(this, functions, transfer);
        others = transfer.others();
        nodes.forEach(node -> add(Context.of(node)));
        int left = MOST_ROUNDS * nodes.size() + MOST_ROUNDS * MOST_ROUNDS;
        while (!open.isEmpty() && left > 0) {
            Context context = open.iterator().next();
            open.remove(context);
            run(context);
            left--;
        }
        isLost = !open.isEmpty();
    }

    void add(Context context) {
        if (contexts.add(context)) {
            summaries.put(context, Summary.BEST);
            touches.put(context, new Touches());
            if (isFree(context)) {
                governedAt.put(context, Set.of());
            }
            open.add(context);
        }
    }

    /** Notes that some code depends on what is known of other code. */
    void calls(Context caller, Context callee) {
        callers.computeIfAbsent(callee, _ -> new LinkedHashSet<>()).add(caller);
    }

    /** Whether somebody else may call it, too. */
    private boolean isFree(Context context) {
        return context.registers() == 0 && functions.isStartedElsewhere(context.node());
    }

    /** {@return whether following it came to no end, and nothing is known of it} */
    boolean isLost() {
        return isLost;
    }

    Variable variable() {
        return variable;
    }

    Set<Context> contexts() {
        return contexts;
    }

    Touches touches(Context context) {
        return touches.getOrDefault(context, NONE);
    }

    Summary summary(Context context) {
        return summaries.get(context);
    }

    /** {@return whether some code only runs because of what the variable held} */
    boolean isGoverned(Context context) {
        return !governedAt.getOrDefault(context, Set.of()).isEmpty();
    }

    /** {@return whether some code only runs where the variable held its first contents} */
    boolean isAtFirst(Context context) {
        Set<Way> ways = governedAt.getOrDefault(context, Set.of());
        return !ways.isEmpty() && ways.stream().allMatch(Way::isOfFirst);
    }

    PostDominators dominators(Node node) {
        return dominators.computeIfAbsent(node, missing -> new PostDominators(functions.flow(missing)));
    }

    boolean isAmong(Node node) {
        return nodes.contains(node);
    }

    boolean isRoot(Context context) {
        return context.registers() == 0 && functions.isRoot(context.node()) && !onlyInHooks.contains(context.node());
    }

    /** {@return whether nobody finds anything but what it held at first, after whoever wrote to it is done} */
    boolean isAlwaysAsAtFirst() {
        return !isLost
                && contexts.stream()
                        .noneMatch(context -> context.registers() == 0
                                && functions.isRoot(context.node())
                                && summaries.get(context).leavesOther());
    }

    /** {@return who may read what was in it before it was called from outside, but for code that only hooks lead to} */
    List<Node> readers() {
        if (isLost) {
            return users();
        }
        boolean isExposed = contexts.stream()
                .anyMatch(context -> context.registers() == 0
                        && functions.isRoot(context.node())
                        && summaries.get(context).readsBare());
        return isExposed ? with(found -> !found.bareReads.isEmpty()) : List.of();
    }

    boolean isInHooks(Context context) {
        return onlyInHooks.contains(context.node());
    }

    /** {@return what is known before each instruction of some code} */
    Place[] places(Context context) {
        return before.get(context);
    }

    /** {@return the code that refers to it, but for code that only hooks lead to} */
    List<Node> users() {
        return functions.usersOf(variable).stream()
                .filter(node -> !onlyInHooks.contains(node))
                .toList();
    }

    /** {@return the code that does something, but for code that only hooks lead to} */
    List<Node> with(Function<Touches, Boolean> which) {
        return contexts.stream()
                .filter(context -> which.apply(touches.get(context)))
                .map(Context::node)
                .filter(node -> !onlyInHooks.contains(node))
                .distinct()
                .toList();
    }

    private void run(Context context) {
        Flow flow = functions.flow(context.node());
        Touches found = touches.get(context);
        found.clear();
        Place[] places = follow(context, flow, Place.begin(0, 0));
        // Where code begins again, as behind an exception, it has what it had before.
        boolean isMore = flow.entries().cardinality() > 1;
        while (isMore) {
            Place again = again(places);
            places = follow(context, flow, again);
            isMore = !again(places).equals(again);
        }
        before.put(context, places);
        found.clear();
        Summary summary = summarize(context, flow, places);
        boolean isUser = context.registers() != 0 || functions.usersOf(variable).contains(context.node());
        boolean isEnteredByUser =
                functions.entering(context.node()).stream().anyMatch(functions.usersOf(variable)::contains);
        if ((!flow.isComplete() || isEnteredByUser) && isUser) {
            List.of(found.reads, found.bareReads, found.writes, found.leaves, found.handed, found.plain, found.sums)
                    .forEach(steps -> steps.set(0));
            summary = new Summary(false, true, true, true, true, flow.isa().resultRegister());
        }
        if (!summary.equals(summaries.put(context, summary))) {
            open.addAll(callers.getOrDefault(context, Set.of()));
        }
    }

    /** What is known where code begins that its caller does not lead to: its address may be wherever it is somewhere. */
    private static Place again(Place[] places) {
        int registers = 0;
        boolean isSpilled = false;
        for (Place place : places) {
            if (place != null) {
                registers |= place.addresses().registers();
                isSpilled |= place.addresses().isSpilled();
            }
        }
        Place begin = Place.begin(registers, 0);
        return begin.with(new Place.Addresses(registers, 0, 0, Set.of(), isSpilled), begin.derived(), begin.looks());
    }

    private Place[] follow(Context context, Flow flow, Place again) {
        Place[] places = new Place[flow.steps().size()];
        BitSet next = new BitSet();
        flow.entries().stream().forEach(entry -> {
            places[entry] = entry == 0 ? Place.begin(context.registers(), context.exact()) : again;
            next.set(entry);
        });
        for (int step = next.nextSetBit(0); step >= 0; step = next.nextSetBit(0)) {
            next.clear(step);
            Place after = uses.follow(context, flow, step, places[step]);
            for (int to : flow.next(step)) {
                Place on = along(context, flow, step, to, after);
                Place merged = places[to] == null ? on : places[to].or(on);
                if (!merged.equals(places[to])) {
                    places[to] = merged;
                    next.set(to);
                }
            }
        }
        return places;
    }

    private Summary summarize(Context context, Flow flow, Place[] places) {
        boolean writes = true;
        boolean leavesOther = false;
        boolean keepsOther = false;
        boolean readsBare = false;
        boolean reads = false;
        boolean returns = false;
        BitSet leaving = flow.leaving();
        int returned = 0;
        for (int step = 0; step < places.length; step++) {
            if (places[step] == null) {
                continue;
            }
            Place after = uses.follow(context, flow, step, places[step]);
            // What never returns leaves what it writes to all who run beside it.
            leavesOther |= !leaving.get(step) && after.other();
            if (flow.isExit(step)) {
                after = uses.leave(context, flow, step, along(context, flow, step, -1, after));
                returns = true;
                writes &= after.written();
                leavesOther |= after.other();
                keepsOther |= after.stillOther();
                int result = after.addresses().registers() & flow.isa().resultRegister();
                returned |= result;
                leavesOther |= result != 0 && isGiven(context, flow, step, after);
            }
            Optional<Summary> callee =
                    Optional.ofNullable(touches.get(context).callees.get(step)).map(summaries::get);
            readsBare |=
                    !places[step].written() && callee.filter(Summary::readsBare).isPresent();
            reads |= callee.filter(Summary::reads).isPresent();
            passOn(context, flow, step, places);
        }
        Touches found = touches.get(context);
        readsBare |= !found.bareReads.isEmpty();
        reads |= !found.reads.isEmpty() || !found.handed.isEmpty();
        return new Summary(writes && returns, leavesOther, keepsOther, readsBare, reads, returned);
    }

    /** Whoever calls a function from elsewhere may write where its result leads. */
    private boolean isGiven(Context context, Flow flow, int step, Place after) {
        boolean isGiven =
                flow.steps().get(step).flow() == Instruction.Flow.RETURN && !after.written() && isRoot(context);
        if (isGiven) {
            Touches of = touches.get(context);
            List.of(of.reads, of.bareReads, of.writes, of.leaves, of.handed, of.plain)
                    .forEach(steps -> steps.set(step));
        }
        return isGiven;
    }

    /** {@return what is known on one way on from an instruction} */
    private Place along(Context context, Flow flow, int step, int next, Place after) {
        Set<Governor> governors = new HashSet<>(after.governors());
        Optional<Boolean> isTaken = flow.isTaken(step, next);
        if (isTaken.isPresent()) {
            Optional<Boolean> atFirst = after.looks().takenAtFirst(flow, step);
            if (atFirst.isPresent() || after.derived().flags()) {
                governors.add(new Governor(step, way(flow, step, after.looks(), atFirst, isTaken.get())));
            }
        }
        if (next >= 0 && !governors.isEmpty()) {
            PostDominators later = dominators(context.node());
            governors.removeIf(governor -> later.next(governor.step()) == next);
        }
        Place on = governors.equals(after.governors()) ? after : after.with(Set.copyOf(governors));
        Optional<Boolean> first =
                isTaken.isEmpty() ? Optional.empty() : after.looks().takenAtFirst(flow, step);
        boolean isSettled = variable.sizeBytes() <= Long.BYTES && first.isPresent() && !first.equals(isTaken);
        return isSettled ? on.settled() : on;
    }

    private Way way(Flow flow, int step, Looks looks, Optional<Boolean> atFirst, boolean isTaken) {
        if (atFirst.isEmpty()) {
            return Way.UNKNOWN;
        }
        Way first = looks.isOnlyOfFirst(flow, step, others) ? Way.ONLY_FIRST : Way.FIRST;
        return atFirst.get() == isTaken ? first : Way.NOT_FIRST;
    }

    private void passOn(Context context, Flow flow, int step, Place[] places) {
        Set<Context> targets = new LinkedHashSet<>();
        Optional.ofNullable(touches.get(context).callees.get(step)).ifPresent(targets::add);
        List<Context> meant = flow.in(step).stream()
                .flatMap(reference -> functions.target(context.node(), reference).stream())
                .filter(node -> nodes.contains(node) && !node.equals(context.node()))
                .map(Context::of)
                .toList();
        if (flow.isBranch(step)) {
            targets.addAll(meant);
        } else {
            // Whose address is taken may be called at any time.
            meant.forEach(this::free);
        }
        for (Context target : targets) {
            passOn(context, along(context, flow, step, -1, places[step]).governors(), target);
        }
    }

    private void free(Context target) {
        if (!Set.of().equals(governedAt.put(target, Set.of()))) {
            open.add(target);
        }
    }

    private void passOn(Context context, Set<Governor> governors, Context target) {
        Set<Way> own = governedAt.get(context);
        Set<Way> known = governedAt.get(target);
        if (own == null && governors.isEmpty() || known != null && known.isEmpty()) {
            // Nobody has come here yet, or somebody has come there freely.
            return;
        }
        Set<Way> ways = new HashSet<>(own == null ? Set.of() : own);
        governors.forEach(governor -> ways.add(governor.way()));
        if (!ways.isEmpty() && known != null) {
            ways.addAll(known);
        }
        if (!ways.equals(known)) {
            governedAt.put(target, ways);
            open.add(target);
        }
    }

    /** {@return whether code only runs where the variable was found to hold its first contents, and no other ones} */
    boolean isOnlyAtFirst(Context context) {
        Set<Way> ways = governedAt.getOrDefault(context, Set.of());
        return !ways.isEmpty() && ways.stream().allMatch(way -> way == Way.ONLY_FIRST);
    }

    /** {@return the instructions of some code that only run then} */
    BitSet onlyAtFirst(Context context) {
        BitSet found = new BitSet();
        Place[] places = before.getOrDefault(context, new Place[0]);
        for (int step = 0; step < places.length; step++) {
            boolean isGoverned = places[step] != null
                    && !places[step].governors().isEmpty()
                    && places[step].governors().stream().allMatch(governor -> governor.way() == Way.ONLY_FIRST);
            found.set(step, places[step] != null && (isGoverned || isOnlyAtFirst(context)));
        }
        return found;
    }
}
