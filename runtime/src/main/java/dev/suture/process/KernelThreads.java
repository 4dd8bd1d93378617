package dev.suture.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tells the kernel's own threads in a process from the program's, before they are touched: by the flags that the kernel
 * alone sets, and only where the kernel is known to mean that by them.
 *
 * @see "proc_pid_stat(5), flags; linux include/linux/sched.h: before 5.12 0x10 was PF_VCPU, and before 5.17 0x4000 was
 *     PF_USED_ASYNC"
 */
final class KernelThreads {
    private static final int FLAGS_FIELD = 6;
    private static final long PF_IO_WORKER = 0x10;
    private static final long PF_USER_WORKER = 0x4000;
    private static final Pattern VERSION = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})\\D.*", Pattern.DOTALL);
    private static final long MEANT = meant();

    private KernelThreads() {}

    // Where the version cannot be told no thread is taken for the kernel's.
    private static long meant() {
        try {
            Matcher version = VERSION.matcher(Files.readString(Path.of("/proc/sys/kernel/osrelease")));
            int number = version.matches()
                    ? Integer.parseInt(version.group(1)) * 10_000 + Integer.parseInt(version.group(2))
                    : 0;
            return (number >= 5_0012 ? PF_IO_WORKER : 0) | (number >= 6_0004 ? PF_USER_WORKER : 0);
        } catch (IOException e) {
            return 0;
        }
    }

    /**
     * {@return whether a thread is the kernel's}
     *
     * @param fields of its line in /proc, from the state on
     */
    static boolean has(String fields) {
        String[] words = fields.split(" ", FLAGS_FIELD + 2);
        return words.length > FLAGS_FIELD
                && words[FLAGS_FIELD].matches("\\d{1,10}")
                && (Long.parseLong(words[FLAGS_FIELD]) & MEANT) != 0;
    }
}
