package dev.suture.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * System calls. One value belongs to one thread: errno is read from memory of its own right after each call.
 *
 * @see "syscall(2)"
 */
@SuppressWarnings("restricted")
public final class Kernel implements SystemCalls {
    private static final Linker LINKER = Linker.nativeLinker();
    // One shape for all that is called: making a handle takes longer than anything done with it.
    private static final FunctionDescriptor SEVEN_NUMBERS = FunctionDescriptor.of(
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG);
    private static final MethodHandle FUNCTION =
            LINKER.downcallHandle(SEVEN_NUMBERS, Linker.Option.captureCallState("errno"));
    private static final MemorySegment SYSCALL =
            LINKER.defaultLookup().find("syscall").orElseThrow();

    private final MemorySegment state;

    /** @param arena how long the value can be used */
    public Kernel(Arena arena) {
        this.state = arena.allocate(Linker.Option.captureStateLayout());
    }

    @Override
    public long call(long number, long a, long b, long c, long d, long e, long f) {
        try {
            long result = (long) FUNCTION.invokeExact(SYSCALL, state, number, a, b, c, d, e, f);
            // All that is captured on Linux is errno.
            return result == -1 ? -state.get(ValueLayout.JAVA_INT, 0) : result;
        } catch (Throwable t) {
            throw new IllegalStateException("system call %d".formatted(number), t);
        }
    }

    /** {@return what a function of machine code gives for one argument} */
    long invoke(MemorySegment function, long argument) {
        try {
            return (long) FUNCTION.invokeExact(function, state, argument, 0L, 0L, 0L, 0L, 0L, 0L);
        } catch (Throwable t) {
            throw new IllegalStateException("machine code", t);
        }
    }
}
