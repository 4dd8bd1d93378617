package dev.suture.dwarf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The abbreviations of one unit, by code. Compilers number them 1, 2, 3 and so on; others are allowed. */
final class Abbreviations {
    private static final int MAXIMUM_ATTRIBUTES = 4096;

    private final List<Abbreviation> dense = new ArrayList<>();
    private final Map<Long, Abbreviation> sparse = new HashMap<>();

    private Abbreviations() {}

    /**
     * Reads a table.
     *
     * @param cursor stands at its start
     * @param addressBytes of the unit that uses it
     * @param offsetBytes 4 or 8: the DWARF format of the unit that uses it
     */
    static Abbreviations read(Cursor cursor, int version, int addressBytes, int offsetBytes) {
        Abbreviations table = new Abbreviations();
        int[] slots = new int[32];
        int[] forms = new int[32];
        long[] constants = new long[32];
        while (true) {
            long code = cursor.uleb();
            if (code == 0) {
                return table;
            }
            long tag = cursor.uleb();
            boolean hasChildren = cursor.u8() != 0;
            int count = 0;
            int fixedBytes = 0;
            while (true) {
                long attribute = cursor.uleb();
                long form = cursor.uleb();
                if (attribute == 0 && form == 0) {
                    break;
                }
                if (count == MAXIMUM_ATTRIBUTES) {
                    throw cursor.bad("abbreviation %d has more than %d attributes".formatted(code, count));
                }
                if (count == forms.length) {
                    slots = Arrays.copyOf(slots, count * 2);
                    forms = Arrays.copyOf(forms, count * 2);
                    constants = Arrays.copyOf(constants, count * 2);
                }
                slots[count] = Attribute.of(attribute);
                forms[count] = form < 0 || form > 0xffff ? 0 : (int) form;
                constants[count] = form == Dwarf.DW_FORM_implicit_const ? cursor.sleb() : 0;
                int bytes = fixedBytes(forms[count], version, addressBytes, offsetBytes);
                fixedBytes = fixedBytes == Abbreviation.VARIES || bytes == Abbreviation.VARIES
                        ? Abbreviation.VARIES
                        : fixedBytes + bytes;
                count++;
            }
            table.put(
                    code,
                    new Abbreviation(
                            tag < 0 || tag > 0xffff ? 0xffff : (int) tag,
                            hasChildren,
                            Arrays.copyOf(slots, count),
                            Arrays.copyOf(forms, count),
                            Arrays.copyOf(constants, count),
                            fixedBytes));
        }
    }

    private void put(long code, Abbreviation abbreviation) {
        if (code == dense.size() + 1L) {
            dense.add(abbreviation);
        } else {
            sparse.putIfAbsent(code, abbreviation);
        }
    }

    /** {@return the abbreviation of that code; null if there is none} */
    Abbreviation get(long code) {
        return code > 0 && code <= dense.size() ? dense.get((int) code - 1) : sparse.get(code);
    }

    /** {@return how many bytes a value of that form takes, or {@link Abbreviation#VARIES}} (DWARF 5, 7.5.6) */
    private static int fixedBytes(int form, int version, int addressBytes, int offsetBytes) {
        return switch (form) {
            case Dwarf.DW_FORM_flag_present, Dwarf.DW_FORM_implicit_const -> 0;
            case Dwarf.DW_FORM_data1,
                    Dwarf.DW_FORM_ref1,
                    Dwarf.DW_FORM_flag,
                    Dwarf.DW_FORM_strx1,
                    Dwarf.DW_FORM_addrx1 -> 1;
            case Dwarf.DW_FORM_data2, Dwarf.DW_FORM_ref2, Dwarf.DW_FORM_strx2, Dwarf.DW_FORM_addrx2 -> 2;
            case Dwarf.DW_FORM_strx3, Dwarf.DW_FORM_addrx3 -> 3;
            case Dwarf.DW_FORM_data4,
                    Dwarf.DW_FORM_ref4,
                    Dwarf.DW_FORM_strx4,
                    Dwarf.DW_FORM_addrx4,
                    Dwarf.DW_FORM_ref_sup4 -> 4;
            case Dwarf.DW_FORM_data8, Dwarf.DW_FORM_ref8, Dwarf.DW_FORM_ref_sig8, Dwarf.DW_FORM_ref_sup8 -> 8;
            case Dwarf.DW_FORM_data16 -> 16;
            case Dwarf.DW_FORM_addr -> addressBytes;
            case Dwarf.DW_FORM_ref_addr -> version <= 2 ? addressBytes : offsetBytes;
            case Dwarf.DW_FORM_strp,
                    Dwarf.DW_FORM_line_strp,
                    Dwarf.DW_FORM_strp_sup,
                    Dwarf.DW_FORM_sec_offset,
                    Dwarf.DW_FORM_GNU_ref_alt,
                    Dwarf.DW_FORM_GNU_strp_alt -> offsetBytes;
            default -> Abbreviation.VARIES;
        };
    }
}
