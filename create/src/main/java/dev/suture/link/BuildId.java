package dev.suture.link;

import dev.suture.elf.Elf;
import dev.suture.elf.LittleEndian;
import dev.suture.payload.PayloadDigest;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/** Build ids as ELF notes. */
final class BuildId {
    /** The length of a SHA-1 digest, which is what {@code ld --build-id} writes. */
    static final int BYTES = PayloadDigest.BYTES;

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
     * @return the id in hexadecimal digits
     */
    static String stamp(byte[] file) {
        return PayloadDigest.write(file);
    }
}
