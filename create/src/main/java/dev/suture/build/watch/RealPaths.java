package dev.suture.build.watch;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Follows the links in a name as the kernel does for a traced process, which has the same file system.
 *
 * <p>Something may be mounted for that process alone. Names are followed as it has them; what comes out is the path by which
 * this program has the file.
 *
 * <p>That a directory is none is asked once, until {@link #forget}.
 */
final class RealPaths {
    private static final int LONGEST = 4096;
    private static final int MOST_LINKS = 40;

    /**
     * A followed name.
     *
     * @param path without links but perhaps the last part
     * @param links the links on the way
     */
    record Real(String path, List<String> links) {}

    private final Kernel kernel;
    private final MemorySegment name;
    private final MemorySegment target;
    private final Map<String, String> mounts;
    private final Set<String> plain = new HashSet<>();

    /** @param mounts what is mounted for the process alone: a real path by where it is mounted */
    RealPaths(Kernel kernel, Arena arena, Map<String, String> mounts) {
        this.mounts = mounts;
        this.kernel = kernel;
        name = arena.allocate(2L * LONGEST);
        target = arena.allocate(LONGEST);
    }

    /** Must be called when a link may have taken the place of a directory. */
    void forget() {
        plain.clear();
    }

    /**
     * {@return the real path}
     *
     * @param path absolute
     * @param tid whose {@code /proc/self} it is
     * @param followLast whether a link at the end is followed as well
     */
    Real follow(String path, int tid, boolean followLast) {
        Deque<String> parts = new ArrayDeque<>(List.of(path.split("/")));
        List<String> links = new ArrayList<>();
        String done = "";
        while (!parts.isEmpty()) {
            String part = parts.pop();
            if (part.isEmpty() || part.equals(".")) {
                continue;
            }
            if (part.equals("..")) {
                done = done.substring(0, Math.max(0, done.lastIndexOf('/')));
                continue;
            }
            String next = done + "/" + part;
            if (next.equals("/proc/self") || next.equals("/proc/thread-self")) {
                next = "/proc/" + tid;
            }
            boolean last = parts.stream().allMatch(String::isEmpty);
            String leadsTo = last && !followLast || plain.contains(real(next)) ? "" : link(real(next), last);
            if (leadsTo.isEmpty() || links.size() == MOST_LINKS) {
                done = next;
                continue;
            }
            links.add(real(next));
            List<String> more = List.of(leadsTo.split("/"));
            more.reversed().forEach(parts::push);
            done = leadsTo.startsWith("/") ? "" : done;
        }
        return new Real(real(done), links);
    }

    /** {@return the path by which this program has what the process has by a path without links} */
    String real(String path) {
        String longest = "";
        for (String place : mounts.keySet()) {
            if ((path + "/").startsWith(place + "/") && place.length() > longest.length()) {
                longest = place;
            }
        }
        return longest.isEmpty() ? path : mounts.get(longest) + path.substring(longest.length());
    }

    /** {@return where a link leads; empty if it is none} */
    private String link(String path, boolean last) {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        if (bytes.length + 1 > name.byteSize()) {
            return "";
        }
        MemorySegment.copy(bytes, 0, name, ValueLayout.JAVA_BYTE, 0, bytes.length);
        name.set(ValueLayout.JAVA_BYTE, bytes.length, (byte) 0);
        long length = kernel.call(Kernel.READLINK, name.address(), target.address(), LONGEST, 0);
        if (length >= 0) {
            return text(target, length);
        }
        if (length == -Kernel.EINVAL && !last && !path.startsWith("/proc/")) {
            plain.add(path);
        }
        return "";
    }

    /** {@return what a link of {@code /proc} says, as it is} */
    String magic(String path) {
        return link(path, true);
    }

    static String text(MemorySegment bytes, long length) {
        byte[] copy = new byte[(int) length];
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, copy, 0, copy.length);
        return new String(copy, StandardCharsets.UTF_8);
    }
}
