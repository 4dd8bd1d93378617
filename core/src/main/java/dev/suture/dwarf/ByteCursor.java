package dev.suture.dwarf;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.Charset;

/**
 * Reads little-endian values one after the other and never past a limit.
 *
 * <p>Who extends it says what is thrown where the bytes are not what they should be.
 */
public abstract class ByteCursor {
    private static final VarHandle U16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle U32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle U64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] bytes;
    private int position;
    private int limit;

    /** Over all of the bytes, at their start. */
    protected ByteCursor(byte[] bytes) {
        this.bytes = bytes;
        this.limit = bytes.length;
    }

    /** {@return the offset of the next byte} */
    public final int position() {
        return position;
    }

    /** {@return the offset that nothing is read from or behind} */
    public final int limit() {
        return limit;
    }

    /** {@return whether the limit is reached} */
    public final boolean atEnd() {
        return position >= limit;
    }

    /** {@return how many bytes there are before the limit} */
    public final int remaining() {
        return limit - position;
    }

    /** Goes to an offset of the section and reads no further than another. */
    public final void window(long start, long end) {
        if (start < 0 || end < start || end > bytes.length) {
            throw bad("a range from 0x%x to 0x%x, in a section of 0x%x bytes".formatted(start, end, bytes.length));
        }
        position = (int) start;
        limit = (int) end;
    }

    /** Goes to an offset of the section that is before the limit. */
    public final void seek(long offset) {
        if (offset < 0 || offset > limit) {
            throw bad("an offset of 0x%x, past the end (0x%x)".formatted(offset, limit));
        }
        position = (int) offset;
    }

    /** Goes on by a number of bytes. */
    public final void skip(long count) {
        if (count < 0 || count > limit - position) {
            throw bad("0x%x bytes are needed and 0x%x are left".formatted(count, limit - position));
        }
        position += (int) count;
    }

    /** {@return the next byte, unsigned} */
    public final int u8() {
        if (position >= limit) {
            throw bad("the data ends here, in the middle of a value");
        }
        return bytes[position++] & 0xff;
    }

    /** {@return an unsigned number of 2 bytes} */
    public final int u16() {
        int at = position;
        skip(2);
        return (short) U16.get(bytes, at) & 0xffff;
    }

    /** {@return an unsigned number of 3 bytes} */
    public final int u24() {
        int low = u16();
        return low | u8() << 16;
    }

    /** {@return an unsigned number of 4 bytes} */
    public final long u32() {
        int at = position;
        skip(4);
        return (int) U32.get(bytes, at) & 0xffff_ffffL;
    }

    /** {@return a number of 8 bytes} */
    public final long u64() {
        int at = position;
        skip(8);
        return (long) U64.get(bytes, at);
    }

    /** {@return an unsigned number of 1, 2, 4 or 8 bytes} */
    public final long unsigned(int sizeBytes) {
        return switch (sizeBytes) {
            case 1 -> u8();
            case 2 -> u16();
            case 4 -> u32();
            case 8 -> u64();
            default -> throw bad("a number of %d bytes".formatted(sizeBytes));
        };
    }

    /** {@return an unsigned LEB128 number, its low 64 bits (DWARF 5, 7.6)} */
    public final long uleb() {
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
    public final long sleb() {
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

    /** Goes on behind the next NUL. */
    public final void skipString() {
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
    public final String string(Charset charset) {
        int start = position;
        skipString();
        return new String(bytes, start, position - 1 - start, charset);
    }

    /** {@return what to throw about the bytes at the position, where {@code found} is} */
    protected abstract RuntimeException bad(String found);
}
