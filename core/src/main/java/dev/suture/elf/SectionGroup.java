package dev.suture.elf;

import java.util.List;

/**
 * Sections that are kept or dropped together.
 *
 * @param sectionIndex the section of type {@link Elf#SHT_GROUP} that says so
 * @param signature the name of the symbol that identifies the group
 * @param flags such as {@link Elf#GRP_COMDAT}
 * @param memberIndexes the sections in it
 */
public record SectionGroup(int sectionIndex, String signature, int flags, List<Integer> memberIndexes) {
    public SectionGroup {
        memberIndexes = List.copyOf(memberIndexes);
    }
}
