package dev.suture.linked;

import dev.suture.elf.Section;
import dev.suture.isa.Instruction;
import dev.suture.isa.Instruction.Flow;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongFunction;

/**
 * Proves that a function that was called is over: neither it nor what it calls in its program goes round and calls anything
 * on the way, as whoever waits for work does, or goes round for ever. What is not followed, such as a jump by a table, is
 * not proved; that what the program imports comes back is assumed.
 */
final class EndsByItself {
    private final Isa isa;
    private final LongFunction<Optional<Code>> functions;
    private final Map<Long, Boolean> known = new HashMap<>();
    private final Map<Long, Boolean> assumed = new HashMap<>();
    private final Set<Long> underWay = new HashSet<>();

    /** A function: from where to where it reaches in its section. */
    record Code(Section section, long start, long end) {}

    /** An instruction, where it may go next inside, and whether it may call or leave. */
    private record Step(List<Long> next, boolean calls, boolean leaves) {}

    /** @param functions what begins at an address */
    EndsByItself(Isa isa, LongFunction<Optional<Code>> functions) {
        this.isa = isa;
        this.functions = functions;
    }

    /** {@return whether the function at an address ends, if what it calls elsewhere does} */
    boolean proves(long function) {
        Boolean result = known.getOrDefault(function, assumed.get(function));
        if (result != null) {
            return result;
        }
        boolean outermost = underWay.isEmpty();
        Optional<Code> code = functions.apply(function);
        underWay.add(function);
        result = code.isPresent() && prove(code.get());
        underWay.remove(function);
        (result ? assumed : known).put(function, result);
        if (outermost) {
            // What was found on the way may rest on the question itself.
            if (result) {
                known.putAll(assumed);
            }
            assumed.clear();
        }
        return result;
    }

    private boolean prove(Code code) {
        Optional<Map<Long, Step>> steps = steps(code);
        return steps.isPresent()
                && steps.get().keySet().stream()
                        .allMatch(step -> !goesRound(steps.get(), step) || isCount(steps.get(), step));
    }

    /** {@return the instructions by address; empty if one is not understood, or calls what does not end} */
    private Optional<Map<Long, Step>> steps(Code code) {
        MemorySegment bytes = code.section().contents();
        long base = code.section().address();
        Map<Long, Step> steps = new TreeMap<>();
        long at = code.start();
        while (at < code.end()) {
            Optional<Instruction> decoded = isa.decode(bytes, at - base);
            Optional<Step> step = decoded.flatMap(instruction -> step(instruction, bytes, base, code));
            if (step.isEmpty()) {
                return Optional.empty();
            }
            steps.put(at, step.get());
            at = base + decoded.get().endOffset();
        }
        return Optional.of(steps);
    }

    private Optional<Step> step(Instruction instruction, MemorySegment bytes, long base, Code code) {
        long next = base + instruction.endOffset();
        boolean asksSystem = instruction.sizeBytes() == 2
                && instruction.flow() == Flow.NEXT
                && (isSystemCall(bytes, instruction.offset()));
        return switch (instruction.flow()) {
            case NEXT -> Optional.of(new Step(inside(code, next), asksSystem, next >= code.end()));
            case RETURN, TRAP -> Optional.of(new Step(List.of(), false, true));
            case INDIRECT_CALL, INDIRECT_JUMP -> Optional.empty();
            case CALL -> {
                long callee = base + instruction.branchTarget(bytes).orElseThrow();
                yield functions.apply(callee).isEmpty() || underWay.contains(callee) || proves(callee)
                        ? Optional.of(new Step(inside(code, next), true, next >= code.end()))
                        : Optional.empty();
            }
            case JUMP, CONDITIONAL -> {
                List<Long> targets = new ArrayList<>();
                if (instruction.flow() == Flow.CONDITIONAL) {
                    targets.addAll(inside(code, next));
                }
                long target = base + instruction.branchTarget(bytes).orElseThrow();
                boolean isInside = target >= code.start() && target < code.end();
                if (isInside) {
                    targets.add(target);
                }
                // A jump to what is under way goes round, and one into the midst of something is not followed.
                yield isInside || functions.apply(target).isPresent() && !underWay.contains(target) && proves(target)
                        ? Optional.of(new Step(targets, !isInside, !isInside))
                        : Optional.empty();
            }
        };
    }

    private static boolean isSystemCall(MemorySegment bytes, long at) {
        int first = bytes.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at) & 0xff;
        int second = bytes.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at + 1) & 0xff;
        return first == 0x0f && (second == 0x05 || second == 0x34) || first == 0xcd;
    }

    private static List<Long> inside(Code code, long address) {
        return address < code.end() ? List.of(address) : List.of();
    }

    private static boolean goesRound(Map<Long, Step> steps, long from) {
        return reached(steps, from).contains(from);
    }

    /** {@return whether what goes round calls nobody, and may leave} */
    private static boolean isCount(Map<Long, Step> steps, long from) {
        Set<Long> reached = reached(steps, from);
        boolean calls = reached.stream()
                .anyMatch(at -> steps.get(at).calls() && reached(steps, at).contains(from));
        boolean leaves = reached.stream().anyMatch(at -> steps.get(at).leaves());
        return !calls && leaves;
    }

    private static Set<Long> reached(Map<Long, Step> steps, long from) {
        Set<Long> reached = new HashSet<>();
        ArrayDeque<Long> open = new ArrayDeque<>(steps.get(from).next());
        while (!open.isEmpty()) {
            long at = open.remove();
            if (!steps.containsKey(at)) {
                // Into the midst of an instruction: nothing is known.
                return Set.copyOf(steps.keySet());
            }
            if (reached.add(at)) {
                open.addAll(steps.get(at).next());
            }
        }
        return reached;
    }
}
