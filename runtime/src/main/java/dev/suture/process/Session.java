package dev.suture.process;

import dev.suture.linux.Calls;
import dev.suture.linux.Errno;
import dev.suture.linux.Keeper;
import dev.suture.linux.Kernel;
import dev.suture.linux.Memory;
import dev.suture.linux.Ptrace;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One command's hold on a process: its memory, the right to trace it, and the lock that keeps other commands away.
 * Belongs to one thread. The lock is on {@code /proc/PID/mem}: it needs no place on disk, only who may trace
 * the process can take it, and it ends with whoever holds it.
 */
final class Session implements AutoCloseable {
    /** Why nothing more is to be had of a process that was there. */
    static final String ENDED = "it ended while it was being worked on";

    private static final int BREATH_NANOS = 50_000;
    private static final String SECCOMP = "\nSeccomp:\t";
    private static final int LOOKED_AT = 4;
    private static final int TEXT_BYTES = 8192;
    private static final int STAT_BYTES = 144;
    private static final int PATH_BYTES = 64;
    private static final int STAT_LINKS = 16;
    private static final int LOCK_PAUSE_MILLIS = 5;
    /** What a folder in /proc has besides one link for each thread. */
    private static final int OWN_LINKS = 2;

    private final int pid;
    private final Arena arena;
    private final Kernel kernel;
    private final Memory memory;
    private final MemorySegment taskPath;
    private final MemorySegment stat;
    private final MemorySegment pause;
    private final MemorySegment text;
    private final MemorySegment threadPath;
    private int firstThread;
    private Optional<Boolean> hasOwnNumbers = Optional.empty();
    private Optional<TouchedPages> touched = Optional.empty();
    private Keeper keeper;
    private Ptrace ptrace;

    private Session(int pid, Arena arena) {
        this.pid = pid;
        this.arena = arena;
        kernel = new Kernel(arena);
        memory = Memory.open(kernel, arena, pid);
        taskPath = arena.allocateFrom("/proc/" + pid + "/task");
        stat = arena.allocate(STAT_BYTES, 8);
        pause = arena.allocate(16, 8);
        text = arena.allocate(TEXT_BYTES);
        threadPath = arena.allocate(PATH_BYTES);
    }

    /**
     * Opens the memory of a process.
     *
     * @throws ProcessException if that is not permitted, or there is no such process
     */
    static Session open(int pid) {
        Session session = new Session(pid, Arena.ofConfined());
        if (session.memory.failure() != 0) {
            session.close();
            throw Permissions.explain(pid, "opening its memory");
        }
        return session;
    }

    /** Waits until no other command works on the process. */
    boolean lock(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!memory.tryLock()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            Tracer.pause(LOCK_PAUSE_MILLIS);
        }
        return true;
    }

    int pid() {
        return pid;
    }

    Arena arena() {
        return arena;
    }

    /** {@return who traces the threads of the process; started when it is first asked for} */
    Keeper keeper() {
        if (keeper == null) {
            keeper = new Keeper(kernel, arena, pid);
            ptrace = new Ptrace(keeper, arena);
        }
        return keeper;
    }

    /** {@return requests that the keeper makes} */
    Ptrace ptrace() {
        keeper();
        return ptrace;
    }

    Memory memory() {
        return memory;
    }

    Kernel kernel() {
        return kernel;
    }

    /** {@return the number of the first thread, which the process is named by} */
    int firstThread() {
        if (firstThread == 0) {
            try {
                firstThread = ProcStatus.read(pid).number("Tgid");
            } catch (IOException e) {
                throw new ProcessException(pid, "it has ended");
            }
        }
        return firstThread;
    }

    /** {@return the state of a thread, such as {@code D} if it waits and cannot be stopped; {@code X} if it is gone} Quick. */
    char threadState(int tid) {
        String fields = threadStat(tid);
        return fields.isEmpty() ? 'X' : fields.charAt(0);
    }

    /**
     * {@return whether a thread is the kernel's, which works for the process and never runs its code, as io_uring has them}
     * Quick. They must not be seized: a stop ends what they wait for.
     */
    boolean isOfKernel(int tid) {
        return KernelThreads.has(threadStat(tid));
    }

    // From the state on; empty if it is gone.
    private String threadStat(int tid) {
        threadPath.setString(0, "/proc/%d/task/%d/stat".formatted(pid, tid));
        long file = kernel.call(Calls.OPENAT, Calls.AT_FDCWD, threadPath.address(), Calls.O_CLOEXEC, 0);
        if (file < 0) {
            return "";
        }
        long size = kernel.call(Calls.READ, file, text.address(), text.byteSize(), 0);
        kernel.call(Calls.CLOSE, file, 0, 0, 0);
        // Its name is in brackets, and may have brackets in it.
        for (long at = size - 3; at > 0; at--) {
            if (text.get(ValueLayout.JAVA_BYTE, at) == ')') {
                byte[] fields = text.asSlice(at + 2, size - at - 2).toArray(ValueLayout.JAVA_BYTE);
                return new String(fields, StandardCharsets.ISO_8859_1);
            }
        }
        return "";
    }

    /**
     * {@return the number that a thread has for the program itself, which in a namespace of its own is another one than for
     * us; empty if the thread is gone} Quick where both are the same.
     *
     * @see "pid_namespaces(7); proc_pid_status(5), NSpid"
     */
    OptionalInt ownNumber(int tid) {
        try {
            if (hasOwnNumbers.isEmpty()) {
                hasOwnNumbers = Optional.of(ProcStatus.read(pid).numbers().size() > 1);
            }
            return hasOwnNumbers.get()
                    ? OptionalInt.of(ProcStatus.ofThread(pid, tid).numbers().getLast())
                    : OptionalInt.of(tid);
        } catch (IOException e) {
            return OptionalInt.empty();
        }
    }

    /** {@return which memory of the process was touched} */
    TouchedPages touched() {
        if (touched.isEmpty()) {
            touched = Optional.of(new TouchedPages(this, arena));
        }
        return touched.get();
    }

    /** {@return how many threads there are now, those included that ended and were not yet taken away} */
    long threadCount() {
        long result = kernel.call(Calls.NEWFSTATAT, Calls.AT_FDCWD, taskPath.address(), stat.address(), 0);
        if (result < 0) {
            throw new ProcessException(pid, "it has ended");
        }
        return stat.get(ValueLayout.JAVA_LONG, STAT_LINKS) - OWN_LINKS;
    }

    /** {@return the ids of all threads} */
    int[] threadIds() {
        String[] names = new File("/proc/" + pid + "/task").list();
        if (names == null || names.length == 0) {
            throw new ProcessException(pid, "it has ended");
        }
        int[] ids = new int[names.length];
        for (int i = 0; i < names.length; i++) {
            ids[i] = Integer.parseInt(names[i]);
        }
        return ids;
    }

    /**
     * {@return whether a thread has a seccomp filter, which may kill it for a system call of ours} Quick, for use while
     * threads are stopped.
     */
    boolean isFiltered(int tid) {
        MemorySegment path = arena.allocateFrom("/proc/%d/task/%d/status".formatted(pid, tid));
        long file = kernel.call(Calls.OPENAT, Calls.AT_FDCWD, path.address(), Calls.O_CLOEXEC, 0);
        long size = file < 0 ? 0 : kernel.call(Calls.READ, file, text.address(), text.byteSize(), 0);
        kernel.call(Calls.CLOSE, file, 0, 0, 0);
        byte[] read = text.asSlice(0, Math.max(0, size)).toArray(ValueLayout.JAVA_BYTE);
        String status = new String(read, StandardCharsets.ISO_8859_1);
        int seccomp = status.indexOf(SECCOMP);
        return seccomp < 0 ? size <= 0 : status.charAt(seccomp + SECCOMP.length()) != '0';
    }

    /** Lets others have the processor if any wait for it. */
    void yieldProcessor() {
        kernel.call(Calls.SCHED_YIELD, 0, 0, 0, 0);
    }

    /**
     * Sleeps for a moment, so that a thread of the program that waits for this processor does not also wait for what comes
     * next. What is done about a process in one go keeps its threads waiting as a stop does.
     */
    void letOthersRun() {
        sleepNanos(BREATH_NANOS);
    }

    /** Lets others have the processor for a moment. */
    void sleepNanos(int nanos) {
        pause.set(ValueLayout.JAVA_LONG, 0, 0);
        pause.set(ValueLayout.JAVA_LONG, 8, nanos);
        kernel.call(Calls.NANOSLEEP, pause.address(), 0, 0, 0);
    }

    /** {@return code of the process, all of it} */
    byte[] code(long address, int sizeBytes) {
        byte[] bytes = memory.read(address, sizeBytes);
        if (bytes.length < sizeBytes) {
            throw lost("its code at 0x%x cannot be read: it no longer has the file that was there".formatted(address));
        }
        return bytes;
    }

    /**
     * Makes sure that what was read until now was the process's.
     *
     * @param mappings what it had mapped
     * @throws ProcessException if it ended or executed another program
     */
    void requireReadable(Mappings mappings) {
        if (!isAnyReadable(mappings)) {
            throw lost("its memory cannot be read");
        }
    }

    private ProcessException lost(String otherwise) {
        return new ProcessException(pid, gone().orElse(otherwise));
    }

    // What was opened is the memory of the program that ran then; of another one nothing is to be had through it.
    private Optional<String> gone() {
        if (ProcStatus.isGone(pid)) {
            return Optional.of(ENDED);
        }
        return isAnyReadable(Mappings.read(pid))
                ? Optional.empty()
                : Optional.of("it executed another program while it was being worked on");
    }

    private boolean isAnyReadable(Mappings mappings) {
        return mappings.all().stream()
                .filter(Mapping::isReadable)
                .limit(LOOKED_AT)
                .anyMatch(mapping -> memory.read(mapping.start(), 1).length == 1);
    }

    /** {@return 8 bytes of the process's memory as a number; 0 if there is nothing} */
    long word(long address) {
        byte[] bytes = memory.read(address, 8);
        return bytes.length < 8
                ? 0
                : ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    /** Writes memory of the process. */
    void write(long address, byte[] bytes, String what) {
        long result = memory.write(address, bytes);
        if (result < 0) {
            throw lost("writing %s at 0x%x failed: %s".formatted(what, address, Errno.text(-result)));
        }
    }

    @Override
    public void close() {
        if (keeper != null) {
            keeper.close();
        }
        touched.ifPresent(TouchedPages::close);
        memory.close();
        arena.close();
    }
}
