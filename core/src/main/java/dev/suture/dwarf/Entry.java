package dev.suture.dwarf;

/**
 * One debugging information entry at a time: {@link #read} goes to it, and until the next {@code read} its attributes
 * can be asked for by their numbers in {@link Attribute}.
 */
final class Entry {
    /** The tag of the entry that ends a list of children. */
    static final int NULL_TAG = 0;

    private final DebugInfo info;
    private final Cursor cursor;
    private final long[] values = new long[Attribute.SLOTS];
    private final int[] positions = new int[Attribute.SLOTS];
    private final int[] forms = new int[Attribute.SLOTS];
    private Unit unit;
    private int offset;
    private int tag;
    private boolean hasChildren;
    private long present;
    private int next;
    private Abbreviation abbreviation;

    Entry(DebugInfo info) {
        this.info = info;
        this.cursor = info.section().cursor();
    }

    /** Reads the entry at an offset of the section, which has to be in the unit. */
    void read(Unit inUnit, int atOffset) {
        if (start(inUnit, atOffset)) {
            decode(abbreviation);
        }
    }

    /**
     * Reads the entry at an offset of the section, but its attributes only if its tag is among the given ones.
     *
     * @param wantedTags by tag; larger tags are not wanted
     */
    void readIfWanted(Unit inUnit, int atOffset, boolean[] wantedTags) {
        if (!start(inUnit, atOffset)) {
            return;
        }
        if (tag < wantedTags.length && wantedTags[tag]) {
            decode(abbreviation);
        } else if (abbreviation.fixedBytes() != Abbreviation.VARIES) {
            present = 0;
            cursor.skip(abbreviation.fixedBytes());
            next = cursor.position();
        } else {
            decode(abbreviation);
        }
    }

    private boolean start(Unit inUnit, int atOffset) {
        if (unit != inUnit) {
            unit = inUnit;
            cursor.window(inUnit.start(), inUnit.end());
        }
        offset = atOffset;
        cursor.seek(atOffset);
        long code = cursor.uleb();
        if (code == 0) {
            tag = NULL_TAG;
            hasChildren = false;
            present = 0;
            next = cursor.position();
            return false;
        }
        abbreviation = inUnit.abbreviations().get(code);
        if (abbreviation == null) {
            throw bad("abbreviation %d is not in its table".formatted(code));
        }
        tag = abbreviation.tag();
        hasChildren = abbreviation.hasChildren();
        return true;
    }

    private void decode(Abbreviation shape) {
        present = 0;
        int[] slots = shape.slots();
        int[] shapeForms = shape.forms();
        for (int at = 0; at < slots.length; at++) {
            int form = shapeForms[at];
            if (form == Dwarf.DW_FORM_indirect) {
                long actual = cursor.uleb();
                form = actual == Dwarf.DW_FORM_indirect || actual < 0 || actual > 0xffff ? 0 : (int) actual;
            }
            int position = cursor.position();
            long value = form == Dwarf.DW_FORM_implicit_const ? shape.implicitConstants()[at] : value(form);
            int slot = slots[at];
            if (slot >= 0) {
                present |= 1L << slot;
                values[slot] = value;
                forms[slot] = form;
                positions[slot] = position;
            }
        }
        next = cursor.position();
    }

    /** Reads a value as it is stored; blocks as their length, at whose end the cursor then stands (DWARF 5, 7.5.5). */
    private long value(int form) {
        return switch (form) {
            case Dwarf.DW_FORM_data1,
                    Dwarf.DW_FORM_ref1,
                    Dwarf.DW_FORM_flag,
                    Dwarf.DW_FORM_strx1,
                    Dwarf.DW_FORM_addrx1 -> cursor.u8();
            case Dwarf.DW_FORM_data2, Dwarf.DW_FORM_ref2, Dwarf.DW_FORM_strx2, Dwarf.DW_FORM_addrx2 -> cursor.u16();
            case Dwarf.DW_FORM_strx3, Dwarf.DW_FORM_addrx3 -> cursor.u24();
            case Dwarf.DW_FORM_data4,
                    Dwarf.DW_FORM_ref4,
                    Dwarf.DW_FORM_strx4,
                    Dwarf.DW_FORM_addrx4,
                    Dwarf.DW_FORM_ref_sup4 -> cursor.u32();
            case Dwarf.DW_FORM_data8, Dwarf.DW_FORM_ref8, Dwarf.DW_FORM_ref_sig8, Dwarf.DW_FORM_ref_sup8 ->
                cursor.u64();
            case Dwarf.DW_FORM_udata,
                    Dwarf.DW_FORM_ref_udata,
                    Dwarf.DW_FORM_strx,
                    Dwarf.DW_FORM_addrx,
                    Dwarf.DW_FORM_loclistx,
                    Dwarf.DW_FORM_rnglistx -> cursor.uleb();
            case Dwarf.DW_FORM_sdata -> cursor.sleb();
            case Dwarf.DW_FORM_strp,
                    Dwarf.DW_FORM_line_strp,
                    Dwarf.DW_FORM_strp_sup,
                    Dwarf.DW_FORM_sec_offset,
                    Dwarf.DW_FORM_GNU_ref_alt,
                    Dwarf.DW_FORM_GNU_strp_alt -> cursor.unsigned(unit.offsetBytes());
            case Dwarf.DW_FORM_flag_present -> 1;
            case Dwarf.DW_FORM_addr -> cursor.unsigned(unit.addressBytes());
            case Dwarf.DW_FORM_ref_addr ->
                cursor.unsigned(unit.version() <= 2 ? unit.addressBytes() : unit.offsetBytes());
            case Dwarf.DW_FORM_string -> {
                cursor.skipString();
                yield 0;
            }
            case Dwarf.DW_FORM_data16 -> {
                long low = cursor.u64();
                cursor.skip(8);
                yield low;
            }
            case Dwarf.DW_FORM_block1 -> block(cursor.u8());
            case Dwarf.DW_FORM_block2 -> block(cursor.u16());
            case Dwarf.DW_FORM_block4 -> block(cursor.u32());
            case Dwarf.DW_FORM_block, Dwarf.DW_FORM_exprloc -> block(cursor.uleb());
            default -> throw bad("form 0x%x is not known".formatted(form));
        };
    }

    private long block(long length) {
        int start = cursor.position();
        cursor.skip(length);
        return (long) start << 32 | length;
    }

    Unit unit() {
        return unit;
    }

    int offset() {
        return offset;
    }

    int tag() {
        return tag;
    }

    boolean hasChildren() {
        return hasChildren;
    }

    /** {@return the offset of what follows: the first child, or else the next sibling or the end of the siblings} */
    int next() {
        return next;
    }

    boolean has(int attribute) {
        return (present & 1L << attribute) != 0;
    }

    boolean flag(int attribute) {
        return has(attribute) && values[attribute] != 0;
    }

    /** {@return whether the attribute is there and is a number} */
    boolean isConstant(int attribute) {
        return has(attribute)
                && switch (forms[attribute]) {
                    case Dwarf.DW_FORM_data1,
                            Dwarf.DW_FORM_data2,
                            Dwarf.DW_FORM_data4,
                            Dwarf.DW_FORM_data8,
                            Dwarf.DW_FORM_data16,
                            Dwarf.DW_FORM_sdata,
                            Dwarf.DW_FORM_udata,
                            Dwarf.DW_FORM_implicit_const -> true;
                    default -> false;
                };
    }

    /** {@return the number, its low 64 bits; small unsigned forms are not sign-extended} */
    long constant(int attribute, long ifAbsent) {
        return isConstant(attribute) ? values[attribute] : ifAbsent;
    }

    /** {@return an offset in another section, {@link Unit#ABSENT} if there is none} */
    long sectionOffset(int attribute) {
        if (!has(attribute)) {
            return Unit.ABSENT;
        }
        return switch (forms[attribute]) {
            case Dwarf.DW_FORM_sec_offset, Dwarf.DW_FORM_data4, Dwarf.DW_FORM_data8 -> values[attribute];
            default -> throw bad("form 0x%x where an offset is expected".formatted(forms[attribute]));
        };
    }

    /** {@return the text, empty if there is none} */
    String string(int attribute) {
        return has(attribute) ? info.string(unit, forms[attribute], positions[attribute], values[attribute]) : "";
    }

    /** {@return the offset in the section of the entry that is referred to, {@link DebugInfo#NO_ENTRY} if there is none} */
    int reference(int attribute) {
        if (!has(attribute)) {
            return DebugInfo.NO_ENTRY;
        }
        long value = values[attribute];
        switch (forms[attribute]) {
            case Dwarf.DW_FORM_ref1,
                    Dwarf.DW_FORM_ref2,
                    Dwarf.DW_FORM_ref4,
                    Dwarf.DW_FORM_ref8,
                    Dwarf.DW_FORM_ref_udata -> {
                if (value < unit.firstEntry() - unit.start() || value >= unit.end() - unit.start()) {
                    throw bad("a reference to 0x%x, outside of its unit".formatted(value));
                }
                return unit.start() + (int) value;
            }
            case Dwarf.DW_FORM_ref_addr -> {
                if (value < 0 || value >= info.section().sizeBytes()) {
                    throw bad("a reference to 0x%x, outside of the section".formatted(value));
                }
                return (int) value;
            }
            case Dwarf.DW_FORM_ref_sig8 -> {
                return info.typeBySignature(value, offset);
            }
            case Dwarf.DW_FORM_GNU_ref_alt, Dwarf.DW_FORM_ref_sup4, Dwarf.DW_FORM_ref_sup8 ->
                throw bad("a reference into another file (as dwz makes them) cannot be followed");
            default -> throw bad("form 0x%x where a reference is expected".formatted(forms[attribute]));
        }
    }

    /** {@return whether the attribute is there and is an expression} */
    boolean isExpression(int attribute) {
        return has(attribute)
                && switch (forms[attribute]) {
                    case Dwarf.DW_FORM_exprloc,
                            Dwarf.DW_FORM_block,
                            Dwarf.DW_FORM_block1,
                            Dwarf.DW_FORM_block2,
                            Dwarf.DW_FORM_block4 -> true;
                    default -> false;
                };
    }

    /** {@return a cursor over the bytes of an expression; the attribute has to be one} */
    Cursor expression(int attribute) {
        Cursor expression = info.section().cursor();
        int start = (int) (values[attribute] >>> 32);
        expression.window(start, start + (values[attribute] & 0xffff_ffffL));
        return expression;
    }

    /** {@return where the value is stored, to look up its relocation} */
    int position(int attribute) {
        return positions[attribute];
    }

    int form(int attribute) {
        return forms[attribute];
    }

    /** {@return the value as stored, whatever its form} */
    long raw(int attribute) {
        return values[attribute];
    }

    DwarfFormatException bad(String found) {
        return info.section().bad(offset, "%s", found);
    }
}
