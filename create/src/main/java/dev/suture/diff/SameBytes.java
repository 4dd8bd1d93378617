package dev.suture.diff;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.util.List;

/** A quick look that spares most objects, which a changed header rebuilds without an effect, the full comparison. */
public final class SameBytes {
    private SameBytes() {}

    /**
     * {@return whether two objects have equal symbols, and equal contents and relocations in all that is part of the
     * program; false may also mean that they only look different}
     */
    public static boolean inProgram(ElfFile original, ElfFile patched) {
        List<Section> before = compared(original);
        List<Section> after = compared(patched);
        if (before.size() != after.size()) {
            return false;
        }
        for (int i = 0; i < before.size(); i++) {
            Section was = before.get(i);
            Section is = after.get(i);
            boolean same = was.name().equals(is.name())
                    && was.type() == is.type()
                    && was.flags() == is.flags()
                    && was.sizeBytes() == is.sizeBytes()
                    && was.alignment() == is.alignment()
                    && was.contents().mismatch(is.contents()) < 0;
            if (!same) {
                return false;
            }
        }
        return true;
    }

    private static List<Section> compared(ElfFile elf) {
        return elf.sections().stream()
                .filter(section -> section.isAllocated()
                        || section.type() == Elf.SHT_SYMTAB
                        || section.name().equals(".strtab")
                        || section.type() == Elf.SHT_RELA
                                && elf.sections().get(section.info()).isAllocated())
                .toList();
    }
}
