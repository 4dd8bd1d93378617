package dev.suture.elf;

import java.lang.foreign.MemorySegment;

/**
 * Bytes that nobody has checked, what messages call them, and the test that comes before an offset is followed.
 *
 * @param name as the user knows the file
 * @param bytes the whole file, read-only
 */
record FileBytes(String name, MemorySegment bytes) {

    long sizeBytes() {
        return bytes.byteSize();
    }

    /** {@return the bytes of a range} Errors are as in {@link #checkRange}. */
    MemorySegment slice(long statedAt, String what, long fileOffset, long sizeBytes) {
        checkRange(statedAt, what, fileOffset, sizeBytes);
        return bytes.asSlice(fileOffset, sizeBytes);
    }

    /**
     * Tests that a range is within the file. Both numbers may be anything.
     *
     * @param statedAt file offset of the number that says where the range is
     * @throws ElfFormatException if it is not
     */
    void checkRange(long statedAt, String what, long fileOffset, long sizeBytes) {
        if (fileOffset < 0 || sizeBytes < 0 || fileOffset > sizeBytes() || sizeBytes > sizeBytes() - fileOffset) {
            throw bad(
                    statedAt,
                    "%s is at 0x%x with 0x%x bytes, past the end of the file (0x%x)",
                    what,
                    fileOffset,
                    sizeBytes,
                    sizeBytes());
        }
    }

    ElfFormatException bad(long fileOffset, String format, Object... values) {
        return new ElfFormatException(name, fileOffset, format.formatted(values));
    }
}
