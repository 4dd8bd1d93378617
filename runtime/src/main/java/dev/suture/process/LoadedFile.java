package dev.suture.process;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Segment;
import java.util.List;

/**
 * An ELF file in the memory of a process.
 *
 * @param elf the file
 * @param path by which the process knows it
 * @param bias what is added to the file's addresses to get the process's, in bytes
 * @param mappings of it, in the order of addresses
 */
record LoadedFile(ElfFile elf, String path, long bias, List<Mapping> mappings) {
    LoadedFile {
        mappings = List.copyOf(mappings);
    }

    long start() {
        return mappings.getFirst().start();
    }

    /** {@return the address behind what its segments take, also without a file behind} */
    long end() {
        long end = mappings.getLast().end();
        for (Segment segment : elf.segments()) {
            if (segment.type() == Elf.PT_LOAD) {
                end = Math.max(end, bias + segment.address() + segment.memorySizeBytes());
            }
        }
        return end;
    }

    boolean contains(long address) {
        return Long.compareUnsigned(address, start()) >= 0 && Long.compareUnsigned(address, end()) < 0;
    }

    String fileName() {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /** {@return the address of a section in the process} */
    long address(Section section) {
        return bias + section.address();
    }
}
