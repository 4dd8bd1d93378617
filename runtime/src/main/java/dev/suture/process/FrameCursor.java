package dev.suture.process;

/** Reads unwinding information, never past its end. */
final class FrameCursor {
    private final byte[] bytes;
    private final int limit;
    private int position;

    FrameCursor(byte[] bytes, int position, int limit) {
        if (position < 0 || limit > bytes.length) {
            throw new FrameTable.BrokenException("outside of the section");
        }
        this.bytes = bytes;
        this.position = position;
        this.limit = limit;
    }

    int position() {
        return position;
    }

    boolean atEnd() {
        return position >= limit;
    }

    void seek(int next) {
        if (next < 0 || next > limit) {
            throw new FrameTable.BrokenException("outside of the section");
        }
        position = next;
    }

    int u8() {
        if (position >= limit) {
            throw new FrameTable.BrokenException("the end of the section");
        }
        return bytes[position++] & 0xff;
    }

    int u16() {
        return u8() | u8() << 8;
    }

    long u32() {
        return u16() | (long) u16() << 16;
    }

    long u64() {
        return u32() | u32() << 32;
    }

    long uleb() {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            int next = u8();
            if (shift < 64) {
                value |= (long) (next & 0x7f) << shift;
            }
            if (next < 0x80) {
                return value;
            }
        }
    }

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
}
