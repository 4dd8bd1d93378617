package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Reads sections of type {@link Elf#SHT_GROUP}. */
final class GroupReader {
    private final FileBytes file;
    private final int sectionCount;
    private final List<Symbol> symbols;

    GroupReader(FileBytes file, int sectionCount, List<Symbol> symbols) {
        this.file = file;
        this.sectionCount = sectionCount;
        this.symbols = symbols;
    }

    SectionGroup read(Section section) {
        MemorySegment contents = section.contents();
        if (contents.byteSize() < 4 || contents.byteSize() % 4 != 0) {
            throw file.bad(
                    section.fileOffset(),
                    "group [%d] has %d bytes, expected 4 and 4 for each member",
                    section.index(),
                    contents.byteSize());
        }
        if (Integer.compareUnsigned(section.info(), symbols.size()) >= 0) {
            throw file.bad(
                    section.fileOffset(),
                    "group [%d] is named by symbol %d of %d",
                    section.index(),
                    Integer.toUnsignedLong(section.info()),
                    symbols.size());
        }
        List<Integer> members = new ArrayList<>();
        for (long at = 4; at < contents.byteSize(); at += 4) {
            long member = LittleEndian.u32(contents, at);
            if (member >= sectionCount) {
                throw file.bad(
                        section.fileOffset() + at,
                        "group [%d] has section %d of %d",
                        section.index(),
                        member,
                        sectionCount);
            }
            members.add((int) member);
        }
        return new SectionGroup(
                section.index(), symbols.get(section.info()).name(), LittleEndian.s32(contents, 0), members);
    }
}
