package dev.suture.build.make;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/**
 * Makes an archive in which other objects take the place of some members. A member is known by its contents, which are
 * those of the object that the build put there: names of members are short and may occur twice.
 *
 * @see "ar(5); binutils, bfd/archive.c, on thin archives"
 */
final class ReplaceMembers {
    private static final String MAGIC = "!<arch>\n";
    private static final String THIN_MAGIC = "!<thin>\n";
    private static final int HEADER_BYTES = 60;

    private final Path archive;
    private final byte[] bytes;
    private final boolean thin;
    private final Map<Path, Path> replaced;
    private final Set<Path> used;
    private final Mounts mounts;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private byte[] longNames = {};
    private boolean changed;

    private ReplaceMembers(Path archive, byte[] bytes, Map<Path, Path> replaced, Set<Path> used, Mounts mounts) {
        this.archive = archive;
        this.bytes = bytes;
        this.replaced = replaced;
        this.used = used;
        this.mounts = mounts;
        thin = text(0, MAGIC.length()).equals(THIN_MAGIC);
    }

    static boolean isArchive(Path file) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) < MAGIC.length()) {
            return false;
        }
        try (var in = Files.newInputStream(file)) {
            String start = new String(in.readNBytes(MAGIC.length()), StandardCharsets.ISO_8859_1);
            return start.equals(MAGIC) || start.equals(THIN_MAGIC);
        }
    }

    /**
     * Writes the archive.
     *
     * @param to where to; nothing is written if no member is replaced
     * @param replaced by what, by the object that the build made
     * @param mounts where what it names is seen
     * @param used gets those of the objects that were found
     * @return whether it was written; it has no table of symbols yet
     */
    static boolean write(Path archive, Path to, Map<Path, Path> replaced, Set<Path> used, Mounts mounts)
            throws IOException, CannotLinkException {
        ReplaceMembers work = new ReplaceMembers(archive, Files.readAllBytes(archive), replaced, used, mounts);
        work.copy();
        if (work.changed) {
            Files.write(to, work.out.toByteArray());
        }
        return work.changed;
    }

    private String text(int from, int length) {
        return new String(bytes, from, length, StandardCharsets.ISO_8859_1);
    }

    private void copy() throws IOException, CannotLinkException {
        out.writeBytes(MAGIC.getBytes(StandardCharsets.ISO_8859_1));
        int at = MAGIC.length();
        while (at + HEADER_BYTES <= bytes.length) {
            String name = text(at, 16).stripTrailing();
            int size = size(at);
            boolean table = name.equals("/") || name.equals("/SYM64/");
            boolean names = name.equals("//");
            boolean inside = !thin || table || names;
            int start = at + HEADER_BYTES;
            if (inside && start + (long) size > bytes.length) {
                throw new CannotLinkException("%s is cut off".formatted(archive));
            }
            if (names) {
                longNames = Arrays.copyOfRange(bytes, start, start + size);
                if (!thin) {
                    member(at, name, longNames);
                }
            } else if (!table) {
                byte[] contents = inside ? Arrays.copyOfRange(bytes, start, start + size) : outside(name);
                member(at, thin ? "member.o/" : name, replacement(contents));
            }
            at = start + (inside ? size + size % 2 : 0);
        }
    }

    private int size(int header) throws CannotLinkException {
        try {
            return Integer.parseInt(text(header + 48, 10).strip());
        } catch (NumberFormatException e) {
            throw new CannotLinkException("%s is no archive that can be read".formatted(archive));
        }
    }

    /** {@return the contents of a member that a thin archive only names} */
    private byte[] outside(String name) throws IOException, CannotLinkException {
        String path = name;
        if (name.matches("/[0-9]+")) {
            int from = Integer.parseInt(name.substring(1));
            int end = from;
            while (end < longNames.length && longNames[end] != '\n') {
                end++;
            }
            path = new String(longNames, from, Math.max(0, end - from), StandardCharsets.UTF_8);
        }
        path = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        Path file = mounts.real(archive.getParent().resolve(path).normalize());
        if (!Files.isRegularFile(file) || isArchive(file)) {
            throw new CannotLinkException("%s names %s, which is no object".formatted(archive, path));
        }
        return Files.readAllBytes(file);
    }

    private byte[] replacement(byte[] contents) throws IOException {
        for (Map.Entry<Path, Path> one : replaced.entrySet()) {
            Path built = one.getKey();
            if (Files.isRegularFile(built)
                    && Files.size(built) == contents.length
                    && Arrays.equals(Files.readAllBytes(built), contents)) {
                used.add(built);
                changed = true;
                return Files.readAllBytes(one.getValue());
            }
        }
        return contents;
    }

    private void member(int header, String name, byte[] contents) {
        String line = "%-16s%s%-10d`\n".formatted(name, text(header + 16, 32), contents.length);
        out.writeBytes(line.getBytes(StandardCharsets.ISO_8859_1));
        out.writeBytes(contents);
        if (contents.length % 2 != 0) {
            out.write('\n');
        }
    }
}
