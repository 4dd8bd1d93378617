package dev.suture.process;

import dev.suture.LivePatchException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Finds running processes by what a user says of them. */
public final class FindProcesses {
    private static final int LONGEST_NAME = 15;

    private FindProcesses() {}

    /**
     * {@return the processes that a text names, at least one}
     *
     * @param text {@code pid:N}; {@code exe:PATH}, the file that is run; or {@code name:NAME}, what {@code ps} shows or
     *     the file's name
     * @throws LivePatchException if it is none of these, or there is no such process
     */
    public static List<ProcessTarget> find(String text) {
        int colon = text.indexOf(':');
        String kind = colon < 0 ? "" : text.substring(0, colon);
        String value = text.substring(colon + 1);
        return switch (kind) {
            case "pid" -> List.of(byNumber(text, value));
            case "exe" -> some(text, byFile(value));
            case "name" -> some(text, byName(value));
            default -> throw new ProcessException(text, "not a target; expected pid:N, exe:PATH or name:NAME");
        };
    }

    private static ProcessTarget byNumber(String text, String value) {
        if (!value.matches("[1-9][0-9]{0,8}")) {
            throw new ProcessException(text, "'%s' is not the number of a process".formatted(value));
        }
        int pid = Integer.parseInt(value);
        if (!Files.exists(Path.of("/proc/" + pid))) {
            throw new ProcessException(pid, "there is no such process");
        }
        return new ProcessTarget(pid, text);
    }

    private static List<ProcessTarget> some(String text, List<ProcessTarget> found) {
        if (found.isEmpty()) {
            throw new ProcessException(text, "no process that may be looked at is that");
        }
        return found;
    }

    private static List<Integer> all() {
        List<Integer> all = new ArrayList<>();
        String[] names = new File("/proc").list();
        for (String name : names == null ? new String[0] : names) {
            if (name.matches("[1-9][0-9]*")) {
                all.add(Integer.parseInt(name));
            }
        }
        all.sort(null);
        return all;
    }

    private static List<ProcessTarget> byFile(String value) {
        List<ProcessTarget> found = new ArrayList<>();
        Path wanted = Path.of(value).toAbsolutePath().normalize();
        try {
            wanted = wanted.toRealPath();
        } catch (IOException e) {
            // Deleted, perhaps, while it still runs: then only its name is left to go by.
            wanted = wanted.normalize();
        }
        for (int pid : all()) {
            try {
                String file =
                        Files.readSymbolicLink(Path.of("/proc/" + pid + "/exe")).toString();
                if (file.replaceFirst(" \\(deleted\\)$", "").equals(wanted.toString())) {
                    found.add(new ProcessTarget(pid, "pid:" + pid));
                }
            } catch (IOException e) {
                // A kernel thread, somebody else's, or gone by now.
                continue;
            }
        }
        return found;
    }

    private static List<ProcessTarget> byName(String value) {
        List<ProcessTarget> found = new ArrayList<>();
        String shortened = value.substring(0, Math.min(LONGEST_NAME, value.length()));
        for (int pid : all()) {
            try {
                String name =
                        Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
                boolean isOther = pid != ProcessHandle.current().pid();
                // One that has ended and that its parent has not yet asked for still has its name.
                if (name.equals(shortened) && isOther && ProcStatus.read(pid).hasThreads()) {
                    found.add(new ProcessTarget(pid, "pid:" + pid));
                }
            } catch (IOException e) {
                // Gone by now.
                continue;
            }
        }
        return found;
    }
}
