package dev.suture.state;

import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.isa.Move;
import dev.suture.isa.NumberTest;
import dev.suture.isa.Operation;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Where code has looked at what a variable held when it began: registers that hold it, and the comparison that the flags are
 * of.
 *
 * <pre>
 *   mov ready(%rip), %eax
 *   test %eax, %eax
 *   jne 1f                  if it held its first contents, 0, this goes on here
 * </pre>
 *
 * @param copies by register
 * @param compared what the flags are of
 */
record Looks(Map<Integer, Copy> copies, Optional<Compared> compared) {
    static final Looks NONE = new Looks(Map.of(), Optional.empty());

    /**
     * A register that holds it.
     *
     * @param wholeBytes how many of its bytes do
     * @param first the number that is there if the variable holds its first contents
     */
    record Copy(int wholeBytes, long first) {}

    /** A comparison, and the number that it is given if the variable holds its first contents. */
    record Compared(NumberTest test, long first) {}

    /** {@return what holds if either does} */
    Looks or(Looks other) {
        if (equals(other)) {
            return this;
        }
        Map<Integer, Copy> both = new HashMap<>(copies);
        both.entrySet().removeIf(entry -> !entry.getValue().equals(other.copies.get(entry.getKey())));
        return new Looks(both, compared.equals(other.compared) ? compared : Optional.empty());
    }

    /** {@return the registers that hold it} */
    int registers() {
        return copies.keySet().stream().reduce(0, (one, another) -> one | another);
    }

    /** {@return the same without what another call leaves in registers} */
    Looks behindCall(Isa isa) {
        Map<Integer, Copy> kept = new HashMap<>(copies);
        kept.keySet().removeIf(register -> (register & isa.preservedRegisters()) == 0);
        return new Looks(kept, Optional.empty());
    }

    Looks with(int register, Copy copy) {
        Map<Integer, Copy> more = new HashMap<>(copies);
        more.put(register, copy);
        return new Looks(more, compared);
    }

    /**
     * {@return what is known behind an instruction}
     *
     * @param operand what its operand in memory holds of the variable at first; empty if it has no such operand
     */
    Looks after(Flow flow, int step, Operation operation, Optional<First> operand) {
        if (copies.isEmpty() && compared.isEmpty() && operand.isEmpty()) {
            return this;
        }
        Instruction instruction = flow.steps().get(step);
        Optional<NumberTest> test = flow.isa().test(instruction, flow.bytes());
        Optional<Compared> now = compared;
        if (flow.isa().setsFlags(instruction, flow.bytes()).isPresent()) {
            now = test.flatMap(made -> compared(made, operand));
        }
        Optional<Move> move = flow.isa().move(instruction, flow.bytes());
        Optional<Copy> copy = move.flatMap(made -> copy(made, operand));
        Map<Integer, Copy> left = new HashMap<>(copies);
        int written = operation.isKnown() ? operation.writes() : -1;
        left.keySet().removeIf(register -> (register & written) != 0);
        copy.ifPresent(made -> left.put(move.orElseThrow().to(), made));
        return new Looks(left, now);
    }

    private Optional<Compared> compared(NumberTest test, Optional<First> operand) {
        if (test.register() == 0) {
            return operand.flatMap(first -> first.number(test.sizeBytes())).map(first -> new Compared(test, first));
        }
        return Optional.ofNullable(copies.get(test.register()))
                .filter(copy -> test.sizeBytes() <= copy.wholeBytes())
                .map(copy -> new Compared(test, copy.first()));
    }

    private Optional<Copy> copy(Move move, Optional<First> operand) {
        if (move.from() != 0) {
            return Optional.ofNullable(copies.get(move.from()))
                    .map(copy -> new Copy(Math.min(copy.wholeBytes(), move.sizeBytes()), copy.first()));
        }
        return operand.flatMap(first -> first.number(move.sizeBytes()))
                .map(number ->
                        new Copy(move.wholeBytes(), move.isSigned() ? number : unsigned(number, move.sizeBytes())));
    }

    private static long unsigned(long number, int sizeBytes) {
        return sizeBytes >= Long.BYTES ? number : number & (1L << 8 * sizeBytes) - 1;
    }

    /** {@return whether a conditional jump is taken if the variable holds its first contents; empty if that is not known} */
    Optional<Boolean> takenAtFirst(Flow flow, int step) {
        Instruction instruction = flow.steps().get(step);
        return instruction.flow() == Instruction.Flow.CONDITIONAL
                ? compared.flatMap(made -> flow.isa().isTaken(instruction, flow.bytes(), made.test(), made.first()))
                : Optional.empty();
    }

    /**
     * {@return whether no other contents lead the way of the first ones}
     *
     * @param others what else is ever put there; empty if that is not known, when some are tried that differ in many ways
     */
    boolean isOnlyOfFirst(Flow flow, int step, Set<Long> others) {
        Instruction instruction = flow.steps().get(step);
        Compared made = compared.orElseThrow();
        Optional<Boolean> atFirst = takenAtFirst(flow, step);
        Set<Long> numbers = others.isEmpty()
                ? Stream.of(1L, -1L, 2L, 3L, 64L)
                        .map(change -> made.first() + change)
                        .collect(Collectors.toSet())
                : others;
        return numbers.stream()
                .noneMatch(number -> flow.isa()
                        .isTaken(instruction, flow.bytes(), made.test(), number)
                        .equals(atFirst));
    }

    /** What a place in memory holds before anybody wrote to it. */
    interface First {
        /** {@return the whole number of so many bytes there, with its sign; empty if it has fewer, or holds an address} */
        Optional<Long> number(int sizeBytes);
    }
}
