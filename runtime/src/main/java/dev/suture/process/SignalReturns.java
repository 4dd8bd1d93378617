package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.Segment;
import dev.suture.elf.Symbol;
import dev.suture.linux.Memory;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the code that signal handlers return to, in programs whose handlers may have a stack of their own. Where its
 * address is on the stack of a thread, what the signal interrupted is on another.
 *
 * @see "rt_sigreturn(2); SA_RESTORER in sigaction(2)"
 */
final class SignalReturns {
    private static final String OWN_STACK = "sigaltstack";
    // What is common to mov $15,%rax and mov $15,%eax (rt_sigreturn), and the system call.
    private static final byte[] NUMBER_AND_CALL = {15, 0, 0, 0, 0x0f, 0x05};
    private static final byte[][] MOVES = {{0x48, (byte) 0xc7, (byte) 0xc0}, {(byte) 0xb8}};
    private static final int PF_X = 1;

    private SignalReturns() {}

    /** {@return the addresses; none if no handler has a stack of its own} */
    static List<Long> find(Memory memory, LoadedFiles files) {
        List<LoadedFile> all = files.all();
        LoadedFile program = all.getFirst();
        boolean isAsked = all.stream().anyMatch(file -> names(file.elf().dynamicSymbols(), OWN_STACK, true));
        if (!isAsked && !names(program.elf().symbols(), OWN_STACK, false)) {
            return List.of();
        }
        List<Long> found = new ArrayList<>();
        for (LoadedFile file : all) {
            if (file == program || names(file.elf().dynamicSymbols(), "sigaction", false)) {
                search(memory, file, found);
            }
        }
        return found;
    }

    private static boolean names(List<Symbol> symbols, String function, boolean isUndefined) {
        return symbols.stream()
                .anyMatch(symbol -> symbol.isUndefined() == isUndefined
                        && symbol.name().endsWith(function)
                        && (isUndefined || symbol.isFunction()));
    }

    private static void search(Memory memory, LoadedFile file, List<Long> found) {
        for (Segment segment : file.elf().segments()) {
            if (segment.type() == Elf.PT_LOAD && (segment.flags() & PF_X) != 0) {
                long start = file.bias() + segment.address();
                byte[] code = memory.read(start, (int) segment.fileSizeBytes());
                for (int at = MOVES[0].length; at + NUMBER_AND_CALL.length <= code.length; at++) {
                    if (code[at] == NUMBER_AND_CALL[0] && is(code, at, NUMBER_AND_CALL)) {
                        for (byte[] move : MOVES) {
                            if (is(code, at - move.length, move)) {
                                found.add(start + at - move.length);
                            }
                        }
                    }
                }
            }
        }
    }

    private static boolean is(byte[] code, int at, byte[] wanted) {
        for (int i = 0; i < wanted.length; i++) {
            if (code[at + i] != wanted[i]) {
                return false;
            }
        }
        return true;
    }
}
