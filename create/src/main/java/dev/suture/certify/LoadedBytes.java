package dev.suture.certify;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Segment;
import java.lang.foreign.MemorySegment;

/** What a segment of a linked program has in its file. */
final class LoadedBytes {
    private LoadedBytes() {}

    /** {@return the bytes of its sections, with zeros between them, up to the end of what the file holds} */
    static MemorySegment of(ElfFile elf, Segment segment) {
        byte[] bytes = new byte[Math.toIntExact(segment.fileSizeBytes())];
        MemorySegment all = MemorySegment.ofArray(bytes);
        for (Section section : elf.sections()) {
            long offset = section.address() - segment.address();
            boolean inside = section.isAllocated()
                    && !section.isNobits()
                    && offset >= 0
                    && offset + section.sizeBytes() <= bytes.length;
            if (inside) {
                MemorySegment.copy(section.contents(), 0, all, offset, section.sizeBytes());
            }
        }
        return all;
    }
}
