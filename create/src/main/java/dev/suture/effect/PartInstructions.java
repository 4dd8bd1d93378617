package dev.suture.effect;

import dev.suture.effect.ProgramCode.Part;
import dev.suture.isa.Instruction;
import dev.suture.isa.Instruction.Flow;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where the instructions of one part of a program begin.
 *
 * @param starts of the instructions, in bytes from the beginning of the part
 * @param sizeBytes how much of the part they are, from its beginning
 * @param isComplete whether they are all of it
 * @param returns whether one of them returns
 */
record PartInstructions(int[] starts, long sizeBytes, boolean isComplete, boolean returns) {
    static PartInstructions of(Isa isa, Part part) {
        MemorySegment bytes = ProgramCode.bytes(part);
        long base = part.start() - part.section().address();
        long size = part.end() - part.start();
        int[] starts = new int[(int) Math.max(8, size / 4)];
        int count = 0;
        long at = 0;
        boolean returns = false;
        while (at < size) {
            Optional<Instruction> decoded = isa.decode(bytes, base + at);
            if (decoded.isEmpty() || at + decoded.get().sizeBytes() > size) {
                break;
            }
            if (count == starts.length) {
                starts = Arrays.copyOf(starts, 2 * count);
            }
            starts[count++] = (int) at;
            returns |= decoded.get().flow() == Flow.RETURN;
            at += decoded.get().sizeBytes();
        }
        return new PartInstructions(Arrays.copyOf(starts, count), at, at == size, returns);
    }

    /** {@return where the instruction with the byte at some offset begins; empty if none has it} */
    OptionalLong startOf(long offset) {
        if (offset < 0 || offset >= sizeBytes) {
            return OptionalLong.empty();
        }
        int at = Arrays.binarySearch(starts, (int) offset);
        return OptionalLong.of(starts[at >= 0 ? at : -at - 2]);
    }
}
