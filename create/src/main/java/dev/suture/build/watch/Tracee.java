package dev.suture.build.watch;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * Requests to traced processes. The kernel knows a tracer by its thread: one value is used by one platform thread.
 *
 * @see "ptrace(2); linux include/uapi/linux/ptrace.h"
 */
final class Tracee {
    static final int EVENT_FORK = 1;
    static final int EVENT_VFORK = 2;
    static final int EVENT_CLONE = 3;
    static final int EVENT_EXEC = 4;
    static final int EVENT_SECCOMP = 7;
    static final int EVENT_STOP = 128;
    static final int SIGTRAP = 5;
    static final int SIGCONT = 18;
    /** The signal of a stop at a system call. */
    static final int SIGTRAP_CALL = SIGTRAP | 0x80;

    private static final int CONT = 7;
    private static final int GETREGS = 12;
    private static final int SETREGS = 13;
    private static final int DETACH = 17;
    private static final int SYSCALL = 24;
    private static final int GETEVENTMSG = 0x4201;
    private static final int SEIZE = 0x4206;
    private static final int LISTEN = 0x4208;
    private static final int GET_SYSCALL_INFO = 0x420e;

    /** Stops at calls are told apart; new processes are traced as well; all end if the tracer does. */
    private static final int OPTIONS =
            1 | 1 << EVENT_FORK | 1 << EVENT_VFORK | 1 << EVENT_CLONE | 1 << EVENT_EXEC | 1 << EVENT_SECCOMP | 1 << 20;

    /** {@code __WALL | __WNOTHREAD}: threads as well, and nobody's children but this thread's. */
    private static final int WAIT_OPTIONS = 0x40000000 | 0x20000000;

    private static final int INFO_BYTES = 88;
    private static final int INFO_NUMBER = 24;
    private static final int INFO_ARGUMENTS = 32;
    private static final int INFO_DATA = 80;
    private static final int REGISTERS_BYTES = 27 * 8;
    private static final int PAGE = 4096;

    private final Kernel kernel;
    private final MemorySegment status;
    private final MemorySegment message;
    private final MemorySegment info;
    private final MemorySegment bytes;
    private final MemorySegment here;
    private final MemorySegment there;

    Tracee(Kernel kernel, Arena arena) {
        this.kernel = kernel;
        status = arena.allocate(8, 8);
        message = arena.allocate(8, 8);
        info = arena.allocate(INFO_BYTES, 8);
        bytes = arena.allocate(2L * PAGE, 8);
        here = arena.allocate(16, 8);
        there = arena.allocate(32, 8);
    }

    long seize(int tid) {
        return request(SEIZE, tid, 0, OPTIONS);
    }

    long go(int tid, int signal) {
        return request(CONT, tid, 0, signal);
    }

    long goToCall(int tid) {
        return request(SYSCALL, tid, 0, 0);
    }

    /** Keeps it in the stop of its job. */
    long listen(int tid) {
        return request(LISTEN, tid, 0, 0);
    }

    long detach(int tid) {
        return request(DETACH, tid, 0, 0);
    }

    long kill(int tid, int signal) {
        return kernel.call(Kernel.KILL, tid, signal, 0, 0);
    }

    private long request(int request, int tid, long address, long data) {
        return kernel.call(Kernel.PTRACE, request, tid, address, data);
    }

    /**
     * Waits until something happens to one of them.
     *
     * @param tid which, or -1 for any
     * @return which; negative if there is none left
     */
    int await(int tid) {
        long result;
        do {
            result = kernel.call(Kernel.WAIT4, tid, status.address(), WAIT_OPTIONS, 0);
        } while (result == -Kernel.EINTR);
        return (int) result;
    }

    /** {@return whether the last one that was waited for is stopped, and not at its end} */
    boolean isStopped() {
        return (status() & 0xff) == 0x7f;
    }

    int signal() {
        return status() >> 8 & 0xff;
    }

    int event() {
        return status() >>> 16;
    }

    private int status() {
        return status.get(ValueLayout.JAVA_INT, 0);
    }

    /** {@return the number that goes with an event; 0 if the process is gone} */
    int message(int tid) {
        return request(GETEVENTMSG, tid, 0, message.address()) < 0 ? 0 : (int) message.get(ValueLayout.JAVA_LONG, 0);
    }

    /** Reads which call a process is about to make; {@code false} if it is gone. */
    boolean readCall(int tid) {
        return request(GET_SYSCALL_INFO, tid, INFO_BYTES, info.address()) >= INFO_BYTES - 4;
    }

    long callNumber() {
        return info.get(ValueLayout.JAVA_LONG, INFO_NUMBER);
    }

    long argument(int index) {
        return info.get(ValueLayout.JAVA_LONG, INFO_ARGUMENTS + 8L * index);
    }

    /** {@return what the filter gave with the stop} */
    int filterData() {
        return info.get(ValueLayout.JAVA_INT, INFO_DATA);
    }

    MemorySegment registers(Arena arena) {
        return arena.allocate(REGISTERS_BYTES, 8);
    }

    long readRegisters(int tid, MemorySegment registers) {
        return request(GETREGS, tid, 0, registers.address());
    }

    long writeRegisters(int tid, MemorySegment registers) {
        return request(SETREGS, tid, 0, registers.address());
    }

    /** {@return the text that ends with a zero byte; empty if there is none} */
    Optional<String> text(int tid, long address) {
        long length = read(tid, address);
        for (long end = 0; end < length; end++) {
            if (bytes.get(ValueLayout.JAVA_BYTE, end) == 0) {
                return Optional.of(RealPaths.text(bytes, end));
            }
        }
        return Optional.empty();
    }

    /** {@return the bytes there, as many of them as can be read up to a page} */
    byte[] bytes(int tid, long address) {
        int length = (int) Math.max(0, read(tid, address));
        byte[] copy = new byte[length];
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, copy, 0, length);
        return copy;
    }

    private long read(int tid, long address) {
        // In two parts, so that an unmapped page behind the text does no harm.
        long first = PAGE - (address & PAGE - 1);
        here.set(ValueLayout.JAVA_LONG, 0, bytes.address());
        here.set(ValueLayout.JAVA_LONG, 8, 2L * PAGE);
        there.set(ValueLayout.JAVA_LONG, 0, address);
        there.set(ValueLayout.JAVA_LONG, 8, first);
        there.set(ValueLayout.JAVA_LONG, 16, address + first);
        there.set(ValueLayout.JAVA_LONG, 24, PAGE);
        return kernel.call(Kernel.PROCESS_VM_READV, tid, here.address(), 1, there.address(), 2, 0);
    }

    /** {@return what the kernel says to writing these bytes} */
    long write(int tid, long address, MemorySegment data) {
        here.set(ValueLayout.JAVA_LONG, 0, data.address());
        here.set(ValueLayout.JAVA_LONG, 8, data.byteSize());
        there.set(ValueLayout.JAVA_LONG, 0, address);
        there.set(ValueLayout.JAVA_LONG, 8, data.byteSize());
        return kernel.call(Kernel.PROCESS_VM_WRITEV, tid, here.address(), 1, there.address(), 1, 0);
    }
}
