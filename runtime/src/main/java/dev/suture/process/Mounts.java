package dev.suture.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

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
    private static final Pattern ESCAPED = Pattern.compile("\\\\([0-3][0-7]{2})");

    private record Foreign(String device, String point) {}

    private final List<Foreign> foreign = new ArrayList<>();

    private Mounts() {}

    static Mounts of(int pid) {
        try {
            int own = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
            boolean isOwn = ProcStatus.read(pid).text("Uid").matches(own + "(\\s+" + own + ")*");
            boolean isSameSpace = Files.readSymbolicLink(Path.of("/proc/self/ns/user"))
                    .equals(Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/user")));
            List<String> lines =
                    Files.readAllLines(Path.of("/proc/" + pid + "/mountinfo"), StandardCharsets.ISO_8859_1);
            return of(lines, options -> isSameSpace ? isTrusted(options, own) : isOwn);
        } catch (IOException e) {
            // It has ended, or may not be looked at: whoever reads its memory next says so.
            return new Mounts();
        }
    }

    /**
     * {@return those of a list}
     *
     * @param lines as in {@code mountinfo}
     * @param isTrusted whether who serves one, by its options, is nobody else
     */
    static Mounts of(List<String> lines, Predicate<String> isTrusted) {
        Mounts mounts = new Mounts();
        for (String line : lines) {
            String[] halves = line.split(" - ", 2);
            String[] words = halves[0].split(" ");
            // Its kind, its source, which is any text that who mounted it liked, and the options.
            String[] kinds = halves.length == 2 ? halves[1].split(" ", -1) : new String[] {""};
            if (kinds[0].startsWith("fuse") && !(kinds.length == 3 && isTrusted.test(kinds[2]))) {
                mounts.foreign.add(new Foreign(words[2], unescaped(words[4])));
            }
        }
        return mounts;
    }

    /** {@return whether it is root or a user of ours who serves it, as the kernel writes it among the options} */
    static boolean isTrusted(String options, int own) {
        List<String> users = Stream.of(options.split(","))
                .filter(option -> option.startsWith(USER))
                .map(option -> option.substring(USER.length()))
                .toList();
        return users.size() == 1
                && (users.getFirst().equals("0") || users.getFirst().equals(Integer.toString(own)));
    }

    // Blanks and the like are written as numbers.
    private static String unescaped(String text) {
        byte[] bytes = ESCAPED.matcher(text)
                .replaceAll(match -> Matcher.quoteReplacement(Character.toString(Integer.parseInt(match.group(1), 8))))
                .getBytes(StandardCharsets.ISO_8859_1);
        return new String(bytes, StandardCharsets.UTF_8);
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
