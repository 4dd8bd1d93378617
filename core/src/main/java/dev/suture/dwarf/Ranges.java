package dev.suture.dwarf;

import dev.suture.dwarf.Places.Place;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the code that an entry is about: one range from {@code DW_AT_low_pc} on, or a list.
 *
 * @see "DWARF 5, 2.17 and 7.25; DWARF 4, 2.17.3 for .debug_ranges"
 */
final class Ranges {
    private static final Place NOWHERE = new Place(DebugSection.NO_SECTION, 0);

    private final DebugInfo info;
    private final Places places;
    private long entriesLeft;
    private Unit unit;
    private Place unitBase = NOWHERE;

    Ranges(DebugInfo info, Places places) {
        this.info = info;
        this.places = places;
        // One list serves an entry or two. In damaged files all entries may share a very long one.
        this.entriesLeft = 100_000L + 16L * info.section().sizeBytes();
    }

    /** {@return the ranges of an entry, without empty ones; none if it is about no code} */
    List<CodeRange> of(Entry entry) {
        if (entry.has(Attribute.RANGES)) {
            return list(entry);
        }
        if (!entry.has(Attribute.LOW_PC)) {
            return List.of();
        }
        Place low = address(entry, Attribute.LOW_PC);
        long high = low.value();
        if (entry.isConstant(Attribute.HIGH_PC)) {
            high += entry.constant(Attribute.HIGH_PC, 0);
        } else if (entry.has(Attribute.HIGH_PC)) {
            high = address(entry, Attribute.HIGH_PC).value();
        }
        List<CodeRange> ranges = new ArrayList<>(1);
        add(low, high, ranges);
        return ranges;
    }

    private void add(Place start, long endValue, List<CodeRange> into) {
        if (--entriesLeft < 0) {
            throw info.section().bad(unit == null ? 0 : unit.start(), "lists of ranges are used too often");
        }
        if (Long.compareUnsigned(endValue, start.value()) > 0) {
            places.range(start, endValue).ifPresent(into::add);
        }
    }

    /** {@return an address in an entry, stored there or in the table of addresses} */
    private Place address(Entry entry, int attribute) {
        return switch (entry.form(attribute)) {
            case Dwarf.DW_FORM_addr -> places.stored(info.section(), entry.position(attribute), entry.raw(attribute));
            case Dwarf.DW_FORM_addrx,
                    Dwarf.DW_FORM_addrx1,
                    Dwarf.DW_FORM_addrx2,
                    Dwarf.DW_FORM_addrx3,
                    Dwarf.DW_FORM_addrx4 -> tableAddress(entry.unit(), entry.raw(attribute));
            default -> throw entry.bad("form 0x%x where an address is expected".formatted(entry.form(attribute)));
        };
    }

    /** {@return an address of {@code .debug_addr} (DWARF 5, 7.27)} */
    Place tableAddress(Unit ofUnit, long index) {
        DebugSection table = info.sections().section(".debug_addr");
        long base =
                ofUnit.bases().addresses() == Unit.ABSENT ? 8 : ofUnit.bases().addresses();
        Cursor cursor = table.cursor();
        cursor.seek(DebugInfo.tableEntry(base, index, ofUnit.addressBytes()));
        int position = cursor.position();
        return places.stored(table, position, cursor.unsigned(ofUnit.addressBytes()));
    }

    private Place baseOf(Unit ofUnit) {
        if (unit != ofUnit) {
            unit = ofUnit;
            Entry first = new Entry(info);
            first.read(ofUnit, ofUnit.firstEntry());
            unitBase = first.has(Attribute.LOW_PC) ? address(first, Attribute.LOW_PC) : NOWHERE;
        }
        return unitBase;
    }

    private List<CodeRange> list(Entry entry) {
        Unit ofUnit = entry.unit();
        Place base = baseOf(ofUnit);
        if (ofUnit.version() < 5) {
            return oldList(ofUnit, base, entry.sectionOffset(Attribute.RANGES));
        }
        DebugSection lists = info.sections().section(".debug_rnglists");
        Cursor cursor = lists.cursor();
        if (entry.form(Attribute.RANGES) == Dwarf.DW_FORM_rnglistx) {
            long tableBase = ofUnit.bases().rangeLists() == Unit.ABSENT
                    ? 12
                    : ofUnit.bases().rangeLists();
            cursor.seek(DebugInfo.tableEntry(tableBase, entry.raw(Attribute.RANGES), ofUnit.offsetBytes()));
            cursor.seek(tableBase + cursor.unsigned(ofUnit.offsetBytes()));
        } else {
            cursor.seek(entry.sectionOffset(Attribute.RANGES));
        }
        return list(ofUnit, base, lists, cursor);
    }

    private List<CodeRange> list(Unit ofUnit, Place unitStart, DebugSection lists, Cursor cursor) {
        List<CodeRange> ranges = new ArrayList<>();
        Place base = unitStart;
        while (true) {
            int kind = cursor.u8();
            switch (kind) {
                case Dwarf.DW_RLE_end_of_list -> {
                    return ranges;
                }
                case Dwarf.DW_RLE_base_addressx -> base = tableAddress(ofUnit, cursor.uleb());
                case Dwarf.DW_RLE_startx_endx -> {
                    Place start = tableAddress(ofUnit, cursor.uleb());
                    add(start, tableAddress(ofUnit, cursor.uleb()).value(), ranges);
                }
                case Dwarf.DW_RLE_startx_length -> {
                    Place start = tableAddress(ofUnit, cursor.uleb());
                    add(start, start.value() + cursor.uleb(), ranges);
                }
                case Dwarf.DW_RLE_offset_pair -> {
                    Place start = base.plus(cursor.uleb());
                    add(start, base.value() + cursor.uleb(), ranges);
                }
                case Dwarf.DW_RLE_base_address -> base = stored(ofUnit, lists, cursor);
                case Dwarf.DW_RLE_start_end -> {
                    Place start = stored(ofUnit, lists, cursor);
                    add(start, cursor.unsigned(ofUnit.addressBytes()), ranges);
                }
                case Dwarf.DW_RLE_start_length -> {
                    Place start = stored(ofUnit, lists, cursor);
                    add(start, start.value() + cursor.uleb(), ranges);
                }
                default -> throw cursor.bad("range list entry of kind %d".formatted(kind));
            }
        }
    }

    private Place stored(Unit ofUnit, DebugSection section, Cursor cursor) {
        int position = cursor.position();
        return places.stored(section, position, cursor.unsigned(ofUnit.addressBytes()));
    }

    private List<CodeRange> oldList(Unit ofUnit, Place unitStart, long offset) {
        DebugSection section = info.sections().section(".debug_ranges");
        Cursor cursor = section.cursor();
        cursor.seek(offset);
        long newBase = ofUnit.addressBytes() == 8 ? -1 : 0xffff_ffffL;
        List<CodeRange> ranges = new ArrayList<>();
        Place base = unitStart;
        while (true) {
            Place start = stored(ofUnit, section, cursor);
            Place end = stored(ofUnit, section, cursor);
            boolean isRelocated = start.sectionIndex() != DebugSection.NO_SECTION;
            if (start.value() == 0 && end.value() == 0 && !isRelocated && end.sectionIndex() == 0) {
                return ranges;
            }
            if (start.value() == newBase && !isRelocated) {
                base = end;
            } else if (isRelocated) {
                add(start, end.value(), ranges);
            } else {
                add(base.plus(start.value()), base.value() + end.value(), ranges);
            }
        }
    }
}
