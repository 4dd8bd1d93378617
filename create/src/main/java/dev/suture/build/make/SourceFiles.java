package dev.suture.build.make;

import dev.suture.build.SourceLinks;
import dev.suture.build.SourceText;
import dev.suture.elf.Elf;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * The files of a source directory that a build starts from.
 *
 * <p>What an earlier build left must not come along: {@code make} would find its objects up to date and compile nothing,
 * and a directory set up by cmake or meson would lead the new build back into the user's own. So ELF files, archives and
 * such directories are left out; the build makes them again.
 */
final class SourceFiles {
    private static final Set<String> VERSION_CONTROL = Set.of(".git", ".hg", ".svn", ".bzr");
    private static final Set<String> LEFT_BY_BUILDS =
            Set.of("CMakeFiles", "meson-private", "meson-info", ".libs", ".deps");

    /** The header of an ELF file has as many. */
    private static final int SMALLEST_BYTES = 64;

    /** Where {@code e_type} ends in the header of an ELF file. */
    private static final int TYPE_END = 18;

    /** Changes with what is kept in a copy. */
    private static final String LAYOUT = "4";

    private SourceFiles() {}

    /**
     * What is there.
     *
     * @param files relative to the directory, in the order of their names
     * @param built whether something is left out that a build made
     */
    record Found(List<Path> files, boolean built) {}

    /** {@return the files that a build starts from} */
    static Found of(Path source) throws IOException {
        return of(source, directory -> false);
    }

    /** {@return the same without some directories} */
    static Found of(Path source, Predicate<Path> without) throws IOException {
        List<Path> files = new ArrayList<>();
        boolean[] built = {false};
        Files.walkFileTree(source, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                String name = directory.getFileName() == null
                        ? ""
                        : directory.getFileName().toString();
                boolean below = !directory.equals(source);
                boolean configured = Files.exists(directory.resolve("CMakeCache.txt"))
                        || Files.exists(directory.resolve("meson-private"));
                if (without.test(directory)) {
                    return FileVisitResult.SKIP_SUBTREE;
                }
                boolean skip = below && (VERSION_CONTROL.contains(name) || LEFT_BY_BUILDS.contains(name) || configured);
                built[0] |= skip && !VERSION_CONTROL.contains(name);
                return skip ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                boolean plain = attributes.isSymbolicLink() || attributes.isRegularFile();
                if (plain && isBuilt(file, attributes)) {
                    built[0] = true;
                } else if (plain) {
                    files.add(source.relativize(file));
                }
                return FileVisitResult.CONTINUE;
            }
        });
        files.sort(null);
        return new Found(files, built[0]);
    }

    /** {@return the executable ELF files and shared libraries below a directory} */
    static List<Path> programs(Path directory) throws IOException {
        List<Path> programs = new ArrayList<>();
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (attributes.isRegularFile() && attributes.size() > SMALLEST_BYTES) {
                    byte[] start;
                    try (InputStream stream = Files.newInputStream(file)) {
                        start = stream.readNBytes(TYPE_END);
                    }
                    int type = isElf(start) ? start[TYPE_END - 2] : 0;
                    if (type == Elf.ET_EXEC || type == Elf.ET_DYN) {
                        programs.add(file);
                    }
                }
                return FileVisitResult.CONTINUE;
            }
        });
        programs.sort(null);
        return programs;
    }

    private static boolean isElf(byte[] start) {
        return start.length >= 4 && start[0] == 0x7f && start[1] == 'E' && start[2] == 'L' && start[3] == 'F';
    }

    /** {@return whether a file is what a compiler made, which make would take for up to date} */
    static boolean isObject(Path file) {
        try (InputStream stream = Files.newInputStream(file)) {
            byte[] start = stream.readNBytes(TYPE_END);
            return start.length == TYPE_END && isElf(start) && start[TYPE_END - 2] == Elf.ET_REL;
        } catch (IOException e) {
            // Whoever copies it says so.
            return false;
        }
    }

    private static boolean isBuilt(Path file, BasicFileAttributes attributes) throws IOException {
        String name = file.getFileName().toString();
        if (name.endsWith(".lo") || name.endsWith(".la") || name.equals("CMakeCache.txt")) {
            return true;
        }
        if (attributes.isSymbolicLink() || attributes.size() < 8) {
            return false;
        }
        byte[] start;
        try (InputStream stream = Files.newInputStream(file)) {
            start = stream.readNBytes(8);
        }
        String text = new String(start, StandardCharsets.ISO_8859_1);
        return isElf(start) || text.equals("!<arch>\n") || text.equals("!<thin>\n");
    }

    /**
     * {@return 16 hexadecimal digits that change with any of the files, with their place, with the command, or with the compilers}
     *
     * @param patched what takes the place of some of the files
     */
    static String key(
            Path source, List<Path> files, SourceLinks links, String command, Map<String, Optional<SourceText>> patched)
            throws IOException {
        MessageDigest digest = sha256();
        add(digest, LAYOUT);
        // Its programs see the copy there.
        add(digest, source.toString());
        add(digest, command);
        patched.forEach((path, text) ->
                add(digest, path + "=" + text.map(SourceText::text).orElse("\0")));
        for (String variable : List.of("CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "MAKEFLAGS")) {
            add(digest, variable + "=" + System.getenv(variable));
        }
        Map<String, Path> tools = new TreeMap<>(RecordingTools.real());
        for (Map.Entry<String, Path> tool : tools.entrySet()) {
            Path real = tool.getValue().toRealPath();
            add(digest, tool.getKey() + "=" + real + " " + Files.size(real) + " " + Files.getLastModifiedTime(real));
        }
        for (Path file : files) {
            Path path = source.resolve(file);
            add(digest, file.toString());
            if (Files.isSymbolicLink(path)) {
                add(digest, "-> " + Files.readSymbolicLink(path));
            } else {
                addContents(digest, path);
            }
        }
        for (SourceLinks.Copied file : links.files()) {
            if (file.link().isEmpty()) {
                add(digest, file.path().toString());
                addContents(digest, file.from());
            } else {
                add(digest, file.path() + " -> " + file.link().get());
            }
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 8);
    }

    private static void addContents(MessageDigest digest, Path file) throws IOException {
        byte[] contents = Files.readAllBytes(file);
        digest.update(ByteBuffer.allocate(8).putLong(0, contents.length).array());
        digest.update(contents);
        add(digest, Files.isExecutable(file) ? "x" : "");
    }

    private static void add(MessageDigest digest, String text) {
        digest.update((text + "\0").getBytes(StandardCharsets.UTF_8));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
