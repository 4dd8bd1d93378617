package dev.suture.cli.house;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which package may use which, as ARCHITECTURE.md draws it. Every package of main code stands here; a name also speaks
 * for the packages below it, and every package may use itself and the root package {@code dev.suture}.
 */
final class PackageEdges {
    static final String ROOT = "dev.suture";

    private static final String[] CORE = {"elf", "isa", "dwarf", "image", "payload", "preflight", "wire", "cache"};
    private static final Map<String, Set<String>> ALLOWED = new TreeMap<>();

    static {
        allow("");
        allow("elf");
        allow("isa", "elf");
        allow("dwarf", "elf");
        allow("image", "elf", "isa");
        allow("payload", "elf", "isa");
        allow("preflight", "elf", "isa", "image", "payload");
        allow("wire", "elf", "isa", "image", "payload");

        allow("cache");
        allow("build", "elf", "isa", "image", "cache");
        allow("source");
        allow("diff", "elf", "isa", "dwarf");
        allow("link", "elf", "isa", "dwarf", "image", "payload", "preflight", "diff");
        allow("explain", "elf", "isa", "dwarf", "diff");
        allow("types", "elf", "dwarf", "diff");
        allow("drift", "elf", "build", "source", "diff");
        allow("effect", "elf", "isa", "image", "diff");
        allow("state", "elf", "isa", "image", "diff");
        allow("certify", "elf", "isa", "dwarf", "image", "payload", "build", "diff", "drift", "linked");
        allow("linked", "elf", "isa", "dwarf", "image", "payload", "build", "diff");
        allow(
                "create",
                with(
                        CORE, "linked", "build", "source", "diff", "drift", "effect", "state", "types", "link",
                        "explain", "certify"));
        allow("advise", with(CORE, "build", "diff", "effect", "link", "explain", "create"));

        allow("target", CORE);
        allow("engine", with(CORE, "target"));
        allow("linux");
        allow("process", with(CORE, "target", "linux"));
        allow("xen", with(CORE, "target", "linux"));
        allow("offline", with(CORE, "target"));
        allow("rehearse", with(CORE, "target"));

        allow(
                "cli",
                with(
                        CORE,
                        "build",
                        "diff",
                        "effect",
                        "link",
                        "explain",
                        "create",
                        "advise",
                        "certify",
                        "target",
                        "engine",
                        "process",
                        "xen",
                        "offline",
                        "rehearse"));
    }

    private PackageEdges() {}

    private static void allow(String name, String... mayUse) {
        Set<String> allowed = new TreeSet<>(List.of(mayUse));
        allowed.add(name);
        allowed.add("");
        ALLOWED.put(name, allowed);
    }

    private static String[] with(String[] some, String... more) {
        String[] all = Arrays.copyOf(some, some.length + more.length);
        System.arraycopy(more, 0, all, some.length, more.length);
        return all;
    }

    /**
     * {@return the row of the table that speaks for a package: itself or the nearest one above it; empty if there is
     * none and the package is therefore unknown}
     *
     * @param packageName a full name such as {@code dev.suture.build.xen}
     */
    static Optional<String> rowOf(String packageName) {
        if (packageName.equals(ROOT)) {
            return Optional.of("");
        }
        if (!packageName.startsWith(ROOT + ".")) {
            return Optional.empty();
        }
        String name = packageName.substring(ROOT.length() + 1);
        return ALLOWED.keySet().stream()
                .filter(row -> name.equals(row) || (!row.isEmpty() && name.startsWith(row + ".")))
                .max(Comparator.comparingInt(String::length));
    }

    /** {@return whether a class of one package of Suture may use one of the other} */
    static boolean mayUse(String userPackage, String usedPackage) {
        Optional<String> user = rowOf(userPackage);
        Optional<String> used = rowOf(usedPackage);
        return user.isPresent() && used.isPresent() && ALLOWED.get(user.get()).contains(used.get());
    }
}
