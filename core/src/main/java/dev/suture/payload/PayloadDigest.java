package dev.suture.payload;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The build id of a payload, which is the SHA-1 of the file with the id all zero: whoever has the file can see that it is
 * as it was made. {@code ld --build-id} writes digests of another kind, which leave out relocations and symbols.
 */
public final class PayloadDigest {
    /** How long it is. */
    public static final int BYTES = 20;

    /** In a note: the three lengths, and the owner's name with its NUL. */
    private static final int HEADER_BYTES = 16;

    private PayloadDigest() {}

    /** {@return whether the build id is the digest of the file} */
    public static boolean isRight(ElfFile elf) {
        return idAt(elf)
                .map(at -> {
                    byte[] file = elf.contents().toArray(ValueLayout.JAVA_BYTE);
                    byte[] id = Arrays.copyOfRange(file, at, at + BYTES);
                    return Arrays.equals(id, digest(file, at));
                })
                .orElse(false);
    }

    /**
     * Writes the digest into a file.
     *
     * @param file a payload with a build id of that length, changed in place
     * @return the id in hexadecimal digits
     * @throws IllegalStateException if it has no room for one
     */
    public static String write(byte[] file) {
        int at = idAt(ElfFile.read("payload", file))
                .orElseThrow(() -> new IllegalStateException("a payload without a build id of 20 bytes"));
        byte[] digest = digest(file, at);
        System.arraycopy(digest, 0, file, at, BYTES);
        return HexFormat.of().formatHex(digest);
    }

    private static Optional<Integer> idAt(ElfFile elf) {
        return elf.section(PayloadSections.BUILD_ID)
                .filter(PayloadDigest::isNote)
                .map(section -> Math.toIntExact(section.fileOffset()) + HEADER_BYTES);
    }

    private static boolean isNote(Section section) {
        MemorySegment note = section.contents();
        return note.byteSize() >= HEADER_BYTES + BYTES
                && LittleEndian.u32(note, 0) == 4
                && LittleEndian.u32(note, 4) == BYTES
                && LittleEndian.u32(note, 8) == Elf.NT_GNU_BUILD_ID;
    }

    private static byte[] digest(byte[] file, int idAt) {
        byte[] without = file.clone();
        Arrays.fill(without, idAt, idAt + BYTES, (byte) 0);
        try {
            return MessageDigest.getInstance("SHA-1").digest(without);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-1", e);
        }
    }
}
