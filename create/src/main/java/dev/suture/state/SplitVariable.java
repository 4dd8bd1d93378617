package dev.suture.state;

import dev.suture.diff.Reference;
import dev.suture.isa.Operation;
import dev.suture.isa.Operation.Memory;
import dev.suture.state.Functions.Node;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;

/**
 * Splits a variable into the members that code uses: that {@code s.ready} was written says nothing of {@code s.limit}.
 *
 * <p>Only if all code is seen to use it by constant places in it, each of a known length. Otherwise it is one.
 */
final class SplitVariable {
    private final Functions functions;
    private final Variable variable;
    private final List<Variable> parts = new ArrayList<>();

    SplitVariable(Functions functions, Variable variable) {
        this.functions = functions;
        this.variable = variable;
    }

    /** {@return its members, or itself} */
    List<Variable> parts() {
        boolean isSplit = functions.holdersOf(variable).isEmpty()
                && functions.usersOf(variable).stream().allMatch(this::isUsedInParts);
        if (!isSplit || parts.isEmpty()) {
            return List.of(variable);
        }
        parts.sort(Comparator.comparingLong(Variable::offset));
        List<Variable> merged = new ArrayList<>();
        for (Variable part : parts) {
            if (merged.isEmpty() || part.offset() >= end(merged.getLast())) {
                merged.add(part);
            } else {
                Variable last = merged.removeLast();
                merged.add(part(last.offset(), Math.max(end(last), end(part)) - last.offset()));
            }
        }
        return merged;
    }

    private static long end(Variable part) {
        return part.offset() + part.sizeBytes();
    }

    private Variable part(long offset, long sizeBytes) {
        return new Variable(variable.object(), variable.piece(), offset, sizeBytes, true);
    }

    private boolean isUsedInParts(Node node) {
        Flow flow = functions.flow(node);
        long meant = functions.references(node).stream()
                .filter(reference -> variable.isMeantBy(node.object(), reference))
                .count();
        if (!flow.isComplete()) {
            return false;
        }
        for (int step = 0; step < flow.steps().size(); step++) {
            for (Reference reference : flow.in(step)) {
                if (!variable.isMeantBy(node.object(), reference)) {
                    continue;
                }
                if (!addPart(flow, step, reference)) {
                    return false;
                }
                meant--;
            }
        }
        return meant == 0;
    }

    private boolean addPart(Flow flow, int step, Reference reference) {
        Operation operation = flow.operation(step);
        OptionalInt size = flow.isa().operandBytes(flow.steps().get(step), flow.bytes());
        boolean isPart = reference.target() instanceof Reference.InPiece target
                && Transfer.isPlainOperand(flow, step, List.of(reference))
                && operation.isKnown()
                && (operation.memory() == Memory.READ || operation.memory() == Memory.WRITTEN)
                && size.isPresent()
                && target.delta() >= 0
                && target.delta() + size.getAsInt() <= variable.piece().sizeBytes();
        if (isPart && reference.target() instanceof Reference.InPiece target) {
            parts.add(part(target.delta(), size.getAsInt()));
        }
        return isPart;
    }
}
