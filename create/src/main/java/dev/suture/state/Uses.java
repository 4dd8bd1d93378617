package dev.suture.state;

import dev.suture.diff.Reference;
import dev.suture.isa.Operation;
import dev.suture.state.FollowVariable.Context;
import dev.suture.state.FollowVariable.Summary;
import dev.suture.state.Functions.Callee;
import dev.suture.state.Place.Governor.Way;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What single instructions and calls do with a variable: notes it, and tells what is known behind them. */
final class Uses {
    private static final int MOST_CONTEXTS = 400;

    private final FollowVariable whole;
    private final Functions functions;
    private final Transfer transfer;

    Uses(FollowVariable whole, Functions functions, Transfer transfer) {
        this.whole = whole;
        this.functions = functions;
        this.transfer = transfer;
    }

    /** {@return what is known behind an instruction, on all ways on} */
    Place follow(Context context, Flow flow, int step, Place place) {
        Operation operation = flow.operation(step);
        List<Reference> here = transfer.here(context.node(), flow, step);
        Place after = use(context, flow, step, operation, here, place);
        after = transfer.move(flow, step, operation, here, place, after);
        return switch (flow.steps().get(step).flow()) {
            case CALL, INDIRECT_CALL -> behindCall(context, flow, step, call(context, flow, step, after));
            case JUMP, CONDITIONAL, INDIRECT_JUMP, NEXT, RETURN, TRAP -> after;
        };
    }

    private Place behindCall(Context context, Flow flow, int step, Place after) {
        Optional<Summary> callee =
                Optional.ofNullable(whole.touches(context).callees.get(step)).map(whole::summary);
        return transfer.behindCall(
                flow,
                after,
                callee.map(Summary::returns).orElse(0),
                callee.filter(Summary::reads).isPresent());
    }

    /** {@return what is known behind what a jump out of the code leads to} */
    Place leave(Context context, Flow flow, int step, Place after) {
        return switch (flow.steps().get(step).flow()) {
            case JUMP, CONDITIONAL, INDIRECT_JUMP -> call(context, flow, step, after);
            case CALL, INDIRECT_CALL, NEXT, RETURN, TRAP -> after;
        };
    }

    private Place use(Context context, Flow flow, int step, Operation operation, List<Reference> here, Place place) {
        boolean isDirect =
                here.stream().anyMatch(reference -> flow.isOperand(step, reference) && !flow.isThroughTable(reference));
        if (!operation.isKnown()) {
            // It may read or write, and both for certain is what is worst.
            return isDirect || place.addresses().registers() != 0 && !flow.isBranch(step)
                    ? store(context, step, read(context, step, place), false, false, false)
                    : place;
        }
        Place after = place;
        if (transfer.escapes(flow, step, operation, here, place)) {
            after = hand(context, step, after);
        }
        if (!isDirect && (operation.through() & place.addresses().registers()) == 0) {
            return after;
        }
        return switch (operation.memory()) {
            case NONE, ADDRESS -> after;
            case READ -> read(context, step, after);
            case WRITTEN -> {
                boolean alsoReads =
                        flow.isa().move(flow.steps().get(step), flow.bytes()).isPresent();
                Place known = alsoReads ? read(context, step, after) : after;
                boolean isFirst = transfer.isFirst(flow, step, here);
                yield flow.isa().overwrites(flow.steps().get(step), flow.bytes())
                        ? store(
                                context,
                                step,
                                known,
                                transfer.partsCount(),
                                isFirst,
                                transfer.isDerived(flow, step, place))
                        : step(context, flow, step, known);
            }
        };
    }

    /** What is made of what it was; bits that are set are not. */
    private Place step(Context context, Flow flow, int step, Place place) {
        Place known = read(context, step, place);
        boolean isDerived = !flow.isa().setsBits(flow.steps().get(step), flow.bytes());
        return store(context, step, known, transfer.partsCount(), false, isDerived);
    }

    private Place read(Context context, int step, Place place) {
        whole.touches(context).reads.set(step);
        if (!place.written()) {
            whole.touches(context).bareReads.set(step);
        }
        return place.looked();
    }

    private Place store(Context context, int step, Place place, boolean counts, boolean isFirst, boolean isDerived) {
        Touches found = whole.touches(context);
        found.writes.set(step);
        if (!isFirst) {
            found.leaves.set(step);
        }
        if (isDerived) {
            count(context, step, place);
        }
        if (!isFirst && !isDerived) {
            Set<Way> ways = new HashSet<>(whole.governedAt(context));
            place.governors().forEach(governor -> ways.add(governor.way()));
            if (!ways.isEmpty()) {
                found.lazy.set(step, ways.stream().anyMatch(Way::isOfFirst));
            } else if (place.derived().kept() || transfer.isKeptNext(functions.flow(context.node()), step, place)) {
                found.links.set(step);
            } else {
                boolean hasLooked = place.read() || whole.isLookedAt(context);
                (hasLooked ? found.loose : found.setters).set(step);
            }
        }
        return place.wrote(counts, isFirst);
    }

    private void count(Context context, int step, Place place) {
        Flow flow = functions.flow(context.node());
        int sign = transfer.counts(flow, step);
        whole.touches(context).ups.set(step, sign > 0);
        whole.touches(context).bareDowns.set(step, sign < 0 && !place.written());
    }

    private Place hand(Context context, int step, Place place) {
        whole.touches(context).handed.set(step);
        whole.touches(context).writes.set(step);
        whole.touches(context).leaves.set(step);
        return read(context, step, place).wrote(false, false);
    }

    private Place call(Context context, Flow flow, int step, Place place) {
        int arguments = place.addresses().registers() & flow.isa().argumentRegisters();
        boolean isOnStack = place.addresses().spilled()
                && (place.addresses().frames() & flow.isa().argumentRegisters()) != 0;
        return switch (functions.callee(context.node(), step)) {
            case Callee.Known known -> {
                int registers =
                        functions.isFragment(known.node()) ? place.addresses().registers() : arguments;
                Context callee = new Context(known.node(), registers);
                if (registers == 0 && !whole.isAmong(known.node()) || callee.equals(context)) {
                    yield isOnStack ? hand(context, step, place) : place;
                }
                if (!whole.contexts().contains(callee) && whole.contexts().size() > MOST_CONTEXTS) {
                    yield hand(context, step, place);
                }
                whole.add(callee);
                whole.touches(context).callees.put(step, callee);
                Place after = whole.summary(callee).behind(place);
                yield isOnStack ? hand(context, step, after) : after;
            }
            case Callee.Library library ->
                isOnStack ? hand(context, step, place) : library(context, flow, step, library.name(), arguments, place);
            case Callee.Unknown _ -> arguments != 0 || isOnStack ? hand(context, step, place) : place;
        };
    }

    private Place library(Context context, Flow flow, int step, String name, int arguments, Place place) {
        Place after = place;
        for (int argument = 0; flow.isa().argumentRegister(argument) != 0; argument++) {
            if ((arguments & flow.isa().argumentRegister(argument)) == 0) {
                continue;
            }
            whole.touches(context).library.put(step, name);
            Optional<LibraryCalls.Use> use = LibraryCalls.use(name, argument);
            if (use.isEmpty()) {
                after = hand(context, step, after);
                continue;
            }
            after = switch (use.get()) {
                case READ -> read(context, step, after);
                case MADE -> store(context, step, after, true, false, false);
                case FILLED -> store(context, step, after, transfer.partsCount(), false, false);
                case STEPPED -> store(context, step, read(context, step, after), false, false, true);
            };
        }
        return after;
    }
}
