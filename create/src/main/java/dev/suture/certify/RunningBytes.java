package dev.suture.certify;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Segment;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The bytes of a linked program by address. */
final class RunningBytes {
    private static final int PT_LOAD = 1;

    private final ElfFile image;

    RunningBytes(ElfFile image) {
        this.image = image;
    }

    /** {@return the bytes at an address as the file has them; zeros where it has none; empty if nothing is there} */
    Optional<MemorySegment> at(long address, long sizeBytes) {
        for (Section section : image.sections()) {
            long offset = address - section.address();
            boolean inside = section.isAllocated() && offset >= 0 && offset <= section.sizeBytes() - sizeBytes;
            if (inside && !section.isNobits()) {
                return Optional.of(section.contents().asSlice(offset, sizeBytes));
            }
        }
        for (Segment segment : image.segments()) {
            long offset = address - segment.address();
            boolean inside = segment.type() == PT_LOAD
                    && offset >= segment.fileSizeBytes()
                    && offset <= segment.memorySizeBytes() - sizeBytes;
            if (inside) {
                return Optional.of(MemorySegment.ofArray(new byte[(int) sizeBytes]));
            }
        }
        return Optional.empty();
    }
}
