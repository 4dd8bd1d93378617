package dev.suture.linked;

import dev.suture.dwarf.LineRow;
import dev.suture.dwarf.LineTable;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Optional;

/** Tells whether two versions of a function differ in nothing but numbers that may be lines of its source. */
final class OnlyLines {
    private final Map<ElfFile, LineTable> tables = new HashMap<>();

    /**
     * {@return whether all that differs are operands of instructions, each the number of a line that the function is made
     * from}
     *
     * @param part of an object with debug information
     * @param wanted its bytes
     * @param found what is there instead, as many bytes
     */
    boolean explain(Part part, MemorySegment wanted, MemorySegment found) {
        if (!part.piece().isCode()) {
            return false;
        }
        Isa isa = Isa.of(part.object().elf().header().machine());
        LongSummaryStatistics lines = lines(part);
        long at = 0;
        while (at < wanted.byteSize()) {
            Optional<Instruction> decoded = isa.decode(wanted, at);
            if (decoded.isEmpty() || decoded.get().endOffset() > wanted.byteSize()) {
                return false;
            }
            Instruction instruction = decoded.get();
            if (differ(wanted, found, at, instruction.endOffset()) && !isLine(instruction, wanted, found, lines)) {
                return false;
            }
            at = instruction.endOffset();
        }
        return true;
    }

    private static boolean differ(MemorySegment one, MemorySegment other, long from, long to) {
        return MemorySegment.mismatch(one, from, to, other, from, to) >= 0;
    }

    private static boolean isLine(
            Instruction instruction, MemorySegment wanted, MemorySegment found, LongSummaryStatistics lines) {
        long at = instruction.offset() + instruction.immediateAt();
        if (instruction.immediateBytes() != Integer.BYTES
                || instruction.branchTarget(wanted).isPresent()
                || differ(wanted, found, instruction.offset(), at)
                || differ(wanted, found, at + Integer.BYTES, instruction.endOffset())) {
            return false;
        }
        long line = LittleEndian.u32(wanted, at);
        return line >= lines.getMin() && line <= lines.getMax();
    }

    private LongSummaryStatistics lines(Part part) {
        long from = part.piece().sectionOffset();
        long to = from + part.piece().sizeBytes();
        List<LineRow> rows = tables.computeIfAbsent(part.object().elf(), LineTable::read)
                .rows(part.piece().section().index());
        return rows.stream()
                .filter(row -> !row.isEndOfSequence() && row.sectionOffset() >= from && row.sectionOffset() < to)
                .mapToLong(LineRow::line)
                .filter(line -> line > 0)
                .summaryStatistics();
    }
}
