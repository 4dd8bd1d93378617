package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Errno;
import dev.suture.linux.Ptrace;
import dev.suture.linux.Registers;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * Sees to it that a system call that was under way when its thread was stopped goes on.
 *
 * <p>Most calls the kernel makes again by itself. Some it would end with EINTR; these are told to be made again, unless
 * a signal waits, which would have ended them anyway. A call that is made again starts its time-out anew. For
 * {@code epoll_wait}, whose time-out is in a register, the time that has passed since we first saw the call is taken
 * off, so that it ends in time however often we stop it; what passed before the first stop cannot be known, nor can
 * time-outs of other calls be changed, which are in the program's memory ({@code sigtimedwait}, {@code semtimedop},
 * {@code io_getevents}) or in the kernel ({@code SO_RCVTIMEO}): one stop lengthens these by what they have waited.
 *
 * @see "linux include/linux/errno.h; arch/x86/kernel/signal.c, arch_do_signal_or_restart()"
 */
final class KeepTimeouts {
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Map<Integer, Seen> seen = new HashMap<>();

    /** A call with a time-out, when it was first seen, and what its time-out was then. */
    private record Seen(long stackPointer, long descriptor, long events, int lastMillis, long nanos, int firstMillis) {}

    /**
     * Tells the kernel to make a thread's system call again where it would otherwise fail. To be called as soon as the
     * thread has stopped, so that the call goes on whatever becomes of us.
     *
     * @param registers of the thread, which are changed here and there
     */
    void mend(Ptrace ptrace, int tid, MemorySegment registers) {
        if (Registers.get(registers, Registers.ORIG_RAX) < 0
                || Registers.get(registers, Registers.RAX) != -Errno.EINTR) {
            return;
        }
        Registers.set(registers, Registers.RAX, -Errno.ERESTARTNOINTR);
        long call = Registers.get(registers, Registers.ORIG_RAX);
        if (call == Calls.EPOLL_WAIT || call == Calls.EPOLL_PWAIT) {
            shorten(tid, registers);
        }
        ptrace.setRegisters(tid, registers);
    }

    /** Lets the call of a thread fail after all if a signal has come for it, as it would have without us. */
    void letSignalsThrough(Ptrace ptrace, int tid, MemorySegment registers) {
        if (Registers.get(registers, Registers.ORIG_RAX) >= 0
                && Registers.get(registers, Registers.RAX) == -Errno.ERESTARTNOINTR
                && ptrace.hasSignalPending(tid)) {
            Registers.set(registers, Registers.RAX, -Errno.EINTR);
            ptrace.setRegisters(tid, registers);
        }
    }

    private void shorten(int tid, MemorySegment registers) {
        int millis = (int) Registers.get(registers, Registers.R10);
        if (millis <= 0) {
            return;
        }
        long stackPointer = Registers.get(registers, Registers.RSP);
        long descriptor = Registers.get(registers, Registers.RDI);
        long events = Registers.get(registers, Registers.RSI);
        Seen before = seen.get(tid);
        long now = System.nanoTime();
        if (before == null
                || before.stackPointer != stackPointer
                || before.descriptor != descriptor
                || before.events != events
                || before.lastMillis != millis) {
            seen.put(tid, new Seen(stackPointer, descriptor, events, millis, now, millis));
            return;
        }
        int left = (int) Math.max(0, before.firstMillis - (now - before.nanos) / NANOS_PER_MILLI);
        Registers.set(registers, Registers.R10, left);
        seen.put(tid, new Seen(stackPointer, descriptor, events, left, before.nanos, before.firstMillis));
    }
}
