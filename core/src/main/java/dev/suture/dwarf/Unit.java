package dev.suture.dwarf;

/**
 * The header of a unit and those attributes of its first entry that the meaning of others depends on (DWARF 5, 7.5.1).
 *
 * @param start where the header is in the section
 * @param end where the unit ends
 * @param firstEntry where its first entry is
 * @param version of DWARF, 2 to 5
 * @param type a {@code DW_UT_} number; for versions before 5 what would be right in 5
 * @param addressBytes 4 or 8
 * @param offsetBytes 4, or 8 for the 64-bit DWARF format
 * @param signature of a type unit; 0 for others
 * @param typeEntry where a type unit's type is; 0 for others
 * @param bases where the first entry's attributes say that tables begin
 */
record Unit(
        int start,
        int end,
        int firstEntry,
        int version,
        int type,
        int addressBytes,
        int offsetBytes,
        long signature,
        int typeEntry,
        Abbreviations abbreviations,
        Bases bases) {

    /** An attribute that is not there. */
    static final long ABSENT = -1;

    /**
     * Offsets in other sections, {@link #ABSENT} where the unit does not say.
     *
     * @param stringOffsets in {@code .debug_str_offsets}
     * @param addresses in {@code .debug_addr}
     * @param rangeLists in {@code .debug_rnglists}
     * @param lines in {@code .debug_line}
     */
    record Bases(long stringOffsets, long addresses, long rangeLists, long lines) {
        static final Bases UNKNOWN = new Bases(ABSENT, ABSENT, ABSENT, ABSENT);
    }

    Unit with(Bases known) {
        return new Unit(
                start,
                end,
                firstEntry,
                version,
                type,
                addressBytes,
                offsetBytes,
                signature,
                typeEntry,
                abbreviations,
                known);
    }
}
