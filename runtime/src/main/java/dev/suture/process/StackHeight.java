package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Finds from the instructions of a function how much it has on the stack at one of them, which is what its unwinding
 * information says as well.
 *
 * <p>For example {@code push %rbx; sub $16,%rsp; call f}: 24 bytes at the call. All ways from its beginning are gone; what
 * cannot be got to by jumps that say where they lead, or has different heights, or one that only is known when it runs, is
 * not known.
 */
final class StackHeight {
    private static final Isa ISA = Isa.of(Elf.EM_X86_64);
    /** How many different states one instruction is looked at in: a loop that pushes has one more each time. */
    private static final int MOST_STATES = 4;

    private static final long UNKNOWN = Long.MIN_VALUE;

    /** Where in a function, and how much is on the stack there, and was when the frame pointer was set. */
    private record State(long offset, long height, long frameHeight) {}

    private final MemorySegment code;
    private final Deque<State> open = new ArrayDeque<>();
    private final Set<State> seen = new HashSet<>();
    private final Map<Long, Integer> counts = new HashMap<>();

    private StackHeight(MemorySegment code) {
        this.code = code;
    }

    /**
     * {@return how many bytes are on the stack before an instruction of a function, without the return address}
     *
     * @param code the function, from where calls enter it
     * @param offset of the instruction
     */
    static OptionalLong at(MemorySegment code, long offset) {
        return new StackHeight(code).find(offset);
    }

    private OptionalLong find(long wanted) {
        open.add(new State(0, 0, UNKNOWN));
        OptionalLong found = OptionalLong.empty();
        while (!open.isEmpty()) {
            State state = open.removeLast();
            if (!seen.add(state)) {
                continue;
            }
            if (state.offset() == wanted) {
                boolean isOther = found.isPresent() && found.getAsLong() != state.height();
                if (isOther || state.height() == UNKNOWN) {
                    return OptionalLong.empty();
                }
                found = OptionalLong.of(state.height());
            }
            Optional<Instruction> instruction = ISA.decode(code, state.offset());
            if (instruction.isEmpty() || counts.merge(state.offset(), 1, Integer::sum) > MOST_STATES) {
                return OptionalLong.empty();
            }
            follow(state, instruction.get());
        }
        return found;
    }

    private void follow(State state, Instruction instruction) {
        State next = after(state, Operands.of(instruction, code), instruction.endOffset());
        OptionalLong target = instruction.branchTarget(code);
        switch (instruction.flow()) {
            case NEXT, CALL, INDIRECT_CALL -> add(next);
            case JUMP -> add(new State(target.getAsLong(), next.height(), next.frameHeight()));
            case CONDITIONAL -> {
                add(next);
                add(new State(target.getAsLong(), next.height(), next.frameHeight()));
            }
            case INDIRECT_JUMP, RETURN, TRAP -> {}
        }
    }

    private void add(State state) {
        if (state.offset() >= 0 && state.offset() < code.byteSize()) {
            open.add(state);
        }
    }

    private static State after(State state, Operands operands, long next) {
        long height = state.height();
        long frame = state.frameHeight();
        int opcode = operands.opcode();
        if (opcode == 0xc9) {
            return new State(next, frame == UNKNOWN ? UNKNOWN : frame - 8, UNKNOWN);
        }
        if (opcode >= 0x50 && opcode < 0x58 || opcode == 0x68 || opcode == 0x6a || opcode == 0x9c || isPush(operands)) {
            return new State(next, plus(height, 8), frame);
        }
        if (opcode >= 0x58 && opcode < 0x60 || opcode == 0x8f || opcode == 0x9d) {
            boolean isToStackPointer = operands.other() == Operands.STACK_POINTER;
            boolean isToFramePointer = operands.other() == Operands.FRAME_POINTER;
            return new State(next, isToStackPointer ? UNKNOWN : plus(height, -8), isToFramePointer ? UNKNOWN : frame);
        }
        if (StackPointerWrites.isTo(operands, Operands.STACK_POINTER)) {
            return new State(next, written(operands, height, frame), frame);
        }
        if (StackPointerWrites.isTo(operands, Operands.FRAME_POINTER)) {
            boolean isStackPointer =
                    (operands.isMove() || operands.isAddress()) && operands.source() == Operands.STACK_POINTER;
            long added = operands.isMove() ? 0 : -operands.displacement();
            return new State(next, height, isStackPointer ? plus(height, added) : UNKNOWN);
        }
        return new State(next, height, frame);
    }

    private static boolean isPush(Operands operands) {
        return operands.opcode() == 0xff && (operands.register() & 7) == 6;
    }

    private static long written(Operands operands, long height, long frame) {
        int opcode = operands.opcode();
        int operation = operands.register() & 7;
        if ((opcode == 0x81 || opcode == 0x83) && (operation == 0 || operation == 5)) {
            return plus(height, operation == 0 ? -operands.immediate() : operands.immediate());
        }
        if (operands.isAddress() || operands.isMove()) {
            long added = operands.isMove() ? 0 : -operands.displacement();
            return switch (operands.source()) {
                case Operands.STACK_POINTER -> plus(height, added);
                case Operands.FRAME_POINTER -> plus(frame, added);
                default -> UNKNOWN;
            };
        }
        return UNKNOWN;
    }

    private static long plus(long height, long bytes) {
        return height == UNKNOWN ? UNKNOWN : height + bytes;
    }
}
