package dev.suture.linked;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The members of an archive, tables left out.
 *
 * @see "ar(5); binutils, bfd/archive.c, on thin archives"
 */
final class ArchiveMembers {
    private static final String MAGIC = "!<arch>\n";
    private static final String THIN_MAGIC = "!<thin>\n";
    private static final int HEADER_BYTES = 60;

    private ArchiveMembers() {}

    static boolean isArchive(Path file) {
        try (var in = Files.newInputStream(file)) {
            String start = new String(in.readNBytes(MAGIC.length()), StandardCharsets.ISO_8859_1);
            return start.equals(MAGIC) || start.equals(THIN_MAGIC);
        } catch (IOException e) {
            throw new LivePatchException("%s: it cannot be read: %s".formatted(file, Cause.of(e)), e);
        }
    }

    /** {@return the contents of each member} */
    static List<byte[]> of(Path archive) {
        try {
            return read(archive, Files.readAllBytes(archive));
        } catch (IOException | IndexOutOfBoundsException | NumberFormatException e) {
            throw new LivePatchException("%s: it is no archive that can be read: %s".formatted(archive, e), e);
        }
    }

    private static List<byte[]> read(Path archive, byte[] bytes) throws IOException {
        boolean thin = text(bytes, 0, MAGIC.length()).equals(THIN_MAGIC);
        List<byte[]> members = new ArrayList<>();
        String longNames = "";
        int at = MAGIC.length();
        while (at + HEADER_BYTES <= bytes.length) {
            String name = text(bytes, at, 16).stripTrailing();
            int size = Integer.parseInt(text(bytes, at + 48, 10).strip());
            int start = at + HEADER_BYTES;
            boolean table = name.equals("/") || name.equals("/SYM64/");
            boolean names = name.equals("//");
            boolean inside = !thin || table || names;
            if (inside && (size < 0 || size > bytes.length - start)) {
                throw new IndexOutOfBoundsException("it is cut off");
            }
            if (names) {
                longNames = text(bytes, start, size);
            } else if (!table) {
                members.add(
                        inside
                                ? Arrays.copyOfRange(bytes, start, start + size)
                                : Files.readAllBytes(archive.resolveSibling(outside(name, longNames))));
            }
            at = start + (inside ? size + size % 2 : 0);
        }
        return members;
    }

    private static String text(byte[] bytes, int from, int length) {
        return new String(bytes, from, length, StandardCharsets.ISO_8859_1);
    }

    private static String outside(String name, String longNames) {
        String path = name;
        if (name.matches("/[0-9]+")) {
            int from = Integer.parseInt(name.substring(1));
            int end = longNames.indexOf('\n', from);
            path = longNames.substring(from, end < 0 ? longNames.length() : end);
        }
        return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }
}
