package dev.suture.link;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Build ids as ELF notes. */
final class BuildId {
    /** The length of a SHA-1 digest, which is what {@code ld --build-id} writes. */
    static final int BYTES = 20;

    /** The three lengths, and the owner's name with its NUL. */
    private static final int HEADER_BYTES = 16;

    private BuildId() {}

    /** {@return a note that holds an id given in hexadecimal digits} */
    static byte[] note(String id) {
        byte[] bytes = HexFormat.of().parseHex(id);
        int padded = (bytes.length + 3) & -4;
        byte[] note = new byte[HEADER_BYTES + padded];
        MemorySegment segment = MemorySegment.ofArray(note);
        LittleEndian.putU32(segment, 0, 4);
        LittleEndian.putU32(segment, 4, bytes.length);
        LittleEndian.putU32(segment, 8, Elf.NT_GNU_BUILD_ID);
        note[12] = 'G';
        note[13] = 'N';
        note[14] = 'U';
        System.arraycopy(bytes, 0, note, HEADER_BYTES, bytes.length);
        return note;
    }

    /**
     * Writes a file's digest, taken with the id all zero, into its build id note.
     *
     * @param file changed in place
     * @param sectionIndex of the note
     * @return the id in hexadecimal digits
     */
    static String stamp(byte[] file, int sectionIndex) {
        long noteAt = ElfFile.read("payload", file).sections().get(sectionIndex).fileOffset();
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(file);
            System.arraycopy(digest, 0, file, (int) noteAt + HEADER_BYTES, BYTES);
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-1", e);
        }
    }
}
