package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.process.Ledger.Span;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Finds the instructions of a file that give the stack pointer a value from elsewhere, such as {@code mov (%rdi),%rsp} or
 * {@code pop %rsp}.
 *
 * <p>All count that write it, but for those with which a function makes and leaves its own frame: pushes, calls and returns;
 * what adds a constant, takes something away or aligns; and what takes it from a register that the same function had put it
 * into before: the frame pointer, what a block keeps where an array of variable length is in it, what leads to the arguments
 * where the stack is aligned anew. What begins midway, as the unlikely half of a function does, may find there what the other
 * half has kept: in a register that calls keep, or in the one that leads to the arguments; unless it gives that register
 * another value itself. Where there is no unwinding information, nobody knows where a function begins, and
 * {@code leave} is taken to leave a frame.
 *
 * @see "Intel SDM vol. 2, 2.1 Instruction Format, appendix A Opcode Map"
 */
final class StackPointerWrites {
    private static final Isa ISA = Isa.of(Elf.EM_X86_64);
    private static final int LEAVE = 0xc9;
    private static final int IRET = 0xcf;
    private static final int FUNCTION_BYTES = 1 << 14;
    private static final Set<Integer> KEPT_BY_CALLS = Set.of(3, 5, 12, 13, 14, 15);
    private static final int TO_ARGUMENTS = 10;
    private static final Set<Integer> LOADS = Set.of(0x89, 0x8b, 0x8d);
    /** Pops, exchanges with the first register, constants. */
    private static final Set<Integer> SHORT_FORMS = Set.of(0x58, 0x90, 0xb8);

    private final MemorySegment code;
    private final long from;
    private final long to;
    private final boolean isFunction;
    private final boolean isMidway;
    private final Map<Integer, Long> kept = new HashMap<>();
    private final Set<Integer> keptSomewhere = new HashSet<>();
    private final Set<Integer> changed = new HashSet<>();
    private boolean usesFramePointer;

    private StackPointerWrites(MemorySegment code, long from, long to, boolean isFunction, boolean isMidway) {
        this.code = code;
        this.from = from;
        this.to = to;
        this.isFunction = isFunction;
        this.isMidway = isMidway;
    }

    /** {@return the address of one, as the file counts; empty if there is none} */
    static OptionalLong first(ElfFile elf) {
        FrameTable frames = elf.section(".eh_frame")
                .filter(section -> !section.isNobits())
                .map(section -> FrameTable.read(section.bytes(), section.address()))
                .orElse(FrameTable.NONE);
        for (Section section : elf.sections()) {
            if (section.isCode() && !section.isNobits()) {
                MemorySegment code = section.contents();
                OptionalLong found = first(section, code, frames);
                if (found.isPresent()) {
                    return OptionalLong.of(section.address() + found.getAsLong());
                }
            }
        }
        return OptionalLong.empty();
    }

    // Who cannot tell where functions are cannot tell that there is none.
    private static OptionalLong first(Section section, MemorySegment code, FrameTable frames) {
        try {
            for (Span function : functions(section, frames)) {
                Optional<FrameTable.Frame> frame = frames.at(function.start());
                boolean isMidway = frame.filter(it -> !it.isEntry()).isPresent();
                long start = function.start() - section.address();
                long end = function.end() - section.address();
                OptionalLong found = new StackPointerWrites(code, start, end, frame.isPresent(), isMidway).find();
                if (found.isPresent()) {
                    return found;
                }
            }
            return OptionalLong.empty();
        } catch (FrameTable.BrokenException e) {
            return OptionalLong.of(0);
        }
    }

    // What is between functions is taken for one, and read from its beginning.
    private static List<Span> functions(Section section, FrameTable frames) {
        List<Span> found = new ArrayList<>();
        long end = section.address() + section.contents().byteSize();
        for (long at = section.address(); at < end; ) {
            Optional<FrameTable.Frame> frame = frames.at(at);
            long next = Math.min(
                    end,
                    frame.isPresent()
                            ? frame.get().end()
                            : frames.startAfter(at).orElse(end));
            found.add(new Span(at, Math.max(next, at + 1)));
            at = Math.max(next, at + 1);
        }
        return found;
    }

    // What cannot be decoded is data, or an instruction of a newer processor; code falls into step again soon.
    private OptionalLong find() {
        if (isMidway) {
            each(this::note);
        }
        OptionalLong found = each(this::isSwitch);
        if (!isFunction || found.isEmpty() && !usesFramePointer) {
            return found;
        }
        each(this::note);
        kept.clear();
        found = each(this::isSwitch);
        boolean isOwn = (isMidway || keptSomewhere.contains(Operands.FRAME_POINTER))
                && !changed.contains(Operands.FRAME_POINTER);
        return found.isEmpty() && usesFramePointer && !isOwn ? OptionalLong.of(from) : found;
    }

    private interface Visit {
        boolean isIt(Operands operands, long at);
    }

    private OptionalLong each(Visit visit) {
        for (long at = from; at < to; ) {
            Optional<Instruction> instruction = ISA.decode(code, at);
            if (instruction.isEmpty()) {
                at++;
                continue;
            }
            if (visit.isIt(Operands.of(instruction.get(), code), at)) {
                return OptionalLong.of(at);
            }
            at = instruction.get().endOffset();
        }
        return OptionalLong.empty();
    }

    private static boolean isFromStackPointer(Operands operands) {
        return (operands.isMove() || operands.isAddress()) && operands.source() == Operands.STACK_POINTER;
    }

    // Where a block ends may be before where it begins.
    private boolean note(Operands operands, long at) {
        if (isFromStackPointer(operands)) {
            keptSomewhere.add(operands.destination());
        } else if (LOADS.contains(operands.opcode())) {
            changed.add(operands.destination());
        }
        return false;
    }

    private boolean isKept(int register, long at) {
        boolean isBefore = kept.containsKey(register) && (isFunction || at - kept.get(register) < FUNCTION_BYTES);
        return isBefore || KEPT_BY_CALLS.contains(register) && keptSomewhere.contains(register);
    }

    private boolean mayBeKeptElsewhere(int register) {
        return isMidway
                && (register == TO_ARGUMENTS || KEPT_BY_CALLS.contains(register))
                && !changed.contains(register);
    }

    private boolean isSwitch(Operands operands, long at) {
        if (isFromStackPointer(operands)) {
            kept.put(operands.destination(), at);
        }
        int opcode = operands.opcode();
        if (opcode == LEAVE) {
            usesFramePointer = true;
            return false;
        }
        return LOADS.contains(opcode) ? isLoaded(operands, at) : isAnyOther(operands, Operands.STACK_POINTER);
    }

    private boolean isLoaded(Operands operands, long at) {
        boolean isFromMemory = !operands.isMove() && !operands.isAddress();
        if (operands.destination() != Operands.STACK_POINTER) {
            return false;
        }
        if (operands.source() == Operands.FRAME_POINTER && !(operands.isMove() && isKept(operands.source(), at))) {
            usesFramePointer = true;
            if (!isFunction && !isKept(Operands.FRAME_POINTER, at)) {
                return true;
            }
            return operands.isIndexed() || isFromMemory && operands.displacement() >= 0;
        }
        boolean isOwn = operands.source() == Operands.STACK_POINTER
                || isKept(operands.source(), at)
                || mayBeKeptElsewhere(operands.source());
        return isFromMemory || !isOwn;
    }

    /** {@return whether an instruction writes a register, in whatever way} */
    static boolean isTo(Operands operands, int register) {
        return switch (operands.opcode()) {
            case 0x8b, 0x89, 0x8d -> operands.destination() == register;
            case 0x29 -> operands.isToOther(register);
            case 0x2b -> operands.isToRegister(register);
            case 0x81, 0x83 -> operands.isToOther(register) && (operands.register() & 7) != 7;
            case LEAVE -> register == Operands.STACK_POINTER || register == Operands.FRAME_POINTER;
            default -> isAnyOther(operands, register);
        };
    }

    // In another way than by a load, or by what makes room for an array and aligns.
    private static boolean isAnyOther(Operands operands, int register) {
        int opcode = operands.opcode();
        int operation = operands.register() & 7;
        boolean isNamedByOpcode = opcode >= 0 && SHORT_FORMS.contains(opcode & ~7) && opcode < 0x100;
        return switch (opcode) {
            case 0x03, 0x0b, 0x13, 0x1b, 0x23, 0x33, 0x63, 0x69, 0x6b -> operands.isToRegister(register);
            case 0x01, 0x09, 0x11, 0x19, 0x21, 0x31, 0xc1, 0xc7, 0xd1, 0xd3, 0x8f -> operands.isToOther(register);
            case 0x81, 0x83 ->
                operands.isToOther(register) && !Set.of(0, 4, 5, 7).contains(operation);
            case 0x87 -> operands.isToRegister(register) || operands.isToOther(register);
            case 0xf7 -> operands.isToOther(register) && (operation == 2 || operation == 3);
            case 0xff -> operands.isToOther(register) && operation < 2;
            case IRET -> register == Operands.STACK_POINTER;
            case 0x0fb6, 0x0fb7, 0x0fbe, 0x0fbf, 0x0faf, 0x0fbc, 0x0fbd -> operands.isToRegister(register);
            case 0xf30fb8, 0xf30fbc, 0xf30fbd -> operands.isToRegister(register);
            case 0x0fc1 -> operands.isToRegister(register) || operands.isToOther(register);
            case 0x0fb1, 0x0f7e -> operands.isToOther(register);
            default ->
                isNamedByOpcode && operands.other() == register
                        || opcode >= 0x0f40 && opcode < 0x0f50 && operands.isToRegister(register);
        };
    }
}
