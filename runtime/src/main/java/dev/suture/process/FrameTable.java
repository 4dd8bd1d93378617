package dev.suture.process;

import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The unwinding information of one file, {@code .eh_frame}: for each address of its code, how to get from a function's
 * registers to those of its caller.
 *
 * @see "Linux Standard Base Core 5.0, 10.6 Exception Frames; DWARF 5, 6.4.1 and 7.24"
 */
final class FrameTable {
    static final FrameTable NONE = new FrameTable(new byte[0], 0);

    /** The number of the return address among the registers, and how many there are. */
    static final int RETURN_ADDRESS = 16;

    static final int REGISTERS = 17;

    private static final int OMITTED = 0xff;
    private static final int PC_RELATIVE = 0x10;

    private final byte[] bytes;
    private final long address;
    private long[] starts = new long[256];
    private int[] entries = new int[256];
    private int count;

    /** Reads words of the process's memory. */
    interface Words {
        /** @throws BrokenException if there is nothing at the address */
        long at(long address);
    }

    /** The information does not add up, or leads to where there is no memory. */
    static final class BrokenException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        BrokenException(String message) {
            super(message);
        }
    }

    /** What all functions compiled in one way have in common. */
    record Common(
            long codeUnit,
            long dataUnit,
            int encoding,
            boolean hasAugmentation,
            boolean isSignal,
            int start,
            int end) {}

    /** How to leave one function. */
    record Frame(
            FrameTable table, Common common, long start, long end, int programStart, int programEnd, long address) {
        boolean isSignal() {
            return common.isSignal();
        }

        /** {@return whether its first instruction finds the stack as a call leaves it} */
        boolean isEntry() {
            Frame first = new Frame(table, common, start, end, programStart, programEnd, start);
            try {
                return new FrameProgram(table.bytes, common).isEntry(first);
            } catch (BrokenException e) {
                return false;
            }
        }

        /** {@return whether there is a caller; the registers are then the caller's} */
        boolean step(long[] registers, Words words) {
            return new FrameProgram(table.bytes, common).step(this, registers, words);
        }
    }

    private FrameTable(byte[] bytes, long address) {
        this.bytes = bytes;
        this.address = address;
    }

    /**
     * Reads a table.
     *
     * @param bytes of the section
     * @param address of it in the process
     */
    static FrameTable read(byte[] bytes, long address) {
        FrameTable table = new FrameTable(bytes, address);
        table.index();
        return table;
    }

    private void index() {
        MemorySegment segment = MemorySegment.ofArray(bytes);
        long at = 0;
        while (at + 4 <= bytes.length) {
            long size = LittleEndian.u32(segment, at);
            if (size == 0 || size > bytes.length - at - 4) {
                break;
            }
            if (LittleEndian.u32(segment, at + 4) != 0) {
                try {
                    Common common = common((int) (at + 4 - LittleEndian.u32(segment, at + 4)));
                    FrameCursor cursor = new FrameCursor(bytes, (int) at + 8, bytes.length);
                    add(encoded(cursor, common.encoding()), (int) at);
                } catch (BrokenException e) {
                    // One entry that makes no sense takes nothing from the others.
                    at += size + 4;
                    continue;
                }
            }
            at += size + 4;
        }
        sort();
    }

    private void add(long start, int entry) {
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, count * 2);
            entries = Arrays.copyOf(entries, count * 2);
        }
        starts[count] = start;
        entries[count++] = entry;
    }

    private void sort() {
        Integer[] order = new Integer[count];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Long.compareUnsigned(starts[a], starts[b]));
        long[] sortedStarts = new long[count];
        int[] sortedEntries = new int[count];
        for (int i = 0; i < count; i++) {
            sortedStarts[i] = starts[order[i]];
            sortedEntries[i] = entries[order[i]];
        }
        starts = sortedStarts;
        entries = sortedEntries;
    }

    private long encoded(FrameCursor cursor, int encoding) {
        int at = cursor.position();
        long value = switch (encoding & 0x0f) {
            case 0x00, 0x04, 0x0c -> cursor.u64();
            case 0x02 -> cursor.u16();
            case 0x03 -> cursor.u32();
            case 0x0a -> (short) cursor.u16();
            case 0x0b -> (int) cursor.u32();
            case 0x01 -> cursor.uleb();
            case 0x09 -> cursor.sleb();
            default -> throw new BrokenException("pointer encoding " + encoding);
        };
        if ((encoding & 0x70) == PC_RELATIVE) {
            return value + address + at;
        }
        return value;
    }

    /** {@return what the functions have in common that name the entry at an offset} */
    Common common(int at) {
        FrameCursor cursor = new FrameCursor(bytes, at, bytes.length);
        int end = at + 4 + (int) cursor.u32();
        if (end > bytes.length || end < at || cursor.u32() != 0) {
            throw new BrokenException("no common entry");
        }
        int version = cursor.u8();
        StringBuilder augmentation = new StringBuilder();
        for (int c = cursor.u8(); c != 0; c = cursor.u8()) {
            augmentation.append((char) c);
        }
        long codeUnit = cursor.uleb();
        long dataUnit = cursor.sleb();
        long returnColumn = version == 1 ? cursor.u8() : cursor.uleb();
        if (returnColumn != RETURN_ADDRESS) {
            throw new BrokenException("return address in column " + returnColumn);
        }
        int encoding = 0;
        boolean isSignal = false;
        boolean hasAugmentation = augmentation.indexOf("z") == 0;
        if (hasAugmentation) {
            int size = (int) cursor.uleb();
            int program = cursor.position() + size;
            for (int i = 1; i < augmentation.length(); i++) {
                switch (augmentation.charAt(i)) {
                    case 'R' -> encoding = cursor.u8();
                    case 'P' -> encoded(cursor, cursor.u8() & 0x0f);
                    case 'L' -> cursor.u8();
                    case 'S' -> isSignal = true;
                    default -> throw new BrokenException("augmentation " + augmentation);
                }
            }
            cursor.seek(program);
        }
        if (encoding == OMITTED) {
            throw new BrokenException("no addresses");
        }
        return new Common(codeUnit, dataUnit, encoding, hasAugmentation, isSignal, cursor.position(), end);
    }

    /** {@return how to leave the function at an address; empty if nothing is known of it} */
    Optional<Frame> at(long wanted) {
        int low = 0;
        int high = count - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (Long.compareUnsigned(starts[middle], wanted) <= 0) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        if (count == 0 || Long.compareUnsigned(starts[low], wanted) > 0) {
            return Optional.empty();
        }
        int at = entries[low];
        FrameCursor cursor = new FrameCursor(bytes, at, bytes.length);
        int end = at + 4 + (int) cursor.u32();
        int back = (int) cursor.u32();
        Common common = common(at + 4 - back);
        long start = encoded(cursor, common.encoding());
        long size = encoded(cursor, common.encoding() & 0x0f);
        if (wanted - start >= size) {
            return Optional.empty();
        }
        if (common.hasAugmentation()) {
            int skip = (int) cursor.uleb();
            cursor.seek(cursor.position() + skip);
        }
        return Optional.of(new Frame(this, common, start, start + size, cursor.position(), end, wanted));
    }

    /** {@return the first address behind another at which something known starts} */
    OptionalLong startAfter(long address) {
        int low = indexAfter(address);
        return low < count ? OptionalLong.of(starts[low]) : OptionalLong.empty();
    }

    /** {@return the end of what starts last at or before an address} */
    OptionalLong endBefore(long address) {
        int low = indexAfter(address) - 1;
        if (low < 0) {
            return OptionalLong.empty();
        }
        try {
            return at(starts[low]).map(frame -> OptionalLong.of(frame.end())).orElse(OptionalLong.of(starts[low]));
        } catch (BrokenException e) {
            return OptionalLong.of(starts[low]);
        }
    }

    private int indexAfter(long address) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(starts[middle], address) <= 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
