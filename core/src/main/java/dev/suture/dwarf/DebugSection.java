package dev.suture.dwarf;

import java.util.Arrays;

/**
 * The contents of all sections of one name, decompressed, one after the other, with relocations applied.
 *
 * <p>In a relocatable file an address is stored as the offset in the section its relocation names, so that the bytes
 * alone do not say which section is meant: {@link #targetSection} does.
 */
final class DebugSection {
    /** No relocation is there, or its symbol is in no section. */
    static final int NO_SECTION = 0;

    private final String file;
    private final String name;
    private final byte[] bytes;
    private final int[] targetOffsets;
    private final int[] targetSections;

    /**
     * @param targetOffsets where relocations against other than debug sections are, ascending
     * @param targetSections for each of them the index of the section its symbol is defined in, or {@link #NO_SECTION}
     */
    DebugSection(String file, String name, byte[] bytes, int[] targetOffsets, int[] targetSections) {
        this.file = file;
        this.name = name;
        this.bytes = bytes;
        this.targetOffsets = targetOffsets;
        this.targetSections = targetSections;
    }

    int sizeBytes() {
        return bytes.length;
    }

    /** {@return the index of the section that the address stored at the given offset points into, or {@link #NO_SECTION}} */
    int targetSection(int offset) {
        int found = Arrays.binarySearch(targetOffsets, offset);
        return found < 0 ? NO_SECTION : targetSections[found];
    }

    /** {@return a cursor over the whole section, at its start} */
    Cursor cursor() {
        return new Cursor(file, name, bytes);
    }

    DwarfFormatException bad(long offset, String found, Object... values) {
        return new DwarfFormatException(file, name, offset, values.length == 0 ? found : found.formatted(values));
    }
}
