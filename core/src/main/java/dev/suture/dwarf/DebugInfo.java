package dev.suture.dwarf;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The units of one file and what their entries refer to: strings, types by signature, file names. */
final class DebugInfo {
    /** Stands for a reference that is not there. */
    static final int NO_ENTRY = -1;

    private static final String STR = ".debug_str";
    private static final String LINE_STR = ".debug_line_str";

    private final DebugSections sections;
    private final DebugSection section;
    private final List<Unit> units = new ArrayList<>();
    private final Map<Long, Integer> typesBySignature = new HashMap<>();
    private final IntMap<String> strings = new IntMap<>();
    private final IntMap<String> lineStrings = new IntMap<>();
    private final Map<Long, FileNames> fileNames = new HashMap<>();
    private final Cursor stringCursor;
    private final Cursor lineStringCursor;
    private final Cursor infoCursor;
    private int[] unitStarts;

    DebugInfo(DebugSections sections) {
        this.sections = sections;
        this.section = sections.section(DebugSections.INFO);
        this.stringCursor = sections.section(STR).cursor();
        this.lineStringCursor = sections.section(LINE_STR).cursor();
        this.infoCursor = section.cursor();
        readUnits();
    }

    private void readUnits() {
        Cursor cursor = section.cursor();
        Map<List<Long>, Abbreviations> tables = new HashMap<>();
        int typesBase = sections.typesBase();
        while (!cursor.atEnd()) {
            Unit unit = header(cursor, cursor.position() >= typesBase, tables);
            if (unit.type() == Dwarf.DW_UT_type) {
                typesBySignature.putIfAbsent(unit.signature(), unit.typeEntry());
            }
            units.add(unit);
            cursor.seek(unit.end());
        }
        unitStarts = units.stream().mapToInt(Unit::start).toArray();
        units.replaceAll(this::withBases);
    }

    private Unit header(Cursor cursor, boolean isTypesSection, Map<List<Long>, Abbreviations> tables) {
        int start = cursor.position();
        int offsetBytes = 4;
        long length = cursor.u32();
        if (length == 0xffff_ffffL) {
            offsetBytes = 8;
            length = cursor.u64();
        }
        if (length < 0 || length > cursor.remaining()) {
            throw section.bad(start, "a unit of 0x%x bytes, where 0x%x are left", length, cursor.remaining());
        }
        int end = cursor.position() + (int) length;
        int version = cursor.u16();
        if (version < 2 || version > 5) {
            throw section.bad(start, "a unit of DWARF version %d, expected 2 to 5", version);
        }
        int type = isTypesSection ? Dwarf.DW_UT_type : Dwarf.DW_UT_compile;
        int addressBytes;
        long abbreviationsAt;
        if (version == 5) {
            type = cursor.u8();
            addressBytes = cursor.u8();
            abbreviationsAt = cursor.unsigned(offsetBytes);
        } else {
            abbreviationsAt = cursor.unsigned(offsetBytes);
            addressBytes = cursor.u8();
        }
        if (addressBytes != 4 && addressBytes != 8) {
            throw section.bad(start, "a unit with addresses of %d bytes", addressBytes);
        }
        long signature = 0;
        long typeOffset = 0;
        switch (type) {
            case Dwarf.DW_UT_type -> {
                signature = cursor.u64();
                typeOffset = cursor.unsigned(offsetBytes);
                if (typeOffset < cursor.position() - start || typeOffset >= end - start) {
                    throw section.bad(start, "the type of a type unit is at 0x%x, outside of it", typeOffset);
                }
            }
            case Dwarf.DW_UT_compile, Dwarf.DW_UT_partial -> {}
            case Dwarf.DW_UT_skeleton, Dwarf.DW_UT_split_compile, Dwarf.DW_UT_split_type ->
                throw section.bad(
                        start,
                        "the debug information is in a .dwo file; build without -gsplit-dwarf (unit type %d)",
                        type);
            default -> throw section.bad(start, "a unit of type %d", type);
        }
        if (cursor.position() > end) {
            throw section.bad(start, "a unit of 0x%x bytes is too short for its header", length);
        }
        List<Long> key = List.of(abbreviationsAt, (long) addressBytes, (long) offsetBytes, (long) version);
        Abbreviations abbreviations = tables.get(key);
        if (abbreviations == null) {
            Cursor table = sections.section(".debug_abbrev").cursor();
            table.seek(abbreviationsAt);
            abbreviations = Abbreviations.read(table, version, addressBytes, offsetBytes);
            tables.put(key, abbreviations);
        }
        return new Unit(
                start,
                end,
                cursor.position(),
                version,
                type,
                addressBytes,
                offsetBytes,
                signature,
                start + (int) typeOffset,
                abbreviations,
                Unit.Bases.UNKNOWN);
    }

    private Unit withBases(Unit unit) {
        if (unit.firstEntry() >= unit.end()) {
            return unit;
        }
        Entry first = new Entry(this);
        first.read(unit, unit.firstEntry());
        if (first.has(Attribute.DWO_NAME)) {
            throw first.bad("the debug information is in a .dwo file; build without -gsplit-dwarf");
        }
        return unit.with(new Unit.Bases(
                first.sectionOffset(Attribute.STR_OFFSETS_BASE),
                first.sectionOffset(Attribute.ADDR_BASE),
                first.sectionOffset(Attribute.RNGLISTS_BASE),
                first.sectionOffset(Attribute.STMT_LIST)));
    }

    DebugSections sections() {
        return sections;
    }

    /** {@return the section that entries are in} */
    DebugSection section() {
        return section;
    }

    /** {@return the units in the order of the section} */
    List<Unit> units() {
        return units;
    }

    /** {@return the unit that has the entry at an offset of the section} */
    Unit unitOf(int entryOffset) {
        int found = Arrays.binarySearch(unitStarts, entryOffset);
        int index = found >= 0 ? found : -found - 2;
        if (index < 0 || entryOffset < units.get(index).firstEntry()) {
            throw section.bad(entryOffset, "a reference to here, where no entry can be");
        }
        return units.get(index);
    }

    /** {@return the offset of the type of that signature (DWARF 5, 7.32)} */
    int typeBySignature(long signature, int statedAt) {
        Integer offset = typesBySignature.get(signature);
        if (offset == null) {
            throw section.bad(statedAt, "type 0x%016x has no type unit", signature);
        }
        return offset;
    }

    /** {@return the files that numbers in a unit's entries stand for} */
    FileNames fileNames(Unit unit) {
        long at = unit.bases().lines();
        return at == Unit.ABSENT
                ? FileNames.NONE
                : fileNames.computeIfAbsent(
                        at, lines -> LineHeader.read(sections, this, lines).fileNames());
    }

    /** {@return the text that a value stands for} */
    String string(Unit unit, int form, int position, long value) {
        return switch (form) {
            case Dwarf.DW_FORM_string -> {
                infoCursor.seek(position);
                yield infoCursor.string(StandardCharsets.ISO_8859_1);
            }
            case Dwarf.DW_FORM_strp -> string(strings, stringCursor, value, StandardCharsets.ISO_8859_1);
            case Dwarf.DW_FORM_line_strp -> lineString(value);
            case Dwarf.DW_FORM_strx,
                    Dwarf.DW_FORM_strx1,
                    Dwarf.DW_FORM_strx2,
                    Dwarf.DW_FORM_strx3,
                    Dwarf.DW_FORM_strx4 -> {
                long base = unit.bases().stringOffsets();
                Cursor offsets = sections.section(".debug_str_offsets").cursor();
                offsets.seek(
                        tableEntry(base == Unit.ABSENT ? 2L * unit.offsetBytes() : base, value, unit.offsetBytes()));
                yield string(strings, stringCursor, offsets.unsigned(unit.offsetBytes()), StandardCharsets.ISO_8859_1);
            }
            case Dwarf.DW_FORM_GNU_strp_alt, Dwarf.DW_FORM_strp_sup ->
                throw section.bad(position, "a string in another file (as dwz makes them) cannot be read");
            default -> throw section.bad(position, "form 0x%x where a string is expected", form);
        };
    }

    /** {@return the text at an offset of {@code .debug_line_str}, which holds paths and nothing else} */
    String lineString(long offset) {
        return string(lineStrings, lineStringCursor, offset, StandardCharsets.UTF_8);
    }

    /** {@return the text at an offset of {@code .debug_str}, as a path} */
    String pathString(long offset) {
        stringCursor.seek(offset);
        return stringCursor.string(StandardCharsets.UTF_8);
    }

    /** {@return the offset of an entry in a table of offsets or addresses; -1, which no section has, if it overflows} */
    static long tableEntry(long base, long index, int entryBytes) {
        return index < 0 || index > Integer.MAX_VALUE ? -1 : base + index * entryBytes;
    }

    private static String string(IntMap<String> known, Cursor cursor, long offset, Charset charset) {
        cursor.seek(offset);
        String text = known.get((int) offset);
        if (text == null) {
            text = cursor.string(charset);
            known.put((int) offset, text);
        }
        return text;
    }
}
