package dev.suture.dwarf;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The header of one line number program (DWARF 5, 6.2.4).
 *
 * @param start where it is in {@code .debug_line}
 * @param end where its program ends
 * @param programStart where its program begins
 * @param operandCounts of the standard opcodes, from opcode 1 at index 0
 */
record LineHeader(
        int start,
        int end,
        int programStart,
        int version,
        int addressBytes,
        int minimumInstructionBytes,
        boolean isStatementByDefault,
        int lineBase,
        int lineRange,
        int[] operandCounts,
        FileNames fileNames) {

    static final String LINE = ".debug_line";

    /** Reads the header at an offset of {@code .debug_line}. */
    static LineHeader read(DebugSections sections, DebugInfo info, long at) {
        DebugSection section = sections.section(LINE);
        Cursor cursor = section.cursor();
        cursor.seek(at);
        int start = cursor.position();
        int offsetBytes = 4;
        long length = cursor.u32();
        if (length == 0xffff_ffffL) {
            offsetBytes = 8;
            length = cursor.u64();
        }
        if (length < 0 || length > cursor.remaining()) {
            throw section.bad(start, "a line table of 0x%x bytes, where 0x%x are left", length, cursor.remaining());
        }
        int end = cursor.position() + (int) length;
        cursor.window(cursor.position(), end);
        int version = cursor.u16();
        if (version < 2 || version > 5) {
            throw section.bad(start, "a line table of version %d, expected 2 to 5", version);
        }
        int addressBytes = 8;
        if (version == 5) {
            addressBytes = cursor.u8();
            cursor.skip(1);
        }
        long headerBytes = cursor.unsigned(offsetBytes);
        if (headerBytes < 0 || headerBytes > cursor.remaining()) {
            throw section.bad(start, "a line table with a header of 0x%x bytes", headerBytes);
        }
        int programStart = cursor.position() + (int) headerBytes;
        int minimumInstructionBytes = cursor.u8();
        if (version >= 4) {
            cursor.skip(1);
        }
        boolean isStatement = cursor.u8() != 0;
        int lineBase = (byte) cursor.u8();
        int lineRange = cursor.u8();
        int opcodeBase = cursor.u8();
        if (lineRange == 0 || opcodeBase == 0) {
            throw section.bad(start, "a line table with line range %d and opcode base %d", lineRange, opcodeBase);
        }
        int[] operandCounts = new int[opcodeBase - 1];
        for (int opcode = 0; opcode < operandCounts.length; opcode++) {
            operandCounts[opcode] = cursor.u8();
        }
        FileNames names = version == 5 ? names(cursor, info, offsetBytes) : oldNames(cursor);
        return new LineHeader(
                start,
                end,
                programStart,
                version,
                addressBytes,
                minimumInstructionBytes,
                isStatement,
                lineBase,
                lineRange,
                operandCounts,
                names);
    }

    private static FileNames names(Cursor cursor, DebugInfo info, int offsetBytes) {
        List<String> directories = new ArrayList<>();
        for (FileNames.Name directory : entries(cursor, info, offsetBytes)) {
            directories.add(directory.name());
        }
        return new FileNames(0, directories, entries(cursor, info, offsetBytes));
    }

    private static List<FileNames.Name> entries(Cursor cursor, DebugInfo info, int offsetBytes) {
        int formatCount = cursor.u8();
        long[] formats = new long[formatCount * 2];
        for (int at = 0; at < formats.length; at++) {
            formats[at] = cursor.uleb();
        }
        long count = cursor.uleb();
        // An entry without any bytes would let a number alone decide how long this takes.
        if (count < 0 || count > cursor.remaining()) {
            throw cursor.bad("0x%x files or directories in 0x%x bytes".formatted(count, cursor.remaining()));
        }
        List<FileNames.Name> entries = new ArrayList<>();
        for (long at = 0; at < count; at++) {
            String name = "";
            long directory = 0;
            for (int format = 0; format < formats.length; format += 2) {
                long kind = formats[format];
                long form = formats[format + 1];
                if (kind == Dwarf.DW_LNCT_path) {
                    name = pathValue(cursor, info, form, offsetBytes);
                } else if (kind == Dwarf.DW_LNCT_directory_index) {
                    directory = numberValue(cursor, form);
                } else {
                    skipValue(cursor, form, offsetBytes);
                }
            }
            entries.add(new FileNames.Name(name, directory));
        }
        return entries;
    }

    private static String pathValue(Cursor cursor, DebugInfo info, long form, int offsetBytes) {
        if (form == Dwarf.DW_FORM_line_strp) {
            return info.lineString(cursor.unsigned(offsetBytes));
        }
        if (form == Dwarf.DW_FORM_strp) {
            return info.pathString(cursor.unsigned(offsetBytes));
        }
        if (form == Dwarf.DW_FORM_string) {
            return cursor.string(StandardCharsets.UTF_8);
        }
        throw cursor.bad("form 0x%x for a path".formatted(form));
    }

    private static long numberValue(Cursor cursor, long form) {
        if (form == Dwarf.DW_FORM_udata) {
            return cursor.uleb();
        }
        if (form == Dwarf.DW_FORM_data1) {
            return cursor.u8();
        }
        if (form == Dwarf.DW_FORM_data2) {
            return cursor.u16();
        }
        throw cursor.bad("form 0x%x for a directory index".formatted(form));
    }

    private static void skipValue(Cursor cursor, long form, int offsetBytes) {
        switch (form > 0xffff || form < 0 ? 0 : (int) form) {
            case Dwarf.DW_FORM_data1, Dwarf.DW_FORM_flag -> cursor.skip(1);
            case Dwarf.DW_FORM_data2 -> cursor.skip(2);
            case Dwarf.DW_FORM_data4 -> cursor.skip(4);
            case Dwarf.DW_FORM_data8 -> cursor.skip(8);
            case Dwarf.DW_FORM_data16 -> cursor.skip(16);
            case Dwarf.DW_FORM_udata, Dwarf.DW_FORM_sdata -> cursor.uleb();
            case Dwarf.DW_FORM_strp, Dwarf.DW_FORM_line_strp, Dwarf.DW_FORM_sec_offset -> cursor.skip(offsetBytes);
            case Dwarf.DW_FORM_string -> cursor.skipString();
            case Dwarf.DW_FORM_block -> cursor.skip(cursor.uleb());
            case Dwarf.DW_FORM_block1 -> cursor.skip(cursor.u8());
            default -> throw cursor.bad("form 0x%x in a table of files".formatted(form));
        }
    }

    /** @see "DWARF 4, 6.2.4: include_directories and file_names" */
    private static FileNames oldNames(Cursor cursor) {
        List<String> directories = new ArrayList<>();
        directories.add("");
        while (true) {
            String directory = cursor.string(StandardCharsets.UTF_8);
            if (directory.isEmpty()) {
                break;
            }
            directories.add(directory);
        }
        List<FileNames.Name> names = new ArrayList<>();
        while (true) {
            String name = cursor.string(StandardCharsets.UTF_8);
            if (name.isEmpty()) {
                return new FileNames(1, directories, names);
            }
            long directory = cursor.uleb();
            cursor.uleb();
            cursor.uleb();
            names.add(new FileNames.Name(name, directory));
        }
    }
}
