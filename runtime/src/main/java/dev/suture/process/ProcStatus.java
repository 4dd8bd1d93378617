package dev.suture.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * What {@code /proc/PID/status} says.
 *
 * @param fields text by name
 */
record ProcStatus(Map<String, String> fields) {
    static ProcStatus read(int pid) throws IOException {
        return read(Path.of("/proc/" + pid + "/status"));
    }

    static ProcStatus ofThread(int pid, int tid) throws IOException {
        return read(Path.of("/proc/" + pid + "/task/" + tid + "/status"));
    }

    private static ProcStatus read(Path file) throws IOException {
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

    /** {@return such as {@code S}, {@code T} for stopped by its job, {@code Z} for ended} */
    char state() {
        String state = text("State");
        return state.isEmpty() ? 'Z' : state.charAt(0);
    }

    boolean hasEnded() {
        return state() == 'Z' || state() == 'X';
    }

    /** {@return whether it never had memory of its own} */
    boolean isKernelThread() {
        return !hasEnded() && !fields.containsKey("VmSize");
    }

    boolean hasSeccompFilter() {
        return number("Seccomp") != 0;
    }

    boolean hasShadowStack() {
        return text("x86_Thread_features").contains("shstk");
    }
}
