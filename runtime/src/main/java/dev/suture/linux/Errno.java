package dev.suture.linux;

import java.util.Map;

/**
 * Numbers with which system calls fail.
 *
 * @see "linux include/uapi/asm-generic/errno-base.h; include/linux/errno.h for those from 512 on"
 */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ESRCH = 3;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int EAGAIN = 11;
    public static final int EACCES = 13;
    public static final int EEXIST = 17;
    public static final int EINVAL = 22;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;
    /** The call is made again unless a signal handler without SA_RESTART ran. */
    public static final int ERESTARTSYS = 512;
    /** The call is made again in any case. */
    public static final int ERESTARTNOINTR = 513;

    public static final int ERESTARTNOHAND = 514;
    /** The call goes on with {@code restart_syscall}. */
    public static final int ERESTART_RESTARTBLOCK = 516;

    private static final Map<Integer, String> NAMES = Map.ofEntries(
            Map.entry(1, "EPERM (operation not permitted)"),
            Map.entry(2, "ENOENT (no such file)"),
            Map.entry(3, "ESRCH (no such process)"),
            Map.entry(5, "EIO (input/output error)"),
            Map.entry(9, "EBADF (bad file descriptor)"),
            Map.entry(11, "EAGAIN (a limit was reached)"),
            Map.entry(12, "ENOMEM (out of memory, or over a limit of it such as RLIMIT_AS)"),
            Map.entry(13, "EACCES (permission denied)"),
            Map.entry(14, "EFAULT (bad address)"),
            Map.entry(17, "EEXIST (something is there already)"),
            Map.entry(22, "EINVAL (invalid argument)"),
            Map.entry(23, "ENFILE (too many open files in the system)"),
            Map.entry(24, "EMFILE (too many open files)"),
            Map.entry(38, "ENOSYS (no such system call)"));

    private Errno() {}

    /** {@return the name and meaning of an error} */
    public static String text(long errno) {
        return NAMES.getOrDefault((int) errno, "error " + errno);
    }
}
