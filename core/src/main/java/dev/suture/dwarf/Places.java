package dev.suture.dwarf;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Turns what debug sections store as addresses into sections and offsets. */
final class Places {
    private final boolean isRelocatable;
    private final List<Section> byAddress;

    /**
     * An address as stored.
     *
     * @param sectionIndex in a relocatable file what the relocation says; 0 in others
     * @param value in a relocatable file an offset, in others an address
     */
    record Place(int sectionIndex, long value) {
        Place plus(long bytes) {
            return new Place(sectionIndex, value + bytes);
        }
    }

    Places(ElfFile elf) {
        isRelocatable = elf.isRelocatable();
        byAddress = isRelocatable
                ? List.of()
                : elf.sections().stream()
                        .filter(Places::hasAddresses)
                        .sorted(Comparator.comparingLong(Section::address))
                        .toList();
    }

    /** The zeros of thread-local variables have the addresses of whatever comes next (ELF, thread-local storage). */
    private static boolean hasAddresses(Section section) {
        boolean isThreadZeros = section.isNobits() && section.has(Elf.SHF_TLS);
        return section.isAllocated() && section.sizeBytes() > 0 && !isThreadZeros;
    }

    /** {@return the address stored in a debug section} */
    Place stored(DebugSection section, int position, long value) {
        return new Place(isRelocatable ? section.targetSection(position) : 0, value);
    }

    /** {@return the section and offset of a piece of code; empty if no section has it, as when the linker dropped it} */
    Optional<CodeRange> range(Place start, long endValue) {
        if (isRelocatable) {
            return start.sectionIndex() == DebugSection.NO_SECTION
                    ? Optional.empty()
                    : Optional.of(new CodeRange(start.sectionIndex(), start.value(), endValue));
        }
        int low = 0;
        int high = byAddress.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (byAddress.get(middle).address() <= start.value()) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == 0) {
            return Optional.empty();
        }
        Section section = byAddress.get(low - 1);
        long offset = start.value() - section.address();
        return offset >= section.sizeBytes()
                ? Optional.empty()
                : Optional.of(new CodeRange(section.index(), offset, endValue - section.address()));
    }
}
