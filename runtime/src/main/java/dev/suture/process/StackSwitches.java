package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Tells whether a program may have stacks that no thread is on at the moment, or a stack within a frame of another: those of
 * coroutines, fibers and schedulers.
 *
 * <p>They are known by what they do. Either the C library makes them, then the program asks it for {@code makecontext} or
 * its kin. Or code of the program's gives the stack pointer a value from a register or from memory, such as {@code mov
 * (%rdi),%rsp}. Compilers do that only from the frame pointer, and where a block with an array of variable length ends,
 * from what they kept of it where the block began.
 */
final class StackSwitches {
    private static final Set<String> ASK_FOR_THEM = Set.of("makecontext", "swapcontext", "setcontext");
    /**
     * Of a file with one of these it is known what its code does with the stack pointer: it jumps or unwinds to a frame of
     * the same stack, or comes back from a call of its own; and what makes stacks there has to be asked for.
     */
    private static final Set<String> KNOWN =
            Set.of("__libc_start_main", "__tls_get_addr", "_Unwind_RaiseException", "_dl_relocate_static_pie");

    private static final Isa ISA = Isa.of(Elf.EM_X86_64);
    private static final int STACK_POINTER = 4;
    private static final int FRAME_POINTER = 5;
    private static final int REGISTER_FORM = 3;
    private static final int WIDE = 0x48;
    private static final int USES_INDEX = 2;
    private static final int SCALED = 4;
    private static final int NO_INDEX = 0x38;
    private static final int INSTRUCTION_BYTES = 4;
    private static final int FUNCTION_BYTES = 1 << 14;
    private static final Set<Integer> KEPT_BY_CALLS = Set.of(3, 12, 13, 14, 15);

    private StackSwitches() {}

    /** {@return whether the files of a process may do that} */
    static boolean areIn(LoadedFiles files) {
        return areAskedFor(files) || areInCode(files);
    }

    private static boolean areAskedFor(LoadedFiles files) {
        return files.all().stream().anyMatch(file -> has(file.elf(), Symbol::isUndefined, ASK_FOR_THEM));
    }

    /** {@return whether code of the program's or of a library's gives the stack pointer a value from elsewhere} */
    static boolean areInCode(LoadedFiles files) {
        LoadedFile program = files.program().orElseThrow();
        return files.all().stream()
                .filter(file -> file.equals(program) || !has(file.elf(), Symbol::isInSection, KNOWN))
                .anyMatch(file -> isInCode(file.elf()));
    }

    private static boolean has(ElfFile elf, Predicate<Symbol> kind, Set<String> names) {
        return elf.dynamicSymbols().stream().anyMatch(symbol -> kind.test(symbol) && names.contains(symbol.name()));
    }

    /** {@return whether some instruction of a file gives the stack pointer a value from elsewhere} */
    static boolean isInCode(ElfFile elf) {
        Optional<FrameTable> frames = elf.section(".eh_frame")
                .filter(section -> !section.isNobits())
                .map(section -> FrameTable.read(section.bytes(), section.address()));
        for (Section section : elf.sections()) {
            if (section.isCode() && !section.isNobits()) {
                for (int at : candidates(section.contents().toArray(ValueLayout.JAVA_BYTE))) {
                    if (frames.isEmpty() || isInstruction(section, at, frames.get())) {
                        return true;
                    }
                }
            }
        }
        // Without a table of sections nothing is known of its code.
        return elf.sections().isEmpty() && elf.segments().stream().anyMatch(segment -> segment.type() == Elf.PT_LOAD);
    }

    // Its bytes may be the end of one instruction and the beginning of the next. What no function is known to be
    // around, or
    // cannot be decoded up to there, may be one.
    private static boolean isInstruction(Section section, int offset, FrameTable frames) {
        Optional<Long> start = frames.at(section.address() + offset).map(frame -> frame.start() - section.address());
        if (start.isEmpty() || start.get() < 0) {
            return true;
        }
        long at = start.get();
        while (at < offset) {
            Optional<Instruction> decoded = ISA.decode(section.contents(), at);
            if (decoded.isEmpty()) {
                return true;
            }
            at = decoded.get().endOffset();
        }
        return at == offset;
    }

    /** {@return where in some code there may be instructions that give the stack pointer such a value} */
    static List<Integer> candidates(byte[] code) {
        List<Integer> found = new ArrayList<>();
        for (int at = 0; at + INSTRUCTION_BYTES <= code.length; at++) {
            boolean isWide = (code[at] & 0xf8 | code[at] & USES_INDEX) == WIDE;
            if (isWide && isSwitch(code, at)) {
                found.add(at);
            }
        }
        return found;
    }

    // Not pop %rsp, of one byte that is in half of all functions, and that nobody is known to switch by.
    // @see "Intel SDM vol. 2, 2.1.5 and 2.2.1: ModR/M, SIB and REX"
    private static boolean isSwitch(byte[] code, int at) {
        int prefix = code[at];
        int operands = code[at + 2] & 0xff;
        int form = operands >>> 6;
        int register = operands >>> 3 & 7 | (prefix & 4) << 1;
        int other = operands & 7 | (prefix & 1) << 3;
        boolean isRegisters = form == REGISTER_FORM;
        boolean isIndexed = !isRegisters && (operands & 7) == SCALED && (code[at + 3] & NO_INDEX) != SCALED << 3;
        boolean isFromFrame = other == FRAME_POINTER && form != 0;
        return switch (code[at + 1] & 0xff) {
            case 0x8b -> register == STACK_POINTER && !isFromFrame && !isIndexed;
            case 0x89 ->
                isRegisters
                        && other == STACK_POINTER
                        && register != FRAME_POINTER
                        && !isKeptByBlock(code, at, register);
            case 0x94 -> (prefix & 1) == 0;
            case 0x87 -> (register == STACK_POINTER || isRegisters && other == STACK_POINTER) && !isIndexed;
            default -> false;
        };
    }

    // mov %rsp,%r12 where a block begins, and mov %r12,%rsp where it ends: an array of variable length was in it.
    private static boolean isKeptByBlock(byte[] code, int at, int register) {
        if (!KEPT_BY_CALLS.contains(register)) {
            return false;
        }
        int prefix = WIDE | register >>> 3;
        int operands = REGISTER_FORM << 6 | STACK_POINTER << 3 | register & 7;
        for (int before = at - 3; before >= Math.max(0, at - FUNCTION_BYTES); before--) {
            if (code[before] == prefix && (code[before + 1] & 0xff) == 0x89 && (code[before + 2] & 0xff) == operands) {
                return true;
            }
        }
        return false;
    }
}
