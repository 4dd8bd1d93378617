package dev.suture.process;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What {@code /proc/PID/status} says.
 *
 * @param fields text by name
 */
record ProcStatus(Map<String, String> fields) {
    static ProcStatus read(int pid) throws IOException {
        return ofFile(Path.of("/proc/" + pid + "/status"));
    }

    static ProcStatus ofThread(int pid, int tid) throws IOException {
        return ofFile(Path.of("/proc/" + pid + "/task/" + tid + "/status"));
    }

    /**
     * {@return whether a process has ended, or is about to: it writes its core, or its threads have given up its memory}
     * The kernel takes that away some time before it calls the process ended.
     */
    static boolean isGone(int pid) {
        try {
            ProcStatus status = read(pid);
            if (!status.hasThreads() || status.isDumpingCore()) {
                return true;
            }
            return !status.hasMemory() && !status.isKernelThread() && !anyThreadHasMemory(pid);
        } catch (IOException e) {
            return true;
        }
    }

    // The first thread may have ended alone.
    private static boolean anyThreadHasMemory(int pid) {
        String[] threads = new File("/proc/" + pid + "/task").list();
        return threads != null
                && Stream.of(threads).anyMatch(thread -> {
                    try {
                        return ofThread(pid, Integer.parseInt(thread)).hasMemory();
                    } catch (IOException e) {
                        return false;
                    }
                });
    }

    /** {@return whether the thread still has memory; one that ends gives it up first} */
    boolean hasMemory() {
        return fields.containsKey("VmSize");
    }

    static ProcStatus ofFile(Path file) throws IOException {
        Map<String, String> fields = new HashMap<>();
        for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
            }
        }
        return new ProcStatus(fields);
    }

    String text(String name) {
        return fields.getOrDefault(name, "");
    }

    int number(String name) {
        String first = text(name).split("\\s")[0];
        return first.matches("\\d{1,9}") ? Integer.parseInt(first) : 0;
    }

    /** {@return the numbers of the thread in the namespaces of processes that it is in, ours first, its own last} */
    List<Integer> numbers() throws IOException {
        String text = text("NSpid");
        if (!text.matches("\\d{1,9}(\\s+\\d{1,9})*")) {
            throw new IOException("no numbers");
        }
        return Stream.of(text.split("\\s+")).map(Integer::valueOf).toList();
    }

    /** {@return such as {@code S}, {@code T} for stopped by its job, {@code Z} for ended} */
    char state() {
        String state = text("State");
        return state.isEmpty() ? 'Z' : state.charAt(0);
    }

    boolean hasEnded() {
        return state() == 'Z' || state() == 'X';
    }

    /** {@return whether it has crashed, and is there only until its core is written} That may take minutes. */
    boolean isDumpingCore() {
        return number("CoreDumping") != 0;
    }

    static boolean isDumpingCore(int pid) {
        try {
            return read(pid).isDumpingCore();
        } catch (IOException e) {
            return false;
        }
    }

    /** {@return whether there are threads of the process that have not ended, the first one or others} */
    boolean hasThreads() {
        return !hasEnded() || number("Threads") > 1;
    }

    /** {@return whether it is a thread of the kernel} Kernels before 6.11 do not say so; its parent is then the second one. */
    boolean isKernelThread() {
        boolean isSaid = number("Kthread") == 1;
        return isSaid || !hasMemory() && (number("PPid") == 2 || number("Pid") == 2);
    }

    boolean hasSeccompFilter() {
        return number("Seccomp") != 0;
    }

    boolean hasShadowStack() {
        return text("x86_Thread_features").contains("shstk");
    }
}
