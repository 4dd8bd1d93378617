package dev.suture.diff;

import java.util.List;
import java.util.Optional;

/**
 * A section that is a table of entries, each about one place in the code.
 *
 * @param name of the section
 * @param entryBytes size of one entry
 * @param fields the fields of an entry that refer to something; the first is the code that the entry belongs to
 * @param structure name of the C type of an entry, in debug information
 * @param lengthAt offset in the entry of the byte that says how long the code is which the second field refers to; 0 if
 *     there is none
 */
public record SpecialSection(String name, int entryBytes, List<Field> fields, String structure, int lengthAt) {

    /**
     * One field that refers to something.
     *
     * @param offset in the entry, in bytes
     * @param fromEntry whether the distance counts from the beginning of the entry; else from the field itself
     * @param addendBits how many low bits of the addend are the distance; the others carry something else
     */
    public record Field(int offset, boolean fromEntry, int addendBits) {
        /** {@return the distance in the addend, sign-extended} */
        public long distance(long addend) {
            int unused = 64 - addendBits;
            return addendBits == 64 ? addend : addend << unused >> unused;
        }
    }

    /** {@return the field at that offset of an entry, if one of those that refer to something} */
    Optional<Field> fieldAt(long offset) {
        return fields.stream().filter(field -> field.offset() == offset).findFirst();
    }
}
