package dev.suture.dwarf;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.Charset;

/** Reads little-endian values one after the other and never past the limit. */
final class Cursor {
    private static final VarHandle U16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle U32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle U64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final String file;
    private final String section;
    private final byte[] bytes;
    private int position;
    private int limit;

    Cursor(String file, String section, byte[] bytes) {
        this.file = file;
        this.section = section;
        this.bytes = bytes;
        this.limit = bytes.length;
    }

    int position() {
        return position;
    }

    int limit() {
        return limit;
    }

    boolean atEnd() {
        return position >= limit;
    }

    int remaining() {
        return limit - position;
    }

    /** Goes to an offset of the section and reads no further than another. */
    void window(long start, long end) {
        if (start < 0 || end < start || end > bytes.length) {
            throw bad("a range from 0x%x to 0x%x, in a section of 0x%x bytes".formatted(start, end, bytes.length));
        }
        position = (int) start;
        limit = (int) end;
    }

    /** Goes to an offset of the section that is before the limit. */
    void seek(long offset) {
        if (offset < 0 || offset > limit) {
            throw bad("an offset of 0x%x, past the end (0x%x)".formatted(offset, limit));
        }
        position = (int) offset;
    }

    void skip(long count) {
        if (count < 0 || count > limit - position) {
            throw bad("0x%x bytes are needed and 0x%x are left".formatted(count, limit - position));
        }
        position += (int) count;
    }

    int u8() {
        if (position >= limit) {
            throw bad("the data ends here, in the middle of a value");
        }
        return bytes[position++] & 0xff;
    }

    int u16() {
        int at = position;
        skip(2);
        return (short) U16.get(bytes, at) & 0xffff;
    }

    int u24() {
        int low = u16();
        return low | u8() << 16;
    }

    long u32() {
        int at = position;
        skip(4);
        return (int) U32.get(bytes, at) & 0xffff_ffffL;
    }

    long u64() {
        int at = position;
        skip(8);
        return (long) U64.get(bytes, at);
    }

    /** {@return an unsigned number of 1, 2, 4 or 8 bytes} */
    long unsigned(int sizeBytes) {
        return switch (sizeBytes) {
            case 1 -> u8();
            case 2 -> u16();
            case 4 -> u32();
            case 8 -> u64();
            default -> throw bad("a number of %d bytes".formatted(sizeBytes));
        };
    }

    /** {@return an unsigned LEB128 number, its low 64 bits (DWARF 5, 7.6)} */
    long uleb() {
        int first = u8();
        if (first < 0x80) {
            return first;
        }
        long value = first & 0x7f;
        int shift = 7;
        while (true) {
            int next = u8();
            if (shift < 64) {
                value |= (long) (next & 0x7f) << shift;
            }
            shift += 7;
            if (next < 0x80) {
                return value;
            }
        }
    }

    /** {@return a signed LEB128 number, its low 64 bits (DWARF 5, 7.6)} */
    long sleb() {
        long value = 0;
        int shift = 0;
        while (true) {
            int next = u8();
            if (shift < 64) {
                value |= (long) (next & 0x7f) << shift;
            }
            shift += 7;
            if (next < 0x80) {
                return shift < 64 && (next & 0x40) != 0 ? value | -1L << shift : value;
            }
        }
    }

    void skipString() {
        int at = position;
        while (at < limit && bytes[at] != 0) {
            at++;
        }
        if (at == limit) {
            throw bad("a string has no end");
        }
        position = at + 1;
    }

    /** {@return the characters up to the next NUL, which is read, too} */
    String string(Charset charset) {
        int start = position;
        skipString();
        return new String(bytes, start, position - 1 - start, charset);
    }

    DwarfFormatException bad(String found) {
        return new DwarfFormatException(file, section, position, found);
    }
}
