package dev.suture.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The memory of another process, by its {@code /proc/PID/mem}. What is open stays that of the program that ran when it
 * was opened, also after the process executes another one. Belongs to one thread.
 *
 * @see "proc_pid_mem(5): writes go through read-only mappings"
 */
public final class Memory implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Kernel kernel;
    private final long file;
    private final MemorySegment buffer;

    /** @return the memory, or the negated errno in {@link #failure()} */
    public static Memory open(Kernel kernel, Arena arena, int pid) {
        MemorySegment path = arena.allocateFrom("/proc/" + pid + "/mem");
        long file = kernel.call(Calls.OPENAT, Calls.AT_FDCWD, path.address(), Calls.O_RDWR | Calls.O_CLOEXEC, 0);
        return new Memory(kernel, arena, file);
    }

    private Memory(Kernel kernel, Arena arena, long file) {
        this.kernel = kernel;
        this.file = file;
        buffer = arena.allocate(BUFFER_BYTES, 4096);
    }

    /** {@return 0, or with which errno opening failed} */
    public long failure() {
        return file < 0 ? -file : 0;
    }

    /** {@return the file descriptor} */
    public long file() {
        return file;
    }

    /** {@return whether nobody else had the lock; it is kept until this is closed} */
    public boolean tryLock() {
        return kernel.call(Calls.FLOCK, file, Calls.LOCK_EX_NB, 0, 0) == 0;
    }

    /**
     * Reads memory.
     *
     * @return how many bytes were read, fewer than asked for where the mapping ends; or a negated errno
     */
    public long read(long address, MemorySegment to) {
        return kernel.call(Calls.PREAD64, file, to.address(), to.byteSize(), address);
    }

    /** {@return the bytes at an address; fewer than asked for, down to none, where the mapping ends} */
    public byte[] read(long address, int sizeBytes) {
        byte[] bytes = new byte[sizeBytes];
        int done = 0;
        while (done < sizeBytes) {
            MemorySegment part = buffer.asSlice(0, Math.min(BUFFER_BYTES, sizeBytes - done));
            long count = read(address + done, part);
            if (count <= 0) {
                return java.util.Arrays.copyOf(bytes, done);
            }
            MemorySegment.copy(part, ValueLayout.JAVA_BYTE, 0, bytes, done, (int) count);
            done += (int) count;
        }
        return bytes;
    }

    /**
     * Writes memory, also where the process itself may not.
     *
     * @return 0, or a negated errno
     */
    public long write(long address, byte[] bytes) {
        int done = 0;
        while (done < bytes.length) {
            int part = Math.min(BUFFER_BYTES, bytes.length - done);
            MemorySegment.copy(bytes, done, buffer, ValueLayout.JAVA_BYTE, 0, part);
            long count = kernel.call(Calls.PWRITE64, file, buffer.address(), part, address + done);
            if (count <= 0) {
                return count == 0 ? -Errno.EIO : count;
            }
            done += (int) count;
        }
        return 0;
    }

    @Override
    public void close() {
        if (file >= 0) {
            kernel.call(Calls.CLOSE, file, 0, 0, 0);
        }
    }
}
