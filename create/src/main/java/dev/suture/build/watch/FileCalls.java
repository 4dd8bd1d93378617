package dev.suture.build.watch;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The system calls that name a file, and those after which nobody can say any more who reads what.
 *
 * @see "linux arch/x86/entry/syscalls/syscall_64.tbl; the manual page of each"
 */
final class FileCalls {
    /** What a call does with the file. */
    enum Kind {
        /** The flags tell. */
        OPEN,
        /** The flags are in a structure. */
        OPEN_HOW,
        CREATE,
        EXECUTE,
        /** Asks for the file, or for something that fails if it is not there. */
        LOOK,
        /** Asks whether it is there and may be used, and for nothing else. */
        ASK,
        MAKE_DIRECTORY,
        READ_LINK,
        WRITE,
        /** The old name goes. */
        RENAME,
        LINK,
        SYMLINK,
        /** Others may read in its place, or the names of files mean something else from there on. */
        UNKNOWN,
        CONNECT,
        FILTER,
        PTRACE
    }

    /** There is no argument for the directory: the name is relative to the working directory. */
    static final int NO_DIRECTORY = -1;

    /**
     * One call.
     *
     * @param kind what it does
     * @param directory which argument is the directory that the name is relative to, or {@link #NO_DIRECTORY}
     * @param path which argument is the name
     * @param name what messages call it
     */
    record Call(Kind kind, int directory, int path, String name) {}

    static final int CONNECT = 42;
    static final int IO_URING_SETUP = 425;
    static final int OPEN = 2;
    static final int OPENAT = 257;
    static final int OPENAT2 = 437;

    /** From here on the kernel may have calls that this table does not know. */
    static final int FIRST_UNKNOWN = 463;

    private static final Map<Integer, Call> CALLS = new TreeMap<>();

    static {
        at(OPEN, Kind.OPEN, NO_DIRECTORY, 0, "open");
        at(OPENAT, Kind.OPEN, 0, 1, "openat");
        at(OPENAT2, Kind.OPEN_HOW, 0, 1, "openat2");
        at(85, Kind.CREATE, NO_DIRECTORY, 0, "creat");
        at(59, Kind.EXECUTE, NO_DIRECTORY, 0, "execve");
        at(322, Kind.EXECUTE, 0, 1, "execveat");
        at(76, Kind.WRITE, NO_DIRECTORY, 0, "truncate");
        at(133, Kind.WRITE, NO_DIRECTORY, 0, "mknod");
        at(259, Kind.WRITE, 0, 1, "mknodat");
        at(82, Kind.RENAME, NO_DIRECTORY, 0, "rename");
        at(264, Kind.RENAME, 0, 1, "renameat");
        at(316, Kind.RENAME, 0, 1, "renameat2");
        at(86, Kind.LINK, NO_DIRECTORY, 0, "link");
        at(265, Kind.LINK, 0, 1, "linkat");
        at(88, Kind.SYMLINK, NO_DIRECTORY, 1, "symlink");
        at(266, Kind.SYMLINK, 1, 2, "symlinkat");
        at(89, Kind.READ_LINK, NO_DIRECTORY, 0, "readlink");
        at(267, Kind.READ_LINK, 0, 1, "readlinkat");
        // stat, lstat, chdir, rmdir, unlink, chmod, chown, lchown, utime, statfs, the getters and
        // setters of
        // attributes, utimes, inotify_add_watch.
        for (int call :
                new int[] {4, 6, 80, 84, 87, 90, 92, 94, 132, 137, 188, 189, 191, 192, 194, 195, 197, 198, 235}) {
            at(call, Kind.LOOK, NO_DIRECTORY, 0, "a call that looks at a file");
        }
        at(83, Kind.MAKE_DIRECTORY, NO_DIRECTORY, 0, "mkdir");
        at(258, Kind.MAKE_DIRECTORY, 0, 1, "mkdirat");
        at(254, Kind.LOOK, NO_DIRECTORY, 1, "inotify_add_watch");
        // access, faccessat, faccessat2.
        at(21, Kind.ASK, NO_DIRECTORY, 0, "access");
        at(269, Kind.ASK, 0, 1, "faccessat");
        at(439, Kind.ASK, 0, 1, "faccessat2");
        // fchownat, futimesat, newfstatat, unlinkat, fchmodat, utimensat, statx, fchmodat2.
        for (int call : new int[] {260, 261, 262, 263, 268, 280, 332, 452}) {
            at(call, Kind.LOOK, 0, 1, "a call that looks at a file");
        }
        unknown(155, "pivot_root");
        unknown(161, "chroot");
        unknown(165, "mount");
        unknown(303, "name_to_handle_at");
        unknown(304, "open_by_handle_at");
        unknown(308, "setns");
        unknown(428, "open_tree");
        unknown(429, "move_mount");
        unknown(438, "pidfd_getfd");
        at(CONNECT, Kind.CONNECT, NO_DIRECTORY, 1, "connect");
        at(Kernel.SECCOMP, Kind.FILTER, NO_DIRECTORY, 0, "seccomp");
        at(Kernel.PTRACE, Kind.PTRACE, NO_DIRECTORY, 0, "ptrace");
    }

    private FileCalls() {}

    private static void at(int number, Kind kind, int directory, int path, String name) {
        CALLS.put(number, new Call(kind, directory, path, name));
    }

    private static void unknown(int number, String name) {
        at(number, Kind.UNKNOWN, NO_DIRECTORY, 0, name);
    }

    /** {@return the numbers of the calls at which a process stops} */
    static Set<Integer> numbers() {
        return CALLS.keySet();
    }

    /** {@return what a call does; empty for one that is not in the table} */
    static Optional<Call> of(int number) {
        return Optional.ofNullable(CALLS.get(number));
    }
}
