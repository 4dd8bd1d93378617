package dev.suture.build.xen;

import dev.suture.build.Cause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A built tree of the Xen hypervisor, of which nothing is ever changed.
 *
 * @param root the directory that holds {@code Config.mk} and {@code xen/}
 * @param version the version it was built as, such as {@code 4.17.5}
 * @param config the values of {@code xen/include/config/auto.conf}, by name with {@code CONFIG_}, strings with quotes
 * @param makefileCompiler the words the build called the compiler with, such as {@code gcc} or {@code ccache gcc}
 */
public record XenTree(Path root, String version, Map<String, String> config, String makefileCompiler) {
    private static final Pattern VERSION =
            Pattern.compile("#define XEN_(VERSION|SUBVERSION|EXTRAVERSION)\\s+\"?([^\"\\s]*)\"?.*");
    private static final Pattern COMMAND = Pattern.compile("(?:saved)?cmd_\\S+ := (.*)");
    /** Results of the link and things no object is made from; not worth copying. */
    private static final Set<String> LINKED =
            Set.of("xen", "xen.gz", "xen.efi", "xen.efi.map", "xen-syms", "xen-syms.map", "prelink.o");

    public XenTree {
        config = Map.copyOf(config);
    }

    /**
     * Opens a built tree.
     *
     * @param directory its root, or the directory {@code xen} in it
     * @throws XenTreeException if it is no Xen tree, not built, built in another directory ({@code O=}) or without
     *     CONFIG_LIVEPATCH
     */
    public static XenTree open(Path directory) {
        try {
            Path given = directory.toRealPath();
            Path root = isRoot(given) || given.getParent() == null || !isRoot(given.getParent())
                    ? given
                    : given.getParent();
            if (!isRoot(root)) {
                throw new XenTreeException(directory
                        + " is not a Xen source tree: Config.mk, xen/Rules.mk and xen/common are expected in it."
                        + " Name the directory that holds xen/.");
            }
            return read(root);
        } catch (IOException e) {
            throw new XenTreeException("cannot read the Xen tree " + directory + ": " + Cause.of(e), e);
        }
    }

    private static boolean isRoot(Path directory) {
        return Files.isRegularFile(directory.resolve("Config.mk"))
                && Files.isRegularFile(directory.resolve("xen/Rules.mk"))
                && Files.isDirectory(directory.resolve("xen/common"));
    }

    private static XenTree read(Path root) throws IOException {
        Path xen = root.resolve("xen");
        for (String built : List.of(
                "include/config/auto.conf", "include/xen/compile.h", "xen-syms", ".prelink.o.cmd", "tools/fixdep")) {
            if (!Files.exists(xen.resolve(built))) {
                throw new XenTreeException(
                        ("%s is not built: there is no %s. Build it there first, with the configuration of the running"
                                        + " hypervisor: make -C %s (Xen 4.17 or newer, not with O=).")
                                .formatted(xen, built, xen));
            }
        }
        Map<String, String> config = readConfig(xen.resolve("include/config/auto.conf"));
        if (!"y".equals(config.get("CONFIG_LIVEPATCH"))) {
            throw new XenTreeException(
                    ("%s was built without CONFIG_LIVEPATCH: that hypervisor cannot load live patches. Set"
                                    + " CONFIG_LIVEPATCH=y in %s, build again and boot the result.")
                            .formatted(xen, xen.resolve(".config")));
        }
        if ("y".equals(config.get("CONFIG_LTO"))) {
            throw new XenTreeException(
                    xen + " was built with CONFIG_LTO: its objects hold no machine code that could be"
                            + " compared. Build and boot a hypervisor without it.");
        }
        return new XenTree(root, readVersion(xen.resolve("include/xen/compile.h")), config, readCompiler(xen));
    }

    private static Map<String, String> readConfig(Path file) throws IOException {
        Map<String, String> config = new HashMap<>();
        for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
            int equals = line.indexOf('=');
            if (!line.startsWith("#") && equals > 0) {
                config.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        return config;
    }

    private static String readVersion(Path file) throws IOException {
        Map<String, String> parts = new HashMap<>();
        for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
            Matcher part = VERSION.matcher(line);
            if (part.matches()) {
                parts.put(part.group(1), part.group(2));
            }
        }
        if (parts.size() != 3) {
            throw new XenTreeException(file + ": XEN_VERSION, XEN_SUBVERSION and XEN_EXTRAVERSION are expected in it,"
                    + " found only " + parts.keySet());
        }
        return parts.get("VERSION") + "." + parts.get("SUBVERSION") + parts.get("EXTRAVERSION");
    }

    private static String readCompiler(Path xen) throws IOException {
        Path file = xen.resolve("common/.domain.o.cmd");
        String line = Files.readString(file, StandardCharsets.ISO_8859_1)
                .lines()
                .findFirst()
                .orElse("");
        Matcher command = COMMAND.matcher(line);
        int firstOption = line.indexOf(" -");
        if (!command.matches() || firstOption < 0) {
            throw new XenTreeException(file + ": a line \"cmd_common/domain.o := compiler options...\" is expected");
        }
        return line.substring(line.indexOf(":=") + 2, firstOption).strip();
    }

    /** {@return the hypervisor's own directory} */
    public Path xenDirectory() {
        return root.resolve("xen");
    }

    /** {@return the linked hypervisor with its symbols, the image that patches are made for} */
    public Path xenSyms() {
        return xenDirectory().resolve("xen-syms");
    }

    /** {@return whether the build was told to keep debug information} */
    public boolean hasDebugInfo() {
        return "y".equals(config.get("CONFIG_DEBUG_INFO"));
    }

    /** {@return the prefix of the tools if it was built by a cross compiler, such as {@code aarch64-linux-gnu-}} */
    public Optional<String> crossPrefix() {
        String program = makefileCompiler.substring(makefileCompiler.lastIndexOf(' ') + 1);
        Matcher prefix = Pattern.compile("(.*-)(gcc|clang)(-[0-9.]+)?").matcher(program);
        return prefix.matches() ? Optional.of(prefix.group(1)) : Optional.empty();
    }

    /**
     * {@return whether a scratch copy needs {@code path}} The hypervisor is built from {@code xen/}, the files beside it
     * and {@code config/}; the security policy also from {@code tools/flask}.
     *
     * @param path relative to the root
     */
    boolean isNeededToBuild(Path path) {
        String first = path.getName(0).toString();
        if (first.equals("xen")) {
            boolean linked =
                    path.getNameCount() == 2 && LINKED.contains(path.getName(1).toString());
            return !linked && !path.toString().endsWith(".git");
        }
        if (first.equals("tools")) {
            return path.getNameCount() == 1 || path.getName(1).toString().equals("flask");
        }
        return first.equals("config") || Files.isRegularFile(root.resolve(path));
    }
}
