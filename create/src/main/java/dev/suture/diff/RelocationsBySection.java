package dev.suture.diff;

import dev.suture.elf.ElfFile;
import dev.suture.elf.ElfFormatException;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The relocations of an object's sections in the order of their offsets, each section's read once. */
final class RelocationsBySection {
    private final ElfFile elf;
    private final List<List<Relocation>> bySection;
    /** Sections that are referred to by no name. */
    private Optional<BitSet> referred = Optional.empty();

    RelocationsBySection(ElfFile elf) {
        this.elf = elf;
        this.bySection = new ArrayList<>();
        elf.sections().forEach(section -> bySection.add(null));
    }

    /**
     * {@return the relocations that change a section, by offset}
     *
     * @throws ElfFormatException if they make no sense
     */
    List<Relocation> of(Section section) {
        List<Relocation> known = bySection.get(section.index());
        if (known == null) {
            known = sorted(elf.hasRelocations(section) ? elf.relocations(section) : List.of());
            if (!known.isEmpty() && section.isNobits()) {
                throw new ElfFormatException(
                        elf.name(),
                        section.fileOffset(),
                        "relocations change %s, which has no contents".formatted(section.name()));
            }
            bySection.set(section.index(), known);
        }
        return known;
    }

    private static List<Relocation> sorted(List<Relocation> relocations) {
        for (int i = 1; i < relocations.size(); i++) {
            if (relocations.get(i - 1).sectionOffset() > relocations.get(i).sectionOffset()) {
                return relocations.stream()
                        .sorted(Comparator.comparingLong(Relocation::sectionOffset))
                        .toList();
            }
        }
        return relocations;
    }

    /** {@return whether any relocation is applied from one offset up to another, which is excluded} */
    boolean anyIn(Section section, long from, long to) {
        List<Relocation> relocations = of(section);
        int low = firstAt(relocations, from);
        return low < relocations.size() && relocations.get(low).sectionOffset() < to;
    }

    /** {@return whether a relocation of any section refers to this one by no name} */
    boolean anyTo(Section section) {
        if (referred.isEmpty()) {
            BitSet found = new BitSet();
            for (Section from : elf.sections()) {
                for (Relocation relocation : from.isAllocated() ? of(from) : List.<Relocation>of()) {
                    Symbol symbol = elf.symbols().get(relocation.symbolIndex());
                    if (symbol.isInSection() && symbol.isSectionSymbol()) {
                        found.set(symbol.sectionIndex());
                    }
                }
            }
            referred = Optional.of(found);
        }
        return referred.get().get(section.index());
    }

    /** {@return the index of the first relocation at or behind that offset} */
    private static int firstAt(List<Relocation> relocations, long offset) {
        int low = 0;
        int high = relocations.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (relocations.get(middle).sectionOffset() < offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
