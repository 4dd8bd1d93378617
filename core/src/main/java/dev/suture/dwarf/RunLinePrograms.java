package dev.suture.dwarf;

import dev.suture.dwarf.Places.Place;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs the line number programs of a file (DWARF 5, 6.2.5).
 *
 * <p>A program is a list of instructions for a machine with a few registers; some of them append a row. In a
 * relocatable file only {@code DW_LNE_set_address} knows the section, by its relocation: the rows up to the end of the
 * sequence are in the same one.
 */
final class RunLinePrograms {
    private final DebugInfo info;
    private final DebugSection section;
    private final Places places;
    private final List<LineRow> rows = new ArrayList<>();

    private LineHeader header;
    private Cursor cursor;
    private long advanced;
    private long file;
    private long line;
    private boolean isStatement;
    private int sequenceSection;
    private long sequenceOffset;

    RunLinePrograms(DebugInfo info) {
        this.info = info;
        this.section = info.sections().section(LineHeader.LINE);
        this.places = new Places(info.sections().elf());
    }

    List<LineRow> run() {
        cursor = section.cursor();
        int at = 0;
        while (at < section.sizeBytes()) {
            header = LineHeader.read(info.sections(), info, at);
            cursor.window(header.programStart(), header.end());
            reset();
            while (!cursor.atEnd()) {
                step();
            }
            at = header.end();
        }
        return rows;
    }

    private void reset() {
        setAddress(new Place(DebugSection.NO_SECTION, 0));
        file = 1;
        line = 1;
        isStatement = header.isStatementByDefault();
    }

    private void setAddress(Place address) {
        advanced = 0;
        CodeRange range = places.range(address, address.value())
                .orElseGet(() -> new CodeRange(DebugSection.NO_SECTION, address.value(), address.value()));
        sequenceSection = range.sectionIndex();
        sequenceOffset = range.startOffset();
    }

    private void append(boolean isEndOfSequence) {
        rows.add(new LineRow(
                sequenceSection,
                sequenceOffset + advanced,
                header.fileNames().path(file),
                line & 0xffff_ffffL,
                isStatement,
                isEndOfSequence));
    }

    private void advance(long operations) {
        advanced += operations * header.minimumInstructionBytes();
    }

    private void step() {
        int opcode = cursor.u8();
        int opcodeBase = header.operandCounts().length + 1;
        if (opcode >= opcodeBase) {
            int special = opcode - opcodeBase;
            advance(special / header.lineRange());
            line += header.lineBase() + special % header.lineRange();
            append(false);
            return;
        }
        switch (opcode) {
            case 0 -> extended();
            case Dwarf.DW_LNS_copy -> append(false);
            case Dwarf.DW_LNS_advance_pc -> advance(cursor.uleb());
            case Dwarf.DW_LNS_advance_line -> line += cursor.sleb();
            case Dwarf.DW_LNS_set_file -> file = cursor.uleb();
            case Dwarf.DW_LNS_negate_stmt -> isStatement = !isStatement;
            case Dwarf.DW_LNS_const_add_pc -> advance((255 - opcodeBase) / header.lineRange());
            case Dwarf.DW_LNS_fixed_advance_pc -> advanced += cursor.u16();
            default -> {
                for (int operand = 0; operand < header.operandCounts()[opcode - 1]; operand++) {
                    cursor.uleb();
                }
            }
        }
    }

    private void extended() {
        long length = cursor.uleb();
        if (length <= 0 || length > cursor.remaining()) {
            throw cursor.bad("an instruction of 0x%x bytes, where 0x%x are left".formatted(length, cursor.remaining()));
        }
        int end = cursor.position() + (int) length;
        switch (cursor.u8()) {
            case Dwarf.DW_LNE_end_sequence -> {
                append(true);
                reset();
            }
            case Dwarf.DW_LNE_set_address -> {
                int position = cursor.position();
                setAddress(places.stored(section, position, cursor.unsigned(end - position)));
            }
            default -> {
                // Discriminators and the like: nothing that a row has.
            }
        }
        cursor.seek(end);
    }
}
