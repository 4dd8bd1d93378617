package dev.suture.process;

import dev.suture.elf.LittleEndian;
import dev.suture.linux.Calls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Which pages of a process's private nameless memory anybody has touched: the others are zero. A thread's stack has hundreds
 * of megabytes of those, which are not to be read, least of all in a stop.
 *
 * @see "linux Documentation/admin-guide/mm/pagemap.rst"
 */
final class TouchedPages {
    private static final long PAGE = 4096;
    private static final int MOST_PAGES = 4096;
    private static final int ENTRY_BYTES = 8;
    // In memory, or swapped out.
    private static final long TOUCHED = 1L << 63 | 1L << 62;
    private static final int FAILED = -1;

    private final Session session;
    private final MemorySegment entries;
    private final long file;

    TouchedPages(Session session, Arena arena) {
        this.session = session;
        entries = arena.allocate((long) MOST_PAGES * ENTRY_BYTES, 8);
        MemorySegment path = arena.allocateFrom("/proc/" + session.pid() + "/pagemap");
        file = session.kernel().call(Calls.OPENAT, Calls.AT_FDCWD, path.address(), Calls.O_CLOEXEC, 0);
    }

    /** {@return the first address from one up to another in a page that was touched; the end if there is none} */
    long firstFrom(long start, long end) {
        for (long at = start; at < end; ) {
            int count = (int) Math.min(MOST_PAGES, (end - 1 >> 12) - (at >> 12) + 1);
            long size = (long) count * ENTRY_BYTES;
            long read = file < 0
                    ? FAILED
                    : session.kernel().call(Calls.PREAD64, file, entries.address(), size, (at >> 12) * ENTRY_BYTES);
            if (read != size) {
                // What cannot be told may have been touched.
                return at;
            }
            for (int i = 0; i < count; i++) {
                if ((LittleEndian.u64(entries, (long) i * ENTRY_BYTES) & TOUCHED) != 0) {
                    return Math.max(at, (at & -PAGE) + i * PAGE);
                }
            }
            at = (at & -PAGE) + count * PAGE;
        }
        return end;
    }

    void close() {
        if (file >= 0) {
            session.kernel().call(Calls.CLOSE, file, 0, 0, 0);
        }
    }
}
