package dev.suture.diff;

import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The entries of an object's {@code .eh_frame}, which tell how to unwind each function.
 *
 * <p>An entry for a run of code (FDE) begins with its length, the distance back to what it has in common with others
 * (CIE), and the place of the code; if exceptions are caught there, the place of the function's table in {@code
 * .gcc_except_table} follows. All places are relocations.
 *
 * @param elf the object
 * @param section its {@code .eh_frame}
 * @param entries in file order
 * @see "Linux Standard Base Core 5.0, 10.6.1 The .eh_frame section"
 */
public record UnwindEntries(ElfFile elf, Section section, List<Entry> entries) {
    /** Where an entry states the beginning of its code, in bytes from its own beginning. */
    private static final int CODE_AT = 8;

    /**
     * One entry for a run of code.
     *
     * @param sectionOffset of its length field
     * @param sizeBytes length field included
     * @param common section offset of its CIE
     * @param commonBytes size of that, length field included
     * @param code where its code is
     * @param table where its exception table is
     */
    public record Entry(
            long sectionOffset,
            long sizeBytes,
            long common,
            long commonBytes,
            Relocation code,
            Optional<Relocation> table) {}

    public UnwindEntries {
        entries = List.copyOf(entries);
    }

    /** {@return the entries of an object; empty if it has no {@code .eh_frame}} */
    public static Optional<UnwindEntries> of(ElfFile elf) {
        return elf.section(".eh_frame")
                .filter(section -> !section.isNobits() && section.sizeBytes() > 0)
                .map(section -> read(elf, section));
    }

    private static UnwindEntries read(ElfFile elf, Section section) {
        List<Relocation> relocations = elf.relocations(section).stream()
                .sorted(Comparator.comparingLong(Relocation::sectionOffset))
                .toList();
        MemorySegment contents = section.contents();
        List<Entry> entries = new ArrayList<>();
        long at = 0;
        while (at + CODE_AT <= contents.byteSize()) {
            long start = at;
            long size = LittleEndian.u32(contents, at) + 4;
            if (size == 4 || size > contents.byteSize() - at) {
                break;
            }
            long back = LittleEndian.u32(contents, at + 4);
            List<Relocation> own = relocations.stream()
                    .filter(relocation ->
                            relocation.sectionOffset() >= start && relocation.sectionOffset() < start + size)
                    .toList();
            if (back != 0 && !own.isEmpty() && own.getFirst().sectionOffset() == start + CODE_AT) {
                long common = start + 4 - back;
                entries.add(new Entry(
                        start,
                        size,
                        common,
                        LittleEndian.u32(contents, common) + 4,
                        own.getFirst(),
                        own.size() > 1 ? Optional.of(own.get(1)) : Optional.empty()));
            }
            at += size;
        }
        return new UnwindEntries(elf, section, entries);
    }

    /** {@return the relocations in a run of the section} */
    public List<Relocation> relocations(long sectionOffset, long sizeBytes) {
        return elf.relocations(section).stream()
                .filter(relocation -> relocation.sectionOffset() >= sectionOffset
                        && relocation.sectionOffset() < sectionOffset + sizeBytes)
                .toList();
    }
}
