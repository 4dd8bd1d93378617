package dev.suture.build.watch;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * System calls. One value belongs to one thread: errno is read from memory of its own right after each call.
 *
 * @see "syscall(2); linux arch/x86/entry/syscalls/syscall_64.tbl"
 */
@SuppressWarnings("restricted")
final class Kernel {
    static final int WAIT4 = 61;
    static final int KILL = 62;
    static final int READLINK = 89;
    static final int ACCESS = 21;
    static final int PTRACE = 101;
    static final int PRCTL = 157;
    static final int PROCESS_VM_READV = 310;
    static final int PROCESS_VM_WRITEV = 311;
    static final int SECCOMP = 317;

    static final int EINVAL = 22;
    static final int EINTR = 4;

    private static final MethodHandle FUNCTION = Linker.nativeLinker()
            .downcallHandle(
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG),
                    Linker.Option.captureCallState("errno"));
    private static final MemorySegment SYSCALL =
            Linker.nativeLinker().defaultLookup().find("syscall").orElseThrow();

    private final MemorySegment state;

    /** @param arena how long the value can be used */
    Kernel(Arena arena) {
        state = arena.allocate(Linker.Option.captureStateLayout());
    }

    /** {@return what the kernel gives; a negative errno if it fails} */
    long call(long number, long a, long b, long c, long d, long e, long f) {
        try {
            long result = (long) FUNCTION.invokeExact(SYSCALL, state, number, a, b, c, d, e, f);
            // All that is captured on Linux is errno.
            return result == -1 ? -state.get(ValueLayout.JAVA_INT, 0) : result;
        } catch (Throwable t) {
            throw new IllegalStateException("system call %d".formatted(number), t);
        }
    }

    long call(long number, long a, long b, long c, long d) {
        return call(number, a, b, c, d, 0, 0);
    }
}
