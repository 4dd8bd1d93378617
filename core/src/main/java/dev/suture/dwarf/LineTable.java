package dev.suture.dwarf;

import dev.suture.elf.ElfFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which line of which file each instruction was made from. */
public final class LineTable {
    private final List<LineRow> rows;
    private final Map<Integer, List<List<LineRow>>> sequencesBySection = new HashMap<>();

    private LineTable(List<LineRow> rows) {
        this.rows = List.copyOf(rows);
        int start = 0;
        for (int at = 0; at < this.rows.size(); at++) {
            if (this.rows.get(at).isEndOfSequence()) {
                sequencesBySection
                        .computeIfAbsent(this.rows.get(at).sectionIndex(), section -> new ArrayList<>(1))
                        .add(this.rows.subList(start, at + 1));
                start = at + 1;
            }
        }
    }

    /**
     * Reads the line table of a file.
     *
     * @return an empty one if the file has none
     * @throws DwarfFormatException if it is corrupt
     * @throws dev.suture.elf.ElfFormatException if the symbol table is corrupt
     */
    public static LineTable read(ElfFile elf) {
        DebugSections sections = new DebugSections(elf);
        return new LineTable(new RunLinePrograms(new DebugInfo(sections)).run());
    }

    /** {@return all rows in the order of the file: within a sequence by offset, sequences in any order} */
    public List<LineRow> rows() {
        return rows;
    }

    /** {@return the rows for the code of one section, in the order of the file} */
    public List<LineRow> rows(int sectionIndex) {
        return sequencesBySection.getOrDefault(sectionIndex, List.of()).stream()
                .flatMap(List::stream)
                .toList();
    }

    /** {@return the row that the byte at an offset of a section belongs to} */
    public Optional<LineRow> at(int sectionIndex, long sectionOffset) {
        for (List<LineRow> sequence : sequencesBySection.getOrDefault(sectionIndex, List.of())) {
            boolean isInside = sequence.getFirst().sectionOffset() <= sectionOffset
                    && sectionOffset < sequence.getLast().sectionOffset();
            if (isInside) {
                LineRow last = sequence.getFirst();
                for (LineRow row : sequence) {
                    if (row.sectionOffset() > sectionOffset) {
                        break;
                    }
                    last = row;
                }
                return Optional.of(last);
            }
        }
        return Optional.empty();
    }
}
