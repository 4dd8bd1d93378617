package dev.suture.create;

import dev.suture.elf.LittleEndian;
import dev.suture.image.LinkedCode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Tells names of the same source from each other's directories: {@code __FILE__} is a whole path where the build calls its
 * compiler with one, and the copy of the source is elsewhere than the source the program was built from.
 *
 * @param copy where the copy is
 */
record CopiedPaths(Path copy) {
    private static final int LONGEST = 4096;

    /**
     * {@return whether a text that the program has at an address names the same file of the source as one of an object}
     * Only what leads into the copy can; the rest of the path has to be the same.
     */
    boolean isSameFile(MemorySegment text, long address, LinkedCode linked) {
        String here = new String(
                text.toArray(ValueLayout.JAVA_BYTE),
                0,
                Math.toIntExact(text.byteSize()) - 1,
                StandardCharsets.ISO_8859_1);
        String root = copy + "/";
        if (!here.startsWith(root)) {
            return false;
        }
        String file = here.substring(root.length());
        return text(address, linked)
                .filter(there -> there.equals(file) || there.endsWith("/" + file))
                .isPresent();
    }

    private static Optional<String> text(long address, LinkedCode linked) {
        StringBuilder text = new StringBuilder();
        for (long at = address; at < address + LONGEST; at++) {
            Optional<MemorySegment> one = linked.bytes(at, 1);
            if (one.isEmpty()) {
                return Optional.empty();
            }
            int character = LittleEndian.u8(one.get(), 0);
            if (character == 0) {
                return Optional.of(text.toString());
            }
            text.append((char) character);
        }
        return Optional.empty();
    }
}
