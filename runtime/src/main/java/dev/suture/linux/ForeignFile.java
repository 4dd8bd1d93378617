package dev.suture.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * A file in a place where somebody else decides what is there. It is looked at before it is opened for reading, so that
 * no pipe is waited for and no device does anything; and it is read, not mapped, as it may become shorter meanwhile.
 *
 * @see "openat2(2), RESOLVE_IN_ROOT; statx(2), AT_STATX_DONT_SYNC: asks no server of a file system"
 */
public final class ForeignFile implements AutoCloseable {
    private static final int O_PATH = 0x200000;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_NOCTTY = 0x100;
    private static final int RESOLVE_NO_MAGICLINKS = 2;
    private static final int RESOLVE_NO_SYMLINKS = 4;
    private static final int RESOLVE_IN_ROOT = 0x10;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_STATX_DONT_SYNC = 0x4000;
    private static final int STATX_BASIC_STATS = 0x7ff;
    private static final int STATX_BYTES = 256;
    private static final int MODE_AT = 28;
    private static final int INODE_AT = 32;
    private static final int SIZE_AT = 40;
    private static final int DEVICE_AT = 136;
    private static final int S_IFMT = 0xf000;
    private static final int S_IFREG = 0x8000;
    private static final int PART_BYTES = 8 << 20;

    private final Arena arena;
    private final Kernel kernel;
    private final long file;
    private final MemorySegment stat;

    private ForeignFile(Arena arena, Kernel kernel, long file) {
        this.arena = arena;
        this.kernel = kernel;
        this.file = file;
        stat = arena.allocate(STATX_BYTES, 8);
        if (file >= 0) {
            MemorySegment empty = arena.allocateFrom("");
            kernel.call(
                    Calls.STATX,
                    file,
                    empty.address(),
                    AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
                    STATX_BASIC_STATS,
                    stat.address(),
                    0);
        }
    }

    /** Looks at what is at a path of this process's own, such as {@code /proc/PID/exe}. */
    public static ForeignFile at(String path) {
        Arena arena = Arena.ofConfined();
        Kernel kernel = new Kernel(arena);
        return new ForeignFile(arena, kernel, open(kernel, arena, path, O_PATH | Calls.O_CLOEXEC));
    }

    /**
     * Looks at what is at a path as another process sees it. No link leads out of its root.
     *
     * @param root such as {@code /proc/PID/root}
     * @param path each character stands for a byte, as in {@code /proc/PID/maps} read so
     * @param followLinks whether links are followed at all
     */
    public static ForeignFile in(String root, String path, boolean followLinks) {
        Arena arena = Arena.ofConfined();
        Kernel kernel = new Kernel(arena);
        long directory = open(kernel, arena, root, O_PATH | Calls.O_CLOEXEC);
        long resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (followLinks ? 0 : RESOLVE_NO_SYMLINKS);
        MemorySegment how = arena.allocateFrom(ValueLayout.JAVA_LONG, O_PATH | Calls.O_CLOEXEC, 0, resolve);
        MemorySegment name = arena.allocateFrom(path, StandardCharsets.ISO_8859_1);
        long file = directory < 0
                ? directory
                : kernel.call(Calls.OPENAT2, directory, name.address(), how.address(), how.byteSize());
        if (directory >= 0) {
            kernel.call(Calls.CLOSE, directory, 0, 0, 0);
        }
        return new ForeignFile(arena, kernel, file);
    }

    private static long open(Kernel kernel, Arena arena, String path, int flags) {
        return kernel.call(
                Calls.OPENAT, Calls.AT_FDCWD, arena.allocateFrom(path).address(), flags, 0);
    }

    /** {@return whether something is there that may be looked at} */
    public boolean isThere() {
        return file >= 0;
    }

    /** {@return whether it is a file with contents, and no directory, device or pipe} */
    public boolean isRegular() {
        return isThere() && (stat.get(ValueLayout.JAVA_SHORT, MODE_AT) & S_IFMT) == S_IFREG;
    }

    public long inode() {
        return stat.get(ValueLayout.JAVA_LONG, INODE_AT);
    }

    /** {@return the file system, as {@code /proc/PID/mountinfo} names it: {@code 8:1}} */
    public String device() {
        return stat.get(ValueLayout.JAVA_INT, DEVICE_AT) + ":" + stat.get(ValueLayout.JAVA_INT, DEVICE_AT + 4);
    }

    public long sizeBytes() {
        return stat.get(ValueLayout.JAVA_LONG, SIZE_AT);
    }

    /**
     * {@return its contents, as far as they are there}
     *
     * @param mostBytes how much is read of it at most
     * @throws IOException if it cannot be opened or read
     */
    public MemorySegment read(long mostBytes) throws IOException {
        long opened = open(kernel, arena, "/proc/self/fd/" + file, O_NONBLOCK | O_NOCTTY | Calls.O_CLOEXEC);
        if (opened < 0) {
            throw new IOException(Errno.text(-opened));
        }
        try {
            long size = Math.min(sizeBytes(), mostBytes);
            MemorySegment bytes = Arena.ofAuto().allocate(Math.max(1, size), 64);
            long done = 0;
            while (done < size) {
                MemorySegment part = bytes.asSlice(done, Math.min(PART_BYTES, size - done));
                long count = kernel.call(Calls.PREAD64, opened, part.address(), part.byteSize(), done);
                if (count < 0) {
                    throw new IOException(Errno.text(-count));
                }
                if (count == 0) {
                    break;
                }
                done += count;
            }
            return bytes.asSlice(0, done);
        } finally {
            kernel.call(Calls.CLOSE, opened, 0, 0, 0);
        }
    }

    @Override
    public void close() {
        if (file >= 0) {
            kernel.call(Calls.CLOSE, file, 0, 0, 0);
        }
        arena.close();
    }
}
