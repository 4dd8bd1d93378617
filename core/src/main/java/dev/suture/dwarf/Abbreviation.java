package dev.suture.dwarf;

/**
 * The shape of entries: their tag, whether children follow, and the form of each attribute (DWARF 5, 7.5.3).
 *
 * @param tag a {@code DW_TAG_} number, 0xffff for what does not fit 16 bits
 * @param hasChildren whether entries follow, up to a null entry
 * @param slots for each attribute its number in {@link Attribute}
 * @param forms for each attribute its {@code DW_FORM_}
 * @param implicitConstants for each attribute its value where the form is {@code DW_FORM_implicit_const}
 * @param fixedBytes the size of all attributes together, or {@link #VARIES}
 */
record Abbreviation(int tag, boolean hasChildren, int[] slots, int[] forms, long[] implicitConstants, int fixedBytes) {
    /** Attributes have to be looked at one by one to find the end of the entry. */
    static final int VARIES = -1;
}
