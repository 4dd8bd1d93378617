package dev.suture.state;

import dev.suture.diff.Reference;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.Operation;
import dev.suture.isa.Operation.Memory;
import dev.suture.state.Functions.Node;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Follows one variable through all code that may use it.
 *
 * <p>Two things matter. Is it read by code that has not written it before, since it was called from outside? And is it
 * written by code that has not looked at it? A counter ({@code if (++errors > 3)}) and the time of the last message
 * ({@code if (now - last < 5) return; last = now;}) are looked at before they are written: their first contents are where
 * they begin. What {@code setup()} writes and {@code check()} reads is neither.
 *
 * <p>What is called is known by what it does from its beginning to its end; these summaries are made again and again until
 * none changes.
 */
final class FollowVariable {
    private final Functions functions;
    private final Variable variable;
    private final Set<Node> nodes;
    private final Set<Node> onlyInHooks;
    private final boolean partsCount;
    private final Map<Node, Summary> summaries = new HashMap<>();
    private final Map<Node, State[]> before = new HashMap<>();
    /** Whether it has been looked at wherever a function is called from. */
    private final Map<Node, Boolean> lookedAt = new HashMap<>();

    private final Map<Node, BitSet> bareReads = new HashMap<>();
    private final Map<Node, BitSet> stores = new HashMap<>();
    private final Map<Node, Set<String>> receivers = new HashMap<>();
    private boolean changed;

    /**
     * What is known at one place.
     *
     * @param written whether all ways there have written it
     * @param read whether all ways there have looked at it
     * @param other whether it may hold something else than at first, if it held that when the code began
     * @param stillOther the same, if it did not
     * @param registers those that may hold its address
     */
    private record State(boolean written, boolean read, boolean other, boolean stillOther, int registers) {
        State or(State also) {
            return new State(
                    written && also.written,
                    read && also.read,
                    other || also.other,
                    stillOther || also.stillOther,
                    registers | also.registers);
        }

        State with(int newRegisters) {
            return new State(written, read, other, stillOther, newRegisters);
        }

        State looked() {
            return new State(written, true, other, stillOther, registers);
        }

        State wrote(boolean counts, boolean isFirst) {
            return new State(written || counts, read, !isFirst, !isFirst, registers);
        }
    }

    /** What a piece of code does with it from its beginning to its end. */
    private record Summary(boolean writes, boolean reads, boolean leavesOther, boolean keepsOther, boolean readsBare) {
        static final Summary BEST = new Summary(true, true, false, false, false);
        static final Summary NOTHING = new Summary(false, false, false, true, false);
    }

    /** @param nodes the code to look at, which all that uses the variable is among */
    FollowVariable(Functions functions, Variable variable, Set<Node> nodes) {
        this.functions = functions;
        this.variable = variable;
        this.nodes = nodes;
        onlyInHooks = functions.onlyInHooks();
        partsCount = functions.usersOf(variable).size() == 1 || variable.piece().sizeBytes() <= Long.BYTES;
        nodes.forEach(node -> {
            summaries.put(node, Summary.BEST);
            lookedAt.put(node, !functions.isStartedElsewhere(node));
        });
        do {
            changed = false;
            nodes.forEach(this::run);
        } while (changed);
    }

    /** {@return whether nobody finds anything but what it held at first, after whoever wrote to it is done} */
    boolean isAlwaysAsAtFirst() {
        return nodes.stream()
                .noneMatch(node -> functions.isRoot(node) && summaries.get(node).leavesOther());
    }

    /** {@return who may read what was in it before it was called from outside, but for code that only hooks lead to} */
    List<Node> readers() {
        boolean isExposed = nodes.stream()
                .anyMatch(node -> functions.isRoot(node) && summaries.get(node).readsBare());
        return isExposed
                ? bareReads.entrySet().stream()
                        .filter(entry -> !entry.getValue().isEmpty())
                        .map(Map.Entry::getKey)
                        .filter(node -> !onlyInHooks.contains(node))
                        .toList()
                : List.of();
    }

    /** {@return who writes it without having looked at it, and may have run before: code that only hooks lead to has not} */
    List<Node> setters() {
        List<Node> found = new ArrayList<>();
        stores.forEach((node, steps) -> {
            if (!onlyInHooks.contains(node) && steps.stream().anyMatch(step -> !hasLooked(node, step))) {
                found.add(node);
            }
        });
        return found;
    }

    /** {@return whether all that was found of another variable happens behind a look at this one} */
    boolean guards(FollowVariable other) {
        boolean reads = other.bareReads.entrySet().stream()
                .allMatch(entry -> entry.getValue().stream().allMatch(step -> hasLooked(entry.getKey(), step)));
        boolean writes = other.stores.entrySet().stream()
                .allMatch(entry -> entry.getValue().stream()
                        .allMatch(step -> other.hasLooked(entry.getKey(), step) || hasLooked(entry.getKey(), step)));
        return reads && writes && isOnlySetWith(other);
    }

    /**
     * It says of the other that it was made only if it never gets other contents where the other was not written. Of what is
     * filled in a loop it is only known who does.
     */
    private boolean isOnlySetWith(FollowVariable other) {
        return stores.keySet().stream()
                .allMatch(node -> isFilledBy(other, node)
                        || stores.get(node).stream().allMatch(step -> isWrittenAt(other, node, step)));
    }

    private boolean isFilledBy(FollowVariable other, Node node) {
        return variable.piece().sizeBytes() <= Long.BYTES
                && other.variable.piece().sizeBytes() > Long.BYTES
                && functions.reachedFrom(Set.of(node)).stream()
                        .anyMatch(reached -> !other.stores
                                .getOrDefault(reached, new BitSet())
                                .isEmpty());
    }

    /** Or behind it, before anything is decided: compilers put stores in another order. */
    private boolean isWrittenAt(FollowVariable other, Node node, int step) {
        State[] states = other.before.get(node);
        if (states == null) {
            return false;
        }
        Flow flow = functions.flow(node);
        int at = step;
        while (states[at] != null && !states[at].written()) {
            if (flow.isExit(at)
                    || flow.isBranch(at)
                    || flow.next(at).size() != 1
                    || flow.next(at).getFirst() != at + 1) {
                return false;
            }
            at++;
        }
        return states[at] != null;
    }

    private boolean hasLooked(Node node, int step) {
        State[] states = before.get(node);
        return states != null
                && (lookedAt.get(node) || step < states.length && states[step] != null && states[step].read());
    }

    /** {@return which functions get its address from each piece of code that reads it or hands it on} */
    Map<Node, Set<String>> receivers() {
        Map<Node, Set<String>> found = new HashMap<>();
        bareReads.forEach((node, steps) -> {
            if (!steps.isEmpty()) {
                found.put(node, receivers.getOrDefault(node, Set.of()));
            }
        });
        receivers.forEach((node, names) -> {
            if (!names.isEmpty()) {
                found.put(node, names);
            }
        });
        found.keySet().removeAll(onlyInHooks);
        return found;
    }

    private void run(Node node) {
        Flow flow = functions.flow(node);
        State[] states = new State[flow.steps().size()];
        bareReads.put(node, new BitSet());
        stores.put(node, new BitSet());
        receivers.put(node, new TreeSet<>());
        ArrayDeque<Integer> open = new ArrayDeque<>();
        flow.entries().stream().forEach(entry -> {
            states[entry] = new State(false, false, false, true, 0);
            open.add(entry);
        });
        Summary found = Summary.BEST;
        boolean readsBare = false;
        boolean isOther = false;
        boolean returns = false;
        while (!open.isEmpty()) {
            int step = open.remove();
            State after = follow(node, flow, step, states[step]);
            for (int next : flow.next(step)) {
                State merged = states[next] == null ? after : states[next].or(after);
                if (!merged.equals(states[next])) {
                    states[next] = merged;
                    open.add(next);
                }
            }
        }
        before.put(node, states);
        bareReads.get(node).clear();
        stores.get(node).clear();
        if (!flow.isComplete() && functions.usersOf(variable).contains(node)) {
            bareReads.get(node).set(0);
            stores.get(node).set(0);
        }
        for (int step = 0; step < states.length; step++) {
            if (states[step] == null) {
                continue;
            }
            State after = follow(node, flow, step, states[step]);
            readsBare |= !states[step].written()
                    && callee(node, flow, step)
                            .map(summaries::get)
                            .filter(Summary::readsBare)
                            .isPresent();
            isOther |= after.other();
            if (flow.isExit(step)) {
                returns = true;
                found = new Summary(
                        found.writes() && after.written(),
                        found.reads() && after.read(),
                        found.leavesOther() || after.other(),
                        found.keepsOther() || after.stillOther(),
                        false);
            }
            passOn(node, flow, step, states);
        }
        readsBare |= !bareReads.get(node).isEmpty();
        // What never returns leaves what it writes to all who run beside it.
        boolean leavesOther = returns ? found.leavesOther() : isOther;
        found = new Summary(found.writes(), found.reads(), leavesOther, found.keepsOther(), readsBare);
        changed |= !found.equals(summaries.put(node, found));
    }

    /** Who is called here has been looked at only if the variable was; whose address is taken is called behind the next call. */
    private void passOn(Node node, Flow flow, int step, State[] states) {
        for (Reference reference : flow.in(step)) {
            Optional<Node> target = functions.target(node, reference).filter(nodes::contains);
            boolean isOther = target.isPresent() && !target.get().equals(node);
            if (isOther && !isLookedAtBy(node, flow, step, states) && lookedAt.put(target.get(), false)) {
                changed = true;
            }
        }
    }

    private boolean isLookedAtBy(Node node, Flow flow, int step, State[] states) {
        if (lookedAt.get(node) || states[step].read()) {
            return true;
        }
        int at = step;
        while (!flow.isBranch(at) && flow.next(at).equals(List.of(at + 1)) && states[at + 1] != null) {
            at++;
        }
        return at != step
                && flow.isBranch(at)
                && follow(node, flow, at, states[at]).read();
    }

    private Optional<Node> callee(Node node, Flow flow, int step) {
        if (!flow.isBranch(step)) {
            return Optional.empty();
        }
        return flow.in(step).stream()
                .flatMap(reference -> functions.target(node, reference).stream())
                .filter(target -> nodes.contains(target) && !target.equals(node))
                .findFirst();
    }

    private State follow(Node node, Flow flow, int step, State state) {
        Operation operation = flow.operation(step);
        List<Reference> here = flow.in(step).stream()
                .filter(reference -> variable.isMeantBy(node.object(), reference))
                .toList();
        State after = use(node, flow, step, operation, here, state);
        after = after.with(registers(flow, step, operation, here, state.registers()));
        return switch (flow.steps().get(step).flow()) {
            case CALL, INDIRECT_CALL ->
                call(node, flow, step, after)
                        .with(after.registers() & flow.isa().preservedRegisters());
            case JUMP, CONDITIONAL, INDIRECT_JUMP -> flow.isExit(step) ? call(node, flow, step, after) : after;
            case NEXT, RETURN, TRAP -> after;
        };
    }

    private State use(Node node, Flow flow, int step, Operation operation, List<Reference> here, State state) {
        boolean isDirect =
                here.stream().anyMatch(reference -> flow.isOperand(step, reference) && !flow.isThroughTable(reference));
        if (!operation.isKnown()) {
            // It may read or write, and both for certain is what is worst.
            return isDirect || state.registers() != 0 && !flow.isBranch(step)
                    ? store(node, step, read(node, step, state), false, false)
                    : state;
        }
        boolean isThere = isDirect || (operation.through() & state.registers()) != 0;
        if (!isThere) {
            return state;
        }
        return switch (operation.memory()) {
            case NONE, ADDRESS -> state;
            case READ -> read(node, step, state);
            case WRITTEN ->
                flow.isa().overwrites(flow.steps().get(step), flow.bytes())
                        ? store(node, step, state, partsCount, isFirst(flow, step, here))
                        : read(node, step, state).wrote(partsCount, false);
        };
    }

    private State read(Node node, int step, State state) {
        if (!state.written()) {
            bareReads.get(node).set(step);
        }
        return state.looked();
    }

    private State store(Node node, int step, State state, boolean counts, boolean isFirst) {
        stores.get(node).set(step);
        return state.wrote(counts, isFirst);
    }

    /** {@return whether an instruction writes what the variable holds at first, a whole number} */
    private boolean isFirst(Flow flow, int step, List<Reference> here) {
        Instruction instruction = flow.steps().get(step);
        int size = instruction.immediateBytes();
        long sizeBytes = variable.piece().sizeBytes();
        if (size == 0 || here.size() != 1 || sizeBytes > Long.BYTES || offset(here.getFirst(), instruction) != 0) {
            return false;
        }
        MemorySegment first = functions
                .object(new Node(variable.object(), variable.piece().index()))
                .contents(variable.piece());
        for (int i = 0; i < sizeBytes; i++) {
            int written =
                    i < size ? LittleEndian.u8(flow.bytes(), instruction.offset() + instruction.immediateAt() + i) : 0;
            int held = first.byteSize() == 0 ? 0 : LittleEndian.u8(first, i);
            if (written != held) {
                return false;
            }
        }
        return true;
    }

    private static long offset(Reference reference, Instruction instruction) {
        return switch (reference.target()) {
            case Reference.InPiece target -> target.delta();
            case Reference.Elsewhere target -> target.addend() + (instruction.endOffset() - reference.pieceOffset());
            case Reference.Constant _, Reference.Nothing _ -> 1;
        };
    }

    private int registers(Flow flow, int step, Operation operation, List<Reference> here, int held) {
        boolean takes = here.stream()
                .anyMatch(reference -> !flow.isOperand(step, reference) || operation.memory() == Memory.ADDRESS);
        // A slot of the table that the loader fills holds the address.
        boolean loads = here.stream().anyMatch(flow::isThroughTable);
        boolean goesOn = ((operation.keeps() | operation.mixes()) & held) != 0;
        int kept = held & ~operation.writes();
        return takes || loads || goesOn ? kept | operation.writes() : kept;
    }

    private State call(Node node, Flow flow, int step, State state) {
        Optional<Node> callee = callee(node, flow, step);
        State after = state;
        if (callee.isPresent()) {
            Summary summary = summaries.get(callee.get());
            after = new State(
                    state.written() || summary.writes(),
                    state.read() || summary.reads(),
                    state.other() ? summary.keepsOther() : summary.leavesOther(),
                    state.stillOther() ? summary.keepsOther() : summary.leavesOther(),
                    state.registers());
        }
        if ((state.registers() & flow.isa().argumentRegisters()) != 0) {
            receivers.get(node).add(name(node, flow, step));
            after = read(node, step, after).wrote(false, false);
        }
        return after;
    }

    private String name(Node node, Flow flow, int step) {
        return flow.in(step).stream()
                .map(reference -> switch (reference.target()) {
                    case Reference.InPiece target ->
                        functions.object(node).pieces().get(target.pieceIndex()).name();
                    case Reference.Elsewhere target -> target.symbol().name();
                    case Reference.Constant _, Reference.Nothing _ -> "";
                })
                .findFirst()
                .orElse("");
    }
}
