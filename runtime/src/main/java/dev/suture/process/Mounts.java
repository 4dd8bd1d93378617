package dev.suture.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The file systems of a process that another user serves. Who asks such a one for anything waits for that user's program,
 * and cannot even be killed meanwhile; so it is asked for nothing.
 *
 * <p>Who serves a file system of kind fuse is told by its option {@code user_id}, where that is a user of ours. In a
 * namespace of its own a process can be anybody; there it must be ours itself.
 *
 * @see "proc_pid_mountinfo(5); linux fs/fuse/inode.c, fuse_show_options"
 */
final class Mounts {
    private static final String USER = "user_id=";

    private record Foreign(String device, String point) {}

    private final List<Foreign> foreign = new ArrayList<>();

    private Mounts() {}

    static Mounts of(int pid) {
        Mounts mounts = new Mounts();
        try {
            int own = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            boolean isOwn = ProcStatus.read(pid).text("Uid").matches(own + "(\\s+" + own + ")*");
            boolean isSameSpace = Files.readSymbolicLink(Path.of("/proc/self/ns/user"))
                    .equals(Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/user")));
            for (String line :
                    Files.readAllLines(Path.of("/proc/" + pid + "/mountinfo"), StandardCharsets.ISO_8859_1)) {
                String[] halves = line.split(" - ", 2);
                String[] words = halves[0].split(" ");
                boolean isServed = halves.length == 2 && halves[1].startsWith("fuse");
                if (isServed && !(isSameSpace ? isTrusted(halves[1], own) : isOwn)) {
                    mounts.foreign.add(new Foreign(words[2], words[4]));
                }
            }
        } catch (IOException e) {
            // It has ended, or may not be looked at: whoever reads its memory next says so.
            return mounts;
        }
        return mounts;
    }

    private static boolean isTrusted(String options, int own) {
        for (String option : options.split("[ ,]")) {
            if (option.startsWith(USER)) {
                String user = option.substring(USER.length());
                return user.equals("0") || user.equals(Integer.toString(own));
            }
        }
        return false;
    }

    /** {@return whether another user serves what is mapped there} */
    boolean isForeign(Mapping mapping) {
        String[] numbers = mapping.device().split(":");
        return isForeign(Integer.parseInt(numbers[0], 16) + ":" + Integer.parseInt(numbers[1], 16));
    }

    /** @param device such as {@code 0:47}, in decimal digits */
    boolean isForeign(String device) {
        return foreign.stream().anyMatch(mount -> mount.device().equals(device));
    }

    /** {@return whether there are any} */
    boolean hasForeign() {
        return !foreign.isEmpty();
    }

    /** {@return whether a path without links leads into one} */
    boolean isUnderForeign(Path path) {
        return foreign.stream().anyMatch(mount -> path.startsWith(mount.point()));
    }
}
