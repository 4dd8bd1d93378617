package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Little-endian numbers at any offset, aligned or not. */
public final class LittleEndian {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private LittleEndian() {}

    /** {@return the unsigned byte at the given offset} */
    public static int u8(MemorySegment bytes, long offset) {
        return bytes.get(ValueLayout.JAVA_BYTE, offset) & 0xff;
    }

    /** {@return the unsigned 16-bit number at the given offset} */
    public static int u16(MemorySegment bytes, long offset) {
        return bytes.get(U16, offset) & 0xffff;
    }

    /** {@return the signed 32-bit number at the given offset} */
    public static int s32(MemorySegment bytes, long offset) {
        return bytes.get(U32, offset);
    }

    /** {@return the unsigned 32-bit number at the given offset} */
    public static long u32(MemorySegment bytes, long offset) {
        return bytes.get(U32, offset) & 0xffff_ffffL;
    }

    /** {@return the 64-bit number at the given offset} */
    public static long u64(MemorySegment bytes, long offset) {
        return bytes.get(U64, offset);
    }

    /** Puts the low 8 bits of a number at the given offset. */
    public static void putU8(MemorySegment bytes, long offset, int value) {
        bytes.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
    }

    /** Puts the low 16 bits of a number at the given offset. */
    public static void putU16(MemorySegment bytes, long offset, int value) {
        bytes.set(U16, offset, (short) value);
    }

    /** Puts a 32-bit number at the given offset. */
    public static void putU32(MemorySegment bytes, long offset, int value) {
        bytes.set(U32, offset, value);
    }

    /** Puts a 64-bit number at the given offset. */
    public static void putU64(MemorySegment bytes, long offset, long value) {
        bytes.set(U64, offset, value);
    }
}
