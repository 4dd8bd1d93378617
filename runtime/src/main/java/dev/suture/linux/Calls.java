package dev.suture.linux;

/**
 * Numbers of system calls on x86-64, and of what goes with them.
 *
 * @see "linux arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/mman-common.h"
 */
public final class Calls {
    public static final int READ = 0;
    public static final int CLOSE = 3;
    public static final int POLL = 7;
    public static final int MMAP = 9;
    public static final int MPROTECT = 10;
    public static final int MUNMAP = 11;
    public static final int BRK = 12;
    public static final int RT_SIGACTION = 13;
    public static final int RT_SIGPROCMASK = 14;
    public static final int RT_SIGRETURN = 15;
    public static final int IOCTL = 16;
    public static final int PREAD64 = 17;
    public static final int PWRITE64 = 18;
    public static final int SCHED_YIELD = 24;
    public static final int MREMAP = 25;
    public static final int MADVISE = 28;
    public static final int NANOSLEEP = 35;
    public static final int SETITIMER = 38;
    public static final int GETPID = 39;
    public static final int CLONE = 56;
    public static final int FORK = 57;
    public static final int CLONE3 = 435;
    public static final int WAIT4 = 61;
    public static final int KILL = 62;
    public static final int FLOCK = 73;
    public static final int FTRUNCATE = 77;
    public static final int PTRACE = 101;
    public static final int GETPPID = 110;
    public static final int SETSID = 112;
    public static final int SETPRIORITY = 141;
    public static final int SCHED_SETSCHEDULER = 144;
    public static final int PRCTL = 157;
    public static final int FUTEX = 202;
    public static final int RESTART_SYSCALL = 219;
    public static final int CLOCK_GETTIME = 228;
    public static final int EXIT_GROUP = 231;
    public static final int EPOLL_WAIT = 232;
    public static final int OPENAT = 257;
    public static final int NEWFSTATAT = 262;
    public static final int EPOLL_PWAIT = 281;
    public static final int PROCESS_VM_READV = 310;
    public static final int PROCESS_VM_WRITEV = 311;
    public static final int KCMP = 312;
    public static final int MEMFD_CREATE = 319;

    public static final int STATX = 332;
    public static final int PIDFD_OPEN = 434;
    public static final int OPENAT2 = 437;

    public static final int AT_FDCWD = -100;
    public static final int O_RDWR = 2;
    public static final int O_CLOEXEC = 0x80000;
    public static final int LOCK_EX_NB = 2 | 4;

    public static final int PROT_READ = 1;
    public static final int PROT_WRITE = 2;
    public static final int PROT_EXEC = 4;
    public static final int MAP_PRIVATE = 2;
    public static final int MAP_ANONYMOUS = 0x20;
    public static final int MAP_FIXED_NOREPLACE = 0x100000;
    public static final int MREMAP_MAYMOVE_FIXED = 1 | 2;
    public static final int MFD_CLOEXEC = 1;

    public static final int WNOHANG = 1;
    /** Also threads. */
    public static final int WALL = 0x40000000;

    private Calls() {}
}
