package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.target.Incarnation;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds children of a process that run its program and did not get it by a fork: each has executed the file again, as some
 * servers do for each connection, and has none of the payloads of its parent.
 */
final class StartedAnew {
    private StartedAnew() {}

    static List<Refusal> of(int pid, String target) {
        Optional<Incarnation> own = ReadIncarnation.of(pid);
        String file = file(pid);
        if (own.isEmpty() || file.isEmpty()) {
            return List.of();
        }
        List<Integer> others = new ArrayList<>();
        for (int child : children(pid)) {
            Optional<Incarnation> its = ReadIncarnation.of(child);
            boolean isOther =
                    its.isPresent() && !its.get().program().equals(own.get().program());
            if (isOther && file(child).equals(file)) {
                others.add(child);
            }
        }
        if (others.isEmpty()) {
            return List.of();
        }
        return List.of(new Refusal(
                target,
                "",
                "%s its program again instead of going on in a copy of it, and so has no payload of it: process %s"
                        .formatted(
                                others.size() == 1
                                        ? "a child of it has executed"
                                        : others.size() + " children of it have each executed",
                                others.getFirst()),
                "suture follow patches processes like that as they come."));
    }

    private static String file(int pid) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + pid + "/exe")).toString();
        } catch (IOException e) {
            return "";
        }
    }

    private static List<Integer> children(int pid) {
        List<Integer> children = new ArrayList<>();
        String[] threads = new File("/proc/" + pid + "/task").list();
        for (String thread : threads == null ? new String[0] : threads) {
            try {
                String text = Files.readString(
                        Path.of("/proc/" + pid + "/task/" + thread + "/children"), StandardCharsets.ISO_8859_1);
                for (String child : text.strip().split(" +")) {
                    if (!child.isEmpty()) {
                        children.add(Integer.parseInt(child));
                    }
                }
            } catch (IOException e) {
                // The thread has ended, or the kernel keeps no such list.
            }
        }
        return children;
    }
}
