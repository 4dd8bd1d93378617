package dev.suture.state;

import dev.suture.state.Functions.Node;
import dev.suture.state.Place.Governor;
import dev.suture.state.Place.Governor.Way;
import java.util.ArrayDeque;
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
 * <p>Two things matter. Is it read by code that has not written it before, since it was called from outside? And is it
 * written with something that does not depend on what it held? A counter ({@code if (++errors > 3)}) and the time of the
 * last message ({@code if (now - last < 5) return; last = now;}) depend on that: their first contents are where they begin.
 * What {@code setup()} writes and {@code check()} reads does not, and not even if {@code setup()} shows what it held before.
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
    /** Whether it has been looked at wherever a function is called from. */
    private final Map<Context, Boolean> lookedAt = new HashMap<>();
    /** What it depends on whether a function is called, wherever it is. */
    private final Map<Context, Set<Way>> governedAt = new HashMap<>();

    private final Map<Node, PostDominators> dominators = new HashMap<>();
    private final boolean isLost;
    private boolean changed;

    /**
     * Some code, called with the variable's address or without.
     *
     * @param registers that may hold the address when it begins
     */
    record Context(Node node, int registers) {}

    /** What a piece of code does with it from its beginning to its end. */
    record Summary(
            boolean writes, boolean reads, boolean leavesOther, boolean keepsOther, boolean readsBare, int returns) {
        static final Summary BEST = new Summary(true, true, false, false, false, 0);

        Place behind(Place place) {
            return new Place(
                    place.written() || writes,
                    place.read() || reads,
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
        onlyInHooks = functions.onlyInHooks();
        Transfer transfer = new Transfer(functions, variable);
        uses = new Uses(this, functions, transfer);
        others = transfer.others();
        nodes.forEach(node -> add(new Context(node, 0)));
        int rounds = 0;
        do {
            changed = false;
            List.copyOf(contexts).forEach(this::run);
            rounds++;
        } while (changed && rounds < MOST_ROUNDS);
        isLost = changed;
    }

    void add(Context context) {
        if (contexts.add(context)) {
            summaries.put(context, Summary.BEST);
            lookedAt.put(context, context.registers() != 0 || !functions.isStartedElsewhere(context.node()));
            touches.put(context, new Touches());
            if (isFree(context)) {
                governedAt.put(context, Set.of());
            }
            changed = true;
        }
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

    boolean isLookedAt(Context context) {
        return lookedAt.get(context);
    }

    Set<Way> governedAt(Context context) {
        return governedAt.getOrDefault(context, Set.of());
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

    private List<Node> users() {
        return functions.usersOf(variable).stream()
                .filter(node -> !onlyInHooks.contains(node))
                .toList();
    }

    private List<Node> with(Function<Touches, Boolean> which) {
        return contexts.stream()
                .filter(context -> which.apply(touches.get(context)))
                .map(Context::node)
                .filter(node -> !onlyInHooks.contains(node))
                .distinct()
                .toList();
    }

    /**
     * {@return who writes it with something that does not depend on what it held, and may have run before: code that only
     * hooks lead to has not}
     */
    List<Node> setters() {
        if (isLost) {
            return users();
        }
        Set<Node> found = new LinkedHashSet<>(with(one -> !one.setters.isEmpty()));
        for (Context context : contexts) {
            boolean isLoose = touches.get(context).loose.stream().anyMatch(step -> !isReadOnlyBefore(context, step));
            if (isLoose && !onlyInHooks.contains(context.node())) {
                found.add(context.node());
            }
        }
        // What was counted up or put into a list before is not there when somebody counts it down or looks for it.
        if (!with(one -> !one.bareDowns.isEmpty()).isEmpty()) {
            found.addAll(with(one -> !one.ups.isEmpty()));
        }
        if (!with(one -> !one.bareReads.isEmpty() && one.writes.isEmpty()).isEmpty()) {
            found.addAll(with(one -> !one.links.isEmpty()));
        }
        long handed = contexts.stream()
                .filter(context -> !onlyInHooks.contains(context.node()))
                .mapToLong(context -> touches.get(context).handed.cardinality())
                .sum();
        boolean isElse = contexts.stream().anyMatch(context -> isUsedDirectly(touches.get(context)));
        // What only one place hands out is used by whoever gets it from there.
        if (handed > 1 || handed == 1 && isElse) {
            found.addAll(with(one -> !one.handed.isEmpty()));
        }
        return List.copyOf(found);
    }

    private static boolean isUsedDirectly(Touches found) {
        return found.reads.stream().anyMatch(step -> !found.handed.get(step))
                || found.writes.stream().anyMatch(step -> !found.handed.get(step));
    }

    /** Who reads it all goes on to write it here: {@code delta = now - last; last = now;}. */
    private boolean isReadOnlyBefore(Context writer, int store) {
        return contexts.stream()
                .allMatch(context -> touches.get(context).bareReads.stream()
                        .allMatch(read -> context.equals(writer)
                                && dominators(context.node()).isAlwaysAfter(read, store)));
    }

    /** {@return whether some code writes it only because it holds its first contents} */
    boolean isMadeWhenNeeded() {
        return contexts.stream().anyMatch(context -> !touches.get(context).lazy.isEmpty());
    }

    /** {@return who does} */
    List<Node> lazy() {
        return with(found -> !found.lazy.isEmpty());
    }

    private PostDominators dominators(Node node) {
        return dominators.computeIfAbsent(node, missing -> new PostDominators(functions.flow(missing)));
    }

    private void run(Context context) {
        Flow flow = functions.flow(context.node());
        Place[] places = new Place[flow.steps().size()];
        Touches found = touches.get(context);
        ArrayDeque<Integer> open = new ArrayDeque<>();
        flow.entries().stream().forEach(entry -> {
            places[entry] = Place.begin(context.registers());
            open.add(entry);
        });
        while (!open.isEmpty()) {
            int step = open.remove();
            Place after = uses.follow(context, flow, step, places[step]);
            for (int next : flow.next(step)) {
                Place on = along(context, flow, step, next, after);
                Place merged = places[next] == null ? on : places[next].or(on);
                if (!merged.equals(places[next])) {
                    places[next] = merged;
                    open.add(next);
                }
            }
        }
        before.put(context, places);
        found.clear();
        if (!flow.isComplete()
                && (context.registers() != 0 || functions.usersOf(variable).contains(context.node()))) {
            found.bareReads.set(0);
            found.handed.set(0);
            found.setters.set(0);
        }
        Summary summary = summarize(context, flow, places);
        changed |= !summary.equals(summaries.put(context, summary));
    }

    private Summary summarize(Context context, Flow flow, Place[] places) {
        boolean writes = true;
        boolean reads = true;
        boolean leavesOther = false;
        boolean keepsOther = false;
        boolean readsBare = false;
        boolean isOther = false;
        boolean returns = false;
        int returned = 0;
        for (int step = 0; step < places.length; step++) {
            if (places[step] == null) {
                continue;
            }
            Place after = uses.follow(context, flow, step, places[step]);
            if (flow.isExit(step)) {
                after = uses.leave(context, flow, step, along(context, flow, step, -1, after));
                returns = true;
                writes &= after.written();
                reads &= after.read();
                leavesOther |= after.other();
                keepsOther |= after.stillOther();
                returned |= after.addresses().registers() & flow.isa().resultRegister();
            }
            Optional<Context> callee =
                    Optional.ofNullable(touches.get(context).callees.get(step));
            readsBare |= !places[step].written()
                    && callee.map(summaries::get).filter(Summary::readsBare).isPresent();
            isOther |= after.other();
            passOn(context, flow, step, places);
        }
        readsBare |= !touches.get(context).bareReads.isEmpty();
        // What never returns leaves what it writes to all who run beside it.
        return new Summary(writes, reads, returns ? leavesOther : isOther, keepsOther, readsBare, returned);
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
        return governors.equals(after.governors()) ? after : after.with(Set.copyOf(governors));
    }

    private Way way(Flow flow, int step, Looks looks, Optional<Boolean> atFirst, boolean isTaken) {
        if (atFirst.isEmpty()) {
            return Way.UNKNOWN;
        }
        Way first = looks.isOnlyOfFirst(flow, step, others) ? Way.ONLY_FIRST : Way.FIRST;
        return atFirst.get() == isTaken ? first : Way.NOT_FIRST;
    }

    /** Who is called here has been looked at only if the variable was; whose address is taken is called behind the next call. */
    private void passOn(Context context, Flow flow, int step, Place[] places) {
        Set<Context> targets = new LinkedHashSet<>();
        Optional.ofNullable(touches.get(context).callees.get(step)).ifPresent(targets::add);
        flow.in(step).stream()
                .flatMap(reference -> functions.target(context.node(), reference).stream())
                .filter(node -> nodes.contains(node) && !node.equals(context.node()))
                .forEach(node -> targets.add(new Context(node, 0)));
        for (Context target : targets) {
            if (!isLookedAtBy(context, flow, step, places) && lookedAt.put(target, false)) {
                changed = true;
            }
            passOn(context, along(context, flow, step, -1, places[step]).governors(), target);
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
            changed = true;
        }
    }

    private boolean isLookedAtBy(Context context, Flow flow, int step, Place[] places) {
        if (isLookedAt(context) || places[step].read()) {
            return true;
        }
        int at = step;
        while (!flow.isBranch(at) && flow.next(at).equals(List.of(at + 1)) && places[at + 1] != null) {
            at++;
        }
        return at != step
                && flow.isBranch(at)
                && uses.follow(context, flow, at, places[at]).read();
    }

    /** {@return whether code only runs where the variable was found to hold its first contents, and no other ones} */
    boolean isOnlyAtFirst(Context context) {
        Set<Way> ways = governedAt.getOrDefault(context, Set.of());
        return !ways.isEmpty() && ways.stream().allMatch(way -> way == Way.ONLY_FIRST);
    }

    /** {@return the instructions of some code that only run then} */
    BitSet onlyAtFirst(Context context) {
        BitSet found = new BitSet();
        Place[] places = before.get(context);
        for (int step = 0; step < places.length; step++) {
            boolean isGoverned = places[step] != null
                    && !places[step].governors().isEmpty()
                    && places[step].governors().stream().allMatch(governor -> governor.way() == Way.ONLY_FIRST);
            found.set(step, places[step] != null && (isGoverned || isOnlyAtFirst(context)));
        }
        return found;
    }
}
