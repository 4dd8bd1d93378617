package dev.suture.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * A child that does nothing, to try the other calls on before they count.
 *
 * @see "posix_spawn(3)"
 */
@SuppressWarnings("restricted")
public final class Spawn {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle POSIX_SPAWN = LINKER.downcallHandle(
            LINKER.defaultLookup().find("posix_spawn").orElseThrow(),
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS));

    private Spawn() {}

    /**
     * Starts a program with one argument and an empty environment.
     *
     * @return its process id; negative if it could not be started
     */
    public static int start(String program, String argument) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pid = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment path = arena.allocateFrom(program);
            MemorySegment arguments = arena.allocate(ValueLayout.ADDRESS, 3);
            arguments.setAtIndex(ValueLayout.ADDRESS, 0, path);
            arguments.setAtIndex(ValueLayout.ADDRESS, 1, arena.allocateFrom(argument));
            MemorySegment environment = arena.allocate(ValueLayout.ADDRESS, 1);
            int failed = (int)
                    POSIX_SPAWN.invokeExact(pid, path, MemorySegment.NULL, MemorySegment.NULL, arguments, environment);
            return failed == 0 ? pid.get(ValueLayout.JAVA_INT, 0) : -failed;
        } catch (Throwable t) {
            throw new IllegalStateException("posix_spawn", t);
        }
    }
}
