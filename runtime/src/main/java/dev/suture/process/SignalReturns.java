package dev.suture.process;

import dev.suture.linux.Memory;
import java.util.HashSet;
import java.util.Set;

/**
 * Finds the code that signal handlers return to. Where its address is on the stack of a thread, the registers with which
 * the signal interrupted the thread lie behind it, and that may have been on another stack.
 *
 * <p>It is found by its instructions, in all code of the process: which of it handlers use only the kernel knows.
 *
 * @see "rt_sigreturn(2); SA_RESTORER in sigaction(2)"
 */
final class SignalReturns {
    // mov $15,%rax; mov $15,%eax; push $15 and pop %rax: the number of rt_sigreturn. Then the system call.
    private static final byte[][] CODES = {
        {0x48, (byte) 0xc7, (byte) 0xc0, 15, 0, 0, 0, 0x0f, 0x05},
        {(byte) 0xb8, 15, 0, 0, 0, 0x0f, 0x05},
        {0x6a, 15, 0x58, 0x0f, 0x05}
    };
    private static final int LONGEST = 9;
    private static final int WINDOW_BYTES = 1 << 20;
    /** Memory of no file is looked at up to this size: more is what compilers at run time have, which set no handlers. */
    private static final long MOST_NAMELESS_BYTES = 16 << 20;

    private SignalReturns() {}

    /** {@return the addresses} */
    static Set<Long> find(Memory memory, Mappings mappings) {
        Set<Long> found = new HashSet<>();
        for (Mapping mapping : mappings.all()) {
            boolean isOfInterest = mapping.isFile() || mapping.sizeBytes() <= MOST_NAMELESS_BYTES;
            if (mapping.isCode() && mapping.isReadable() && isOfInterest && mapping.start() > 0) {
                for (long from = mapping.start(); from < mapping.end(); from += WINDOW_BYTES) {
                    int size = (int) Math.min(mapping.end() - from, WINDOW_BYTES + LONGEST);
                    search(memory.read(from, size), from, found);
                }
            }
        }
        return found;
    }

    private static void search(byte[] code, long address, Set<Long> found) {
        for (int at = 0; at + 1 < code.length; at++) {
            if (code[at] == 0x0f && code[at + 1] == 0x05) {
                for (byte[] wanted : CODES) {
                    int start = at + 2 - wanted.length;
                    if (start >= 0 && is(code, start, wanted)) {
                        found.add(address + start);
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
