package dev.suture.isa;

import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * System calls that a piece of x86-64 code makes itself.
 *
 * @see "Linux arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/linux/sched.h for CLONE_VM"
 */
public final class X86SystemCalls {
    private static final int SYSCALL = 0x050f;
    private static final int MOVE_TO_EAX = 0xb8;
    private static final int MOVE_TO_EDI = 0xbf;
    private static final long CLONE = 56;
    private static final long FORK = 57;
    private static final long VFORK = 58;
    private static final long CLONE_VM = 0x100;

    private X86SystemCalls() {}

    /**
     * {@return whether code asks for a new process: by fork, vfork, or by clone with flags that do not share the memory} A
     * number or flags that are not put into their register by a constant are not seen.
     *
     * @param bytes what the code is in
     * @param from offset of its first byte
     * @param to offset behind its last
     */
    public static boolean makesProcess(Isa isa, MemorySegment bytes, long from, long to) {
        if (!mayAsk(bytes, from, to)) {
            return false;
        }
        OptionalLong number = OptionalLong.empty();
        OptionalLong first = OptionalLong.empty();
        long at = from;
        while (at < to) {
            Optional<Instruction> decoded = isa.decode(bytes, at);
            if (decoded.isEmpty() || decoded.get().endOffset() > to) {
                return false;
            }
            int opcode = LittleEndian.u8(bytes, at);
            if (decoded.get().sizeBytes() == 5 && opcode == MOVE_TO_EAX) {
                number = OptionalLong.of(LittleEndian.u32(bytes, at + 1));
            } else if (decoded.get().sizeBytes() == 5 && opcode == MOVE_TO_EDI) {
                first = OptionalLong.of(LittleEndian.u32(bytes, at + 1));
            } else if (decoded.get().sizeBytes() == 2 && LittleEndian.u16(bytes, at) == SYSCALL) {
                if (isProcess(number, first)) {
                    return true;
                }
                number = OptionalLong.empty();
                first = OptionalLong.empty();
            }
            at = decoded.get().endOffset();
        }
        return false;
    }

    private static boolean mayAsk(MemorySegment bytes, long from, long to) {
        for (long at = from; at + 2 <= to; at++) {
            if (LittleEndian.u16(bytes, at) == SYSCALL) {
                return true;
            }
        }
        return false;
    }

    private static boolean isProcess(OptionalLong number, OptionalLong first) {
        if (number.isEmpty()) {
            return false;
        }
        long asked = number.getAsLong();
        boolean isOwnCopy = first.isPresent() && (first.getAsLong() & CLONE_VM) == 0;
        return asked == FORK || asked == VFORK || asked == CLONE && isOwnCopy;
    }
}
