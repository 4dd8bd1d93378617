package dev.suture.linux;

/** Who makes system calls: this thread ({@link Kernel}) or a process of its own ({@link Keeper}). */
public interface SystemCalls {
    /**
     * Makes a system call.
     *
     * @param number such as {@link Calls#WAIT4}
     * @return what the call gives, or the negated errno, from -4095 to -1, if it failed
     */
    long call(long number, long a, long b, long c, long d, long e, long f);

    /** Makes a system call of up to four arguments. */
    default long call(long number, long a, long b, long c, long d) {
        return call(number, a, b, c, d, 0, 0);
    }
}
