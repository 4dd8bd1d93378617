package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads strings out of a string table.
 *
 * <p>Strings may share their tails, so that a hostile table of a million bytes has a million strings of half a million
 * bytes on average. A short string costs no more than a small multiple of the entry that names it; long ones are kept and
 * counted, and there is an end to them.
 */
final class StringTable {
    private static final int SHORT_BYTES = 256;
    private static final long ALWAYS_ALLOWED_BYTES = 1 << 20;
    private static final int ALLOWED_MULTIPLE = 16;

    private final FileBytes file;
    private final byte[] bytes;
    private final Map<Integer, String> longStrings = new HashMap<>();
    private long longBytes;

    /**
     * @param statedAt file offset of the table's own header, for messages
     * @param contents the table
     */
    StringTable(FileBytes file, long statedAt, MemorySegment contents) {
        if (contents.byteSize() > Integer.MAX_VALUE - 8) {
            throw file.bad(statedAt, "a string table of 0x%x bytes, more than 2 GiB", contents.byteSize());
        }
        this.file = file;
        this.bytes = contents.toArray(ValueLayout.JAVA_BYTE);
    }

    /**
     * {@return the string at the given offset} Offset 0 of an empty table is the empty string.
     *
     * @param offset in bytes, 0 to 2^32-1
     * @param statedAt file offset of the entry that names it
     * @param what whose name it is, such as {@code section}
     * @param index which of them
     * @throws ElfFormatException if it is not within the table, or does not end there
     */
    String string(long offset, long statedAt, String what, int index) {
        if (offset >= bytes.length) {
            if (offset == 0) {
                return "";
            }
            throw file.bad(
                    statedAt,
                    "the name of %s [%d] is at 0x%x, past the end of its string table (0x%x)",
                    what,
                    index,
                    offset,
                    bytes.length);
        }
        int begin = (int) offset;
        if (bytes[begin] == 0) {
            return "";
        }
        String known = longStrings.isEmpty() ? null : longStrings.get(begin);
        if (known != null) {
            return known;
        }
        int end = begin;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        if (end == bytes.length) {
            throw file.bad(statedAt, "the name of %s [%d] has no end within its string table", what, index);
        }
        // Names are bytes: ISO-8859-1 keeps each of them, whatever they are, and gives them back unchanged.
        String string = new String(bytes, begin, end - begin, StandardCharsets.ISO_8859_1);
        if (end - begin > SHORT_BYTES) {
            longStrings.put(begin, string);
            longBytes += end - begin;
            if (longBytes > Math.max(ALWAYS_ALLOWED_BYTES, (long) ALLOWED_MULTIPLE * bytes.length)) {
                throw file.bad(
                        statedAt,
                        "the names up to that of %s [%d] are more than %d times as long as their string table",
                        what,
                        index,
                        ALLOWED_MULTIPLE);
            }
        }
        return string;
    }
}
