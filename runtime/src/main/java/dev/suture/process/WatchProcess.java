package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Errno;
import dev.suture.linux.Kernel;
import dev.suture.target.Watched;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/**
 * Looks whether a process ends, and how, and at last whether it stands still. The kernel tells by a file that stands for
 * the process, whoever gets its number afterwards; how it ended is known until its parent has asked for it.
 *
 * @see "pidfd_open(2); proc_pid_stat(5), exit_code; linux include/uapi/linux/pidfd.h, struct pidfd_info"
 */
final class WatchProcess implements Watched {
    private static final int POLLIN = 1;
    private static final int LONGEST_WAIT_MILLIS = 100;
    private static final int STAT_BYTES = 1024;
    /** Who is stopped and continued all the time (cpulimit) is not stopped. */
    private static final int STOPPED_MILLIS = 200;

    /** Behind the name, which is in brackets: the state. */
    private static final int EXIT_CODE_FIELD = 49;

    private static final int INFO_BYTES = 64;
    private static final int EXIT_CODE_AT = 60;
    /** _IOWR(0xFF, 11, struct pidfd_info), of the size above. */
    private static final long PIDFD_GET_INFO = 0xc040_ff0bL;

    private static final long PIDFD_INFO_EXIT = 1 << 3;
    private static final int SIGNAL_BITS = 0x7f;
    /** SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV and SIGSYS. */
    private static final Set<Integer> FAULTS = Set.of(4, 5, 6, 7, 8, 11, 31);

    private static final Map<Integer, String> SIGNALS = Map.ofEntries(
            Map.entry(1, "SIGHUP"),
            Map.entry(2, "SIGINT"),
            Map.entry(4, "SIGILL"),
            Map.entry(5, "SIGTRAP"),
            Map.entry(6, "SIGABRT"),
            Map.entry(7, "SIGBUS"),
            Map.entry(8, "SIGFPE"),
            Map.entry(9, "SIGKILL"),
            Map.entry(11, "SIGSEGV"),
            Map.entry(13, "SIGPIPE"),
            Map.entry(14, "SIGALRM"),
            Map.entry(15, "SIGTERM"),
            Map.entry(31, "SIGSYS"));

    private final Arena arena = Arena.ofShared();
    private final int pid;
    private final long process;
    private final long stat;
    private final boolean wasStopped;
    private Optional<String> brought = Optional.empty();
    private FutureTask<Optional<Loss>> task;
    private volatile boolean isEnough;

    WatchProcess(int pid) {
        this.pid = pid;
        wasStopped = stopped().isPresent();
        Kernel kernel = new Kernel(arena);
        process = kernel.call(Calls.PIDFD_OPEN, pid, 0, 0, 0);
        MemorySegment path = arena.allocateFrom("/proc/" + pid + "/stat");
        stat = kernel.call(Calls.OPENAT, Calls.AT_FDCWD, path.address(), Calls.O_CLOEXEC, 0);
    }

    @Override
    public void begin(Duration duration, String payload) {
        brought = Optional.of(payload);
        begin(duration);
    }

    @Override
    public void begin(Duration duration) {
        long start = System.nanoTime();
        task = new FutureTask<>(() -> watch(start, duration));
        Thread thread = new Thread(task, "watch");
        thread.setDaemon(true);
        thread.start();
    }

    private Optional<Loss> watch(long start, Duration duration) throws InterruptedException {
        if (process == -Errno.ESRCH) {
            return Optional.of(new Loss("ended", 0, Ending.OTHER));
        }
        try (Arena local = Arena.ofConfined()) {
            Kernel kernel = new Kernel(local);
            MemorySegment waited = local.allocate(8, 8);
            MemorySegment text = local.allocate(STAT_BYTES);
            while (true) {
                long left = duration.toNanos() - (System.nanoTime() - start);
                waited.set(ValueLayout.JAVA_INT, 0, (int) process);
                waited.set(ValueLayout.JAVA_SHORT, 4, (short) POLLIN);
                long millis = Math.clamp((left + 999_999) / 1_000_000, 0, LONGEST_WAIT_MILLIS);
                long ready = kernel.call(Calls.POLL, waited.address(), 1, millis, 0);
                boolean isDumping = ready <= 0 && ProcStatus.isDumpingCore(pid);
                if (isDumping) {
                    // A small core is written by then, and the signal is known; a large one takes minutes.
                    ready = kernel.call(Calls.POLL, waited.address(), 1, LONGEST_WAIT_MILLIS, 0);
                }
                if (ready > 0) {
                    long size = kernel.call(Calls.PREAD64, stat, text.address(), STAT_BYTES, 0);
                    long after = (System.nanoTime() - start) / 1_000_000;
                    byte[] line = text.asSlice(0, Math.max(0, size)).toArray(ValueLayout.JAVA_BYTE);
                    OptionalInt code = exitCode(new String(line, StandardCharsets.ISO_8859_1));
                    if (code.isEmpty()) {
                        code = exitCode(kernel, local);
                    }
                    return Optional.of(new Loss("ended" + how(code), after, ending(code)));
                }
                if (isDumping) {
                    long after = (System.nanoTime() - start) / 1_000_000;
                    return Optional.of(new Loss("crashed, and its core is being written", after, Ending.FAULT));
                }
                if (isEnough) {
                    return Optional.empty();
                }
                if (left <= 0) {
                    return standsStill(start);
                }
            }
        }
    }

    // Waiting in a system call is what most programs do all day; of that nobody can tell whether it is right.
    private Optional<Loss> standsStill(long start) throws InterruptedException {
        Optional<String> stuck = brought.flatMap(payload -> FindStuck.in(pid, payload));
        long after = (System.nanoTime() - start) / 1_000_000;
        if (stuck.isPresent()) {
            return Optional.of(new Loss(stuck.get(), after, Ending.STUCK));
        }
        return !wasStopped && staysStopped()
                ? Optional.of(new Loss("stopped by a signal, as was seen", after, Ending.STOPPED))
                : Optional.empty();
    }

    private boolean staysStopped() throws InterruptedException {
        Optional<String> before = stopped();
        if (before.isEmpty()) {
            return false;
        }
        Thread.sleep(STOPPED_MILLIS);
        return before.equals(stopped());
    }

    // Since when, if it is: counted by how often it gave up the processor.
    private Optional<String> stopped() {
        try {
            ProcStatus status = ProcStatus.read(pid);
            return status.state() != 'T'
                    ? Optional.empty()
                    : Optional.of(
                            status.text("voluntary_ctxt_switches") + " " + status.text("nonvoluntary_ctxt_switches"));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    // Where its parent has asked for it already, kernels from 6.15 on still tell who has had the file open.
    private OptionalInt exitCode(Kernel kernel, Arena local) {
        MemorySegment info = local.allocate(INFO_BYTES, 8);
        info.set(ValueLayout.JAVA_LONG, 0, PIDFD_INFO_EXIT);
        long result = kernel.call(Calls.IOCTL, process, PIDFD_GET_INFO, info.address(), 0);
        boolean isTold = result >= 0 && (info.get(ValueLayout.JAVA_LONG, 0) & PIDFD_INFO_EXIT) != 0;
        return isTold ? OptionalInt.of(info.get(ValueLayout.JAVA_INT, EXIT_CODE_AT)) : OptionalInt.empty();
    }

    // Nothing is known here where its parent has asked for it already.
    private static OptionalInt exitCode(String line) {
        int bracket = line.lastIndexOf(')');
        String[] fields = bracket < 0
                ? new String[0]
                : line.substring(bracket + 2).strip().split(" ");
        return fields.length <= EXIT_CODE_FIELD || !fields[0].equals("Z")
                ? OptionalInt.empty()
                : OptionalInt.of(Integer.parseInt(fields[EXIT_CODE_FIELD]));
    }

    private static Ending ending(OptionalInt exitCode) {
        if (exitCode.isEmpty()) {
            return Ending.OTHER;
        }
        int signal = exitCode.getAsInt() & SIGNAL_BITS;
        return signal == 0 ? Ending.ORDERLY : FAULTS.contains(signal) ? Ending.FAULT : Ending.OTHER;
    }

    private static String how(OptionalInt exitCode) {
        if (exitCode.isEmpty()) {
            return "";
        }
        int signal = exitCode.getAsInt() & SIGNAL_BITS;
        return signal == 0
                ? " with status " + (exitCode.getAsInt() >> 8)
                : " by " + SIGNALS.getOrDefault(signal, "signal " + signal);
    }

    @Override
    public Optional<Loss> await() throws InterruptedException {
        if (task == null) {
            return Optional.empty();
        }
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    @Override
    public boolean isLost() {
        return task != null
                && task.state() == Future.State.SUCCESS
                && task.resultNow().isPresent();
    }

    @Override
    public boolean isOver() {
        return task == null || task.isDone();
    }

    @Override
    public void enough() {
        isEnough = true;
    }

    @Override
    public void close() {
        if (task != null && !task.isDone()) {
            // Its time is over soon; until then it uses what would be closed here.
            return;
        }
        Kernel kernel = new Kernel(arena);
        for (long file : new long[] {process, stat}) {
            if (file >= 0) {
                kernel.call(Calls.CLOSE, file, 0, 0, 0);
            }
        }
        arena.close();
    }
}
