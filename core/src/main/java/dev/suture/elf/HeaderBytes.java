package dev.suture.elf;

import java.lang.foreign.MemorySegment;

/** Writes the three kinds of ELF header. The counterpart of what {@link ElfReader} reads. */
final class HeaderBytes {
    private HeaderBytes() {}

    /**
     * Writes the ELF header at offset 0. Counts that do not fit it are marked as being in section 0, whose own header is
     * the caller's to write.
     *
     * @see "System V ABI, Chapter 4, e_shnum, e_shstrndx and e_phnum"
     */
    static void putHeader(MemorySegment bytes, ElfHeader header, int segmentCount, int sectionCount) {
        LittleEndian.putU32(bytes, 0, Elf.MAGIC);
        LittleEndian.putU8(bytes, 4, Elf.ELFCLASS64);
        LittleEndian.putU8(bytes, 5, Elf.ELFDATA2LSB);
        LittleEndian.putU8(bytes, 6, Elf.EV_CURRENT);
        LittleEndian.putU8(bytes, 7, header.osAbi());
        LittleEndian.putU8(bytes, 8, header.abiVersion());
        LittleEndian.putU16(bytes, 0x10, header.type());
        LittleEndian.putU16(bytes, 0x12, header.machine());
        LittleEndian.putU32(bytes, 0x14, Elf.EV_CURRENT);
        LittleEndian.putU64(bytes, 0x18, header.entryAddress());
        LittleEndian.putU64(bytes, 0x20, header.programHeaderOffset());
        LittleEndian.putU64(bytes, 0x28, header.sectionHeaderOffset());
        LittleEndian.putU32(bytes, 0x30, header.flags());
        LittleEndian.putU16(bytes, 0x34, Elf.HEADER_BYTES);
        LittleEndian.putU16(bytes, 0x36, segmentCount == 0 ? 0 : Elf.PROGRAM_HEADER_BYTES);
        LittleEndian.putU16(bytes, 0x38, Math.min(segmentCount, Elf.PN_XNUM));
        LittleEndian.putU16(bytes, 0x3a, Elf.SECTION_HEADER_BYTES);
        LittleEndian.putU16(bytes, 0x3c, sectionCount < Elf.SHN_LORESERVE ? sectionCount : 0);
        int namesIndex = header.sectionNamesIndex();
        LittleEndian.putU16(bytes, 0x3e, namesIndex < Elf.SHN_LORESERVE ? namesIndex : Elf.SHN_XINDEX);
    }

    /**
     * Writes a section header.
     *
     * @param at file offset of the header
     * @param nameOffset where the section's name begins in the section name table
     */
    static void putSection(MemorySegment bytes, long at, int nameOffset, Section section) {
        LittleEndian.putU32(bytes, at, nameOffset);
        LittleEndian.putU32(bytes, at + 4, section.type());
        LittleEndian.putU64(bytes, at + 8, section.flags());
        LittleEndian.putU64(bytes, at + 0x10, section.address());
        LittleEndian.putU64(bytes, at + 0x18, section.fileOffset());
        LittleEndian.putU64(bytes, at + 0x20, section.sizeBytes());
        LittleEndian.putU32(bytes, at + 0x28, section.link());
        LittleEndian.putU32(bytes, at + 0x2c, section.info());
        LittleEndian.putU64(bytes, at + 0x30, section.alignment());
        LittleEndian.putU64(bytes, at + 0x38, section.entrySizeBytes());
    }

    /** Writes a program header at the given file offset. */
    static void putSegment(MemorySegment bytes, long at, Segment segment) {
        LittleEndian.putU32(bytes, at, segment.type());
        LittleEndian.putU32(bytes, at + 4, segment.flags());
        LittleEndian.putU64(bytes, at + 8, segment.fileOffset());
        LittleEndian.putU64(bytes, at + 0x10, segment.address());
        LittleEndian.putU64(bytes, at + 0x18, segment.physicalAddress());
        LittleEndian.putU64(bytes, at + 0x20, segment.fileSizeBytes());
        LittleEndian.putU64(bytes, at + 0x28, segment.memorySizeBytes());
        LittleEndian.putU64(bytes, at + 0x30, segment.alignment());
    }
}
