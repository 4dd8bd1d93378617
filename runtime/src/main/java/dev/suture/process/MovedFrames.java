package dev.suture.process;

import dev.suture.elf.LittleEndian;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Makes unwinding information that also describes functions where they were moved to: an entry for each of them is added
 * behind those of the payload, which describe the copies that nobody runs.
 *
 * <p>For example an entry for 0x5000 to 0x5040, and a function that was moved from 0x5000 to 0x1000: the entry is there a
 * second time, for 0x1000 to 0x1040, with the same program, as the instructions are as long as they were.
 *
 * @see "LSB Core, 10.6: DWARF extensions"
 */
final class MovedFrames {
    private static final int PC_RELATIVE_32 = 0x1b;
    private static final int FIRST_ADDRESS_AT = 8;

    /** A function that is elsewhere. */
    record Move(long from, long sizeBytes, long to) {}

    private MovedFrames() {}

    /**
     * {@return the table with more entries, and the word of zeros that ends it}
     *
     * @param bytes what is at the address of the table, and perhaps more
     * @param address of the table in the process
     */
    static byte[] with(byte[] bytes, long address, List<Move> moves) {
        MemorySegment segment = MemorySegment.ofArray(bytes);
        List<byte[]> added = new ArrayList<>();
        FrameTable table = FrameTable.read(bytes, address);
        int end = end(segment);
        int behind = end;
        for (long at = 0; at < end; at += LittleEndian.u32(segment, at) + 4) {
            byte[] entry = Arrays.copyOfRange(bytes, (int) at, (int) (at + LittleEndian.u32(segment, at) + 4));
            byte[] moved = moved(table, entry, (int) at, address, behind, moves);
            behind += moved.length;
            added.add(moved);
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(bytes, 0, end);
        added.forEach(all::writeBytes);
        all.writeBytes(new byte[Integer.BYTES]);
        return all.toByteArray();
    }

    // What does not add up ends it.
    private static int end(MemorySegment bytes) {
        long at = 0;
        while (at + 4 <= bytes.byteSize()) {
            long size = LittleEndian.u32(bytes, at);
            if (size < Integer.BYTES || size > bytes.byteSize() - at - 4) {
                break;
            }
            at += size + 4;
        }
        return (int) at;
    }

    private static byte[] moved(FrameTable table, byte[] entry, int at, long address, int newAt, List<Move> moves) {
        MemorySegment bytes = MemorySegment.ofArray(entry);
        long back = LittleEndian.u32(bytes, 4);
        if (back == 0 || entry.length < FIRST_ADDRESS_AT + 2 * Integer.BYTES || !isUnderstood(table, at, back)) {
            return new byte[0];
        }
        long start = address + at + FIRST_ADDRESS_AT + LittleEndian.s32(bytes, FIRST_ADDRESS_AT);
        for (Move move : moves) {
            if (start >= move.from() && start < move.from() + move.sizeBytes()) {
                long newStart = start - move.from() + move.to();
                LittleEndian.putU32(bytes, 4, (int) (newAt - at + back));
                LittleEndian.putU32(bytes, FIRST_ADDRESS_AT, (int) (newStart - (address + newAt + FIRST_ADDRESS_AT)));
                return entry;
            }
        }
        return new byte[0];
    }

    private static boolean isUnderstood(FrameTable table, int at, long back) {
        try {
            return table.common((int) (at + 4 - back)).encoding() == PC_RELATIVE_32;
        } catch (FrameTable.BrokenException e) {
            return false;
        }
    }
}
