package dev.suture.state;

import dev.suture.diff.Reference;
import dev.suture.isa.Instruction;
import dev.suture.isa.Operation;
import dev.suture.isa.Operation.Memory;
import dev.suture.state.FollowVariable.Context;
import dev.suture.state.Functions.Node;
import dev.suture.state.Place.Addresses;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Finds who writes what a pointer leads to after it was made: {@code if (!known) known = calloc(64, 8);} makes a table when it
 * is needed, {@code known[n & 63] = user;} fills it as users come, and those who came before are not in it.
 *
 * <p>What the variable holds is followed through registers and the stack, into what is called with it and back out of what
 * returns it. What is written through it where the variable was found to hold its first contents is a part of making it.
 */
final class Pointees {
    private final Functions functions;
    private final FollowVariable follow;
    private final Transfer transfer;
    private final Set<Context> seen = new LinkedHashSet<>();
    private final ArrayDeque<Context> open = new ArrayDeque<>();
    private final Set<Node> returning = new HashSet<>();
    private final Set<Node> writers = new LinkedHashSet<>();
    private final Set<Node> passing = new LinkedHashSet<>();
    private final Set<Node> giving = new LinkedHashSet<>();
    private boolean isFollowed;
    private boolean isNumber;

    Pointees(Functions functions, FollowVariable follow) {
        this.functions = functions;
        this.follow = follow;
        transfer = new Transfer(functions, follow.variable());
    }

    /** {@return who writes there, or may do so} */
    Set<Node> writers() {
        if (follow.variable().sizeBytes() != Long.BYTES || follow.isLost()) {
            return Set.of();
        }
        int found = -1;
        while (found != returning.size()) {
            found = returning.size();
            seen.clear();
            // Here the registers are those that hold what the variable does.
            follow.contexts().forEach(context -> add(context, 0));
            while (!open.isEmpty()) {
                run(open.remove());
            }
        }
        Set<Node> all = new LinkedHashSet<>(writers);
        if (isFollowed || !isNumber) {
            all.addAll(passing);
        }
        if (isFollowed) {
            all.addAll(giving);
        }
        return all;
    }

    private void add(Context context, int values) {
        Context begin = new Context(context.node(), values, context.registers());
        if (seen.add(begin)) {
            open.add(begin);
        }
    }

    private void run(Context begin) {
        Flow flow = functions.flow(begin.node());
        Addresses[] held = new Addresses[flow.steps().size()];
        BitSet next = new BitSet();
        flow.entries().stream().forEach(entry -> {
            held[entry] = new Addresses(entry == 0 ? begin.registers() : 0, 0, 0, Set.of(), false);
            next.set(entry);
        });
        Map<Integer, Boolean> atFirst = new HashMap<>();
        for (int step = next.nextSetBit(0); step >= 0; step = next.nextSetBit(0)) {
            next.clear(step);
            boolean isFirst = atFirst.computeIfAbsent(step, at -> isAtFirst(begin, at));
            Addresses after = follow(begin, flow, step, held[step], isFirst);
            for (int to : flow.next(step)) {
                Addresses both = held[to] == null ? after : held[to].or(after);
                if (!both.equals(held[to])) {
                    held[to] = both;
                    next.set(to);
                }
            }
        }
    }

    private boolean isAtFirst(Context begin, int step) {
        return follow.contexts().stream()
                .filter(context -> context.node().equals(begin.node()) && context.registers() == begin.exact())
                .anyMatch(context -> follow.isAtFirst(context)
                        || follow.places(context)[step] != null && follow.places(context)[step].isOfFirst());
    }

    private boolean isVariable(Context begin, Flow flow, int step) {
        Operation operation = flow.operation(step);
        List<Reference> here = transfer.here(begin.node(), flow, step);
        return here.stream().anyMatch(reference -> flow.isOperand(step, reference) && !flow.isThroughTable(reference))
                || follow.contexts().stream()
                        .filter(context -> context.node().equals(begin.node()) && context.registers() == begin.exact())
                        .anyMatch(context -> follow.places(context)[step] != null
                                && (follow.places(context)[step].addresses().registers() & operation.through()) != 0);
    }

    private Addresses follow(Context begin, Flow flow, int step, Addresses held, boolean isFirst) {
        Operation operation = flow.operation(step);
        if (flow.isBranch(step)) {
            return branch(begin, flow, step, held, isFirst);
        }
        Instruction instruction = flow.steps().get(step);
        boolean isVariable = isVariable(begin, flow, step);
        OptionalLong slot = flow.stackSlot(step);
        boolean isStack = (operation.through() & (flow.isa().stackRegisters() | Flow.FRAME_POINTER)) != 0;
        int from = operation.keeps() | flow.isa().storedRegister(instruction, flow.bytes());
        boolean isHeld = (from & held.registers()) != 0;
        boolean isThrough = !isVariable && !isStack && (operation.through() & held.registers()) != 0;
        boolean isSum = isVariable
                && operation.memory() == Memory.READ
                && operation.writes() != 0
                && flow.isa().move(instruction, flow.bytes()).isEmpty();
        isNumber |= isSum || isHeld && flow.isa().addsRegister(instruction, flow.bytes()) && !isThrough;
        isFollowed |= isThrough && operation.memory() != Memory.ADDRESS;
        if (operation.memory() == Memory.WRITTEN && !isFirst) {
            if (isThrough) {
                writers.add(begin.node());
            }
            if (isHeld && !isVariable && !isStack) {
                giving.add(begin.node());
            }
        }
        boolean isWhole = flow.isa().operandBytes(instruction, flow.bytes()).orElse(0) == Long.BYTES;
        boolean loads = operation.memory() == Memory.READ
                && (isVariable || isWhole && isThrough || isStack && held.isSpilled() && held.isIn(slot));
        boolean goesOn = isHeld && operation.memory() != Memory.WRITTEN
                || operation.memory() == Memory.ADDRESS && (operation.through() & held.registers()) != 0;
        int registers = held.registers() & ~operation.writes() | (loads || goesOn ? operation.writes() : 0);
        if (isVariable && operation.memory() == Memory.WRITTEN) {
            registers |= from;
        }
        boolean isStored = isStack && operation.memory() == Memory.WRITTEN;
        return new Addresses(
                registers,
                0,
                0,
                isStored ? held.stored(slot, isHeld, isWhole) : held.slots(),
                held.isAnywhere() || isStored && isHeld && slot.isEmpty());
    }

    private Addresses branch(Context begin, Flow flow, int step, Addresses held, boolean isFirst) {
        if (flow.steps().get(step).flow() == Instruction.Flow.RETURN) {
            if ((held.registers() & flow.isa().resultRegister()) != 0) {
                returning.add(begin.node());
                if (functions.isStartedElsewhere(begin.node()) && !isFirst) {
                    giving.add(begin.node());
                }
            }
            return held;
        }
        boolean isCall = !flow.isJump(step);
        if (!isCall && !flow.isExit(step)) {
            return held;
        }
        int arguments = held.registers() & flow.isa().argumentRegisters();
        boolean returns = false;
        switch (functions.callee(begin.node(), step)) {
            case Callee.Known known -> {
                returns = returning.contains(known.node());
                if (arguments != 0 && !isFirst) {
                    add(Context.of(known.node()), arguments);
                }
            }
            case Callee.Library library -> {
                if (arguments != 0 && !isFirst && !isOnlyRead(flow, library.name(), arguments)) {
                    passing.add(begin.node());
                }
            }
            case Callee.Large _, Callee.Unknown _ -> {
                if (arguments != 0 && !isFirst) {
                    passing.add(begin.node());
                }
            }
        }
        int kept = held.registers() & (isCall ? flow.isa().preservedRegisters() : -1);
        int result = returns ? flow.isa().resultRegister() : 0;
        if (!isCall && returns) {
            returning.add(begin.node());
        }
        return new Addresses(kept | result, 0, 0, held.slots(), held.isAnywhere());
    }

    private static boolean isOnlyRead(Flow flow, String name, int arguments) {
        for (int argument = 0; flow.isa().argumentRegister(argument) != 0; argument++) {
            boolean isGiven = (arguments & flow.isa().argumentRegister(argument)) != 0;
            boolean isHarmless = LibraryCalls.use(name, argument)
                    .filter(use -> use == LibraryCalls.Use.READ || use == LibraryCalls.Use.LOCKED)
                    .isPresent();
            if (isGiven && !isHarmless) {
                return false;
            }
        }
        return true;
    }
}
