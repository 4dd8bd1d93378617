package dev.suture.state;

import dev.suture.diff.Reference;
import dev.suture.isa.Instruction;
import dev.suture.isa.Operation;
import dev.suture.state.FollowVariable.Context;
import dev.suture.state.FollowVariable.Summary;
import dev.suture.state.Transfer.Extent;
import java.util.List;
import java.util.Optional;

/** What single instructions and calls do with a variable: notes it, and tells what is known behind them. */
final class Uses {
    private static final int MOST_CONTEXTS = 400;

    private final FollowVariable whole;
    private final Functions functions;
    private final Transfer transfer;
    private final Fills fills = new Fills();

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
        boolean isWritten = whole.touches(context).writes.get(step);
        after = transfer.move(flow, step, operation, here, place, after, isWritten);
        return switch (flow.steps().get(step).flow()) {
            case CALL, INDIRECT_CALL -> behindCall(context, flow, step, call(context, flow, step, after));
            case JUMP, CONDITIONAL, INDIRECT_JUMP, NEXT, RETURN, TRAP -> after;
        };
    }

    private Place behindCall(Context context, Flow flow, int step, Place after) {
        Optional<Summary> callee =
                Optional.ofNullable(whole.touches(context).callees.get(step)).map(whole::summary);
        return transfer.behindCall(flow, after, callee.map(Summary::returns));
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
                    ? unknown(context, step, place)
                    : place;
        }
        Place after = place;
        if (transfer.escapes(flow, step, operation, here, place)) {
            after = hand(context, step, after);
        }
        int registers = place.addresses().registers();
        int source = flow.isa().stringSource(flow.steps().get(step), flow.bytes());
        if ((source & registers) != 0) {
            after = read(context, step, after);
        }
        if (!isDirect && (operation.through() & ~source & registers) == 0) {
            return after;
        }
        return switch (operation.memory()) {
            case NONE, ADDRESS -> after;
            case READ -> read(context, step, after);
            case WRITTEN -> write(context, flow, step, operation, here, after);
        };
    }

    private Place unknown(Context context, int step, Place place) {
        Place after = leave(context, step, read(context, step, place), false);
        whole.touches(context).plain.set(step);
        whole.touches(context).sums.set(step);
        return after;
    }

    private Place write(Context context, Flow flow, int step, Operation operation, List<Reference> here, Place place) {
        Instruction instruction = flow.steps().get(step);
        boolean overwrites = flow.isa().overwrites(instruction, flow.bytes());
        boolean isRead = overwrites
                ? flow.isa().move(instruction, flow.bytes()).isPresent()
                : !Sums.isUnseen(flow, step, operation);
        Place known = isRead ? read(context, step, place) : place;
        Optional<Extent> extent = transfer.extent(flow, step, here, place.addresses());
        if (transfer.isFirst(flow, step, extent)) {
            whole.touches(context).writes.set(step);
            return known.wrote(true, true);
        }
        boolean counts =
                extent.filter(transfer::covers).isPresent() || transfer.partsCount() && fills.isFilling(flow, step);
        if (Sums.countsUp(flow, step, operation, place.derived().raised())) {
            whole.touches(context).ups.set(step);
            whole.touches(context).writes.set(step);
            whole.touches(context).leaves.set(step);
            return known.wrote(counts, false);
        }
        whole.touches(context).sums.set(step, transfer.isSum(flow, step, place));
        return leave(context, step, known, counts);
    }

    private Place read(Context context, int step, Place place) {
        whole.touches(context).reads.set(step);
        if (!place.written()) {
            whole.touches(context).bareReads.set(step);
        }
        return place;
    }

    /** Something else than its first contents is left in it. */
    private Place leave(Context context, int step, Place place, boolean counts) {
        Touches found = whole.touches(context);
        found.writes.set(step);
        found.leaves.set(step);
        boolean isGoverned = !place.governors().isEmpty() || whole.isGoverned(context);
        (isGoverned ? found.governed : found.plain).set(step);
        found.parts.set(step, !counts);
        return place.wrote(counts, false);
    }

    private Place hand(Context context, int step, Place place) {
        Touches found = whole.touches(context);
        found.handed.set(step);
        found.writes.set(step);
        found.leaves.set(step);
        // What he does may depend on what he did before, but not where nobody can have done anything.
        boolean isAtFirst = place.isOfFirst() || whole.isAtFirst(context);
        (isAtFirst ? found.governed : found.plain).set(step);
        boolean counts = transfer.isOfOne() && place.addresses().exact() != 0;
        return read(context, step, place).wrote(counts, false);
    }

    /** What writes texts is among these, and nothing tells it from the others. */
    private Place believe(Context context, int step, Place place) {
        Place after = hand(context, step, place);
        whole.touches(context).plain.clear(step);
        return after;
    }

    private Place call(Context context, Flow flow, int step, Place place) {
        int arguments = place.addresses().registers() & flow.isa().argumentRegisters();
        boolean isOnStack = place.addresses().isSpilled()
                        && (place.addresses().frames() & flow.isa().argumentRegisters()) != 0
                || flow.passesOnStack(step, place.addresses()) && mayTakeFromStack(context, step);
        if (functions.isIntoMiddle(context.node(), step)) {
            // What is done from there on is found where that code is followed.
            return place.addresses().registers() != 0 || place.addresses().isSpilled()
                    ? hand(context, step, place)
                    : Summary.WORST.behind(place);
        }
        return switch (functions.callee(context.node(), step)) {
            case Callee.Known known -> {
                boolean isInside = functions.mayStayInside(context.node(), step, known.node());
                boolean sharesStack = isInside && place.addresses().isSpilled() && !flow.hasLeftStack(step);
                int registers = isInside ? place.addresses().registers() : arguments;
                int exact = registers & place.addresses().exact();
                Context callee = new Context(known.node(), registers, exact);
                if (registers == 0 && !whole.isAmong(known.node()) || callee.equals(context)) {
                    yield isOnStack || sharesStack ? hand(context, step, place) : place;
                }
                if (!whole.contexts().contains(callee) && whole.contexts().size() > MOST_CONTEXTS) {
                    yield hand(context, step, place);
                }
                whole.add(callee);
                whole.calls(context, callee);
                whole.touches(context).callees.put(step, callee);
                Summary summary = whole.summary(callee);
                Place after = summary.behind(place);
                yield isOnStack || sharesStack ? hand(context, step, after) : after;
            }
            case Callee.Library library ->
                isOnStack ? hand(context, step, place) : library(context, flow, step, library.name(), arguments, place);
            case Callee.Large _ -> arguments != 0 || isOnStack ? believe(context, step, place) : place;
            case Callee.Unknown _ -> {
                boolean mayStay = Functions.isLinked(context.node()) && flow.isJump(step);
                boolean isHeld = mayStay && place.addresses().registers() != 0
                        || mayStay && place.addresses().isSpilled() && !flow.hasLeftStack(step);
                yield isHeld || arguments != 0 || isOnStack ? hand(context, step, place) : place;
            }
        };
    }

    private boolean mayTakeFromStack(Context context, int step) {
        return !(functions.callee(context.node(), step) instanceof Callee.Known known)
                || functions.flow(known.node()).readsAboveItsFrame();
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
                case MADE -> leave(context, step, after, isExact(place, flow, argument) && transfer.isMade(name));
                case FILLED ->
                    leave(context, step, after, isExact(place, flow, argument) && transfer.isFilled(flow, step, name));
                case MAYBE_MADE -> leave(context, step, after, false);
                case STEPPED -> leave(context, step, read(context, step, after), false);
                case LOCKED -> lock(context, step, after);
            };
        }
        return after;
    }

    private static boolean isExact(Place place, Flow flow, int argument) {
        return (place.addresses().exact() & flow.isa().argumentRegister(argument)) != 0;
    }

    /** Who takes a lock gives it back, and who waits for it does so because of what it holds. */
    private Place lock(Context context, int step, Place place) {
        Place known = read(context, step, place);
        Touches found = whole.touches(context);
        found.ups.set(step);
        found.writes.set(step);
        found.leaves.set(step);
        return known.wrote(false, false);
    }
}
