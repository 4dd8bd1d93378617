package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Reads the ELF header, the section headers and the program headers. Every offset is tested before it is followed. */
final class ElfReader {
    private final FileBytes file;
    private final MemorySegment bytes;

    ElfReader(FileBytes file) {
        this.file = file;
        this.bytes = file.bytes();
    }

    /** How many there are, with section 0's own fields standing in for numbers that do not fit the ELF header. */
    private record Counts(int sections, int sectionNames, long segments) {}

    ElfFile read() {
        checkIdentification();
        long programHeaderOffset = LittleEndian.u64(bytes, 0x20);
        long sectionHeaderOffset = LittleEndian.u64(bytes, 0x28);
        Counts counts = counts(sectionHeaderOffset);
        List<Section> sections = sections(sectionHeaderOffset, counts);
        List<Segment> segments = segments(programHeaderOffset, counts.segments());
        ElfHeader header = new ElfHeader(
                LittleEndian.u16(bytes, 0x10),
                LittleEndian.u16(bytes, 0x12),
                LittleEndian.s32(bytes, 0x30),
                LittleEndian.u8(bytes, 7),
                LittleEndian.u8(bytes, 8),
                LittleEndian.u64(bytes, 0x18),
                programHeaderOffset,
                sectionHeaderOffset,
                counts.sectionNames());
        return new ElfFile(file, header, sections, segments);
    }

    private void checkIdentification() {
        if (bytes.byteSize() < Elf.HEADER_BYTES) {
            throw file.bad(0, "%d bytes are too few for an ELF header", bytes.byteSize());
        }
        if (LittleEndian.s32(bytes, 0) != Elf.MAGIC) {
            throw file.bad(0, "the file does not begin with 7f 'E' 'L' 'F'");
        }
        int elfClass = LittleEndian.u8(bytes, 4);
        if (elfClass == Elf.ELFCLASS32) {
            throw file.bad(4, "it is a 32-bit file, expected 64-bit");
        }
        if (elfClass != Elf.ELFCLASS64) {
            throw file.bad(4, "unknown class %d, expected %d (64-bit)", elfClass, Elf.ELFCLASS64);
        }
        int encoding = LittleEndian.u8(bytes, 5);
        if (encoding == Elf.ELFDATA2MSB) {
            throw file.bad(5, "it is big-endian, expected little-endian");
        }
        if (encoding != Elf.ELFDATA2LSB) {
            throw file.bad(5, "unknown byte order %d, expected %d (little-endian)", encoding, Elf.ELFDATA2LSB);
        }
        checkVersion(6, LittleEndian.u8(bytes, 6));
        checkVersion(0x14, LittleEndian.u32(bytes, 0x14));
        int headerSize = LittleEndian.u16(bytes, 0x34);
        if (headerSize < Elf.HEADER_BYTES) {
            throw file.bad(0x34, "e_ehsize is %d, expected %d", headerSize, Elf.HEADER_BYTES);
        }
    }

    private void checkVersion(long at, long version) {
        if (version != Elf.EV_CURRENT) {
            throw file.bad(at, "unknown ELF version %d, expected %d", version, Elf.EV_CURRENT);
        }
    }

    private Counts counts(long sectionHeaderOffset) {
        long sectionCount = LittleEndian.u16(bytes, 0x3c);
        long sectionNames = LittleEndian.u16(bytes, 0x3e);
        long segmentCount = LittleEndian.u16(bytes, 0x38);
        if (sectionHeaderOffset == 0) {
            if (sectionCount != 0) {
                throw file.bad(0x3c, "e_shnum is %d but e_shoff is 0", sectionCount);
            }
            checkSectionZeroIsNotNeeded(segmentCount);
            return new Counts(0, 0, segmentCount);
        }
        int entrySize = LittleEndian.u16(bytes, 0x3a);
        if (entrySize != Elf.SECTION_HEADER_BYTES) {
            throw file.bad(0x3a, "e_shentsize is %d, expected %d", entrySize, Elf.SECTION_HEADER_BYTES);
        }
        if (sectionCount >= Elf.SHN_LORESERVE) {
            throw file.bad(0x3c, "e_shnum is 0x%x, expected less than 0x%x", sectionCount, Elf.SHN_LORESERVE);
        }
        file.checkRange(0x28, "the section table", sectionHeaderOffset, Elf.SECTION_HEADER_BYTES);
        if (sectionCount == 0) {
            sectionCount = LittleEndian.u64(bytes, sectionHeaderOffset + 0x20);
        }
        if (sectionCount == 0) {
            checkSectionZeroIsNotNeeded(segmentCount);
            return new Counts(0, 0, segmentCount);
        }
        // Compared before it is multiplied: the number may be anything.
        if (sectionCount < 0 || sectionCount > (bytes.byteSize() - sectionHeaderOffset) / Elf.SECTION_HEADER_BYTES) {
            throw file.bad(0x3c, "%s sections do not fit the file", Long.toUnsignedString(sectionCount));
        }
        if (sectionNames == Elf.SHN_XINDEX) {
            sectionNames = LittleEndian.u32(bytes, sectionHeaderOffset + 0x28);
        } else if (sectionNames >= Elf.SHN_LORESERVE) {
            throw file.bad(0x3e, "e_shstrndx is 0x%x, expected less than 0x%x", sectionNames, Elf.SHN_LORESERVE);
        }
        if (sectionNames >= sectionCount) {
            throw file.bad(0x3e, "e_shstrndx is %d, but there are only %d sections", sectionNames, sectionCount);
        }
        if (segmentCount == Elf.PN_XNUM) {
            segmentCount = LittleEndian.u32(bytes, sectionHeaderOffset + 0x2c);
        }
        return new Counts(Math.toIntExact(sectionCount), Math.toIntExact(sectionNames), segmentCount);
    }

    private void checkSectionZeroIsNotNeeded(long segmentCount) {
        if (segmentCount == Elf.PN_XNUM) {
            throw file.bad(0x38, "e_phnum says that section 0 has the number, and there is no section 0");
        }
    }

    private List<Section> sections(long tableOffset, Counts counts) {
        StringTable names = new StringTable(file, 0, MemorySegment.NULL);
        if (counts.sectionNames() != 0) {
            long at = tableOffset + (long) counts.sectionNames() * Elf.SECTION_HEADER_BYTES;
            if (LittleEndian.s32(bytes, at + 4) != Elf.SHT_STRTAB) {
                throw file.bad(at + 4, "the section name table [%d] is not a string table", counts.sectionNames());
            }
            long fileOffset = LittleEndian.u64(bytes, at + 0x18);
            long sizeBytes = LittleEndian.u64(bytes, at + 0x20);
            names = new StringTable(file, at, file.slice(at + 0x18, "the section name table", fileOffset, sizeBytes));
        }
        List<Section> sections = new ArrayList<>(counts.sections());
        for (int index = 0; index < counts.sections(); index++) {
            long at = tableOffset + (long) index * Elf.SECTION_HEADER_BYTES;
            String name =
                    counts.sectionNames() == 0 ? "" : names.string(LittleEndian.u32(bytes, at), at, "section", index);
            sections.add(section(index, name, at, counts.sections()));
        }
        return sections;
    }

    private Section section(int index, String name, long at, int count) {
        int type = LittleEndian.s32(bytes, at + 4);
        long fileOffset = LittleEndian.u64(bytes, at + 0x18);
        long sizeBytes = LittleEndian.u64(bytes, at + 0x20);
        int link = LittleEndian.s32(bytes, at + 0x28);
        int info = LittleEndian.s32(bytes, at + 0x2c);
        long alignment = LittleEndian.u64(bytes, at + 0x30);
        MemorySegment contents = bytes.asSlice(0, 0);
        if (type != Elf.SHT_NULL && type != Elf.SHT_NOBITS) {
            // Tested here, not by checkRange, so that no message is made for each of a hundred thousand good sections.
            if (fileOffset < 0 || sizeBytes < 0 || fileOffset > bytes.byteSize() - sizeBytes) {
                throw file.bad(
                        at + 0x18,
                        "section [%d] %s is at 0x%x with 0x%x bytes, past the end of the file (0x%x)",
                        index,
                        name,
                        fileOffset,
                        sizeBytes,
                        bytes.byteSize());
            }
            contents = bytes.asSlice(fileOffset, sizeBytes);
        }
        if (type == Elf.SHT_NOBITS && sizeBytes < 0) {
            throw file.bad(at + 0x20, "section [%d] %s has a size past 2^63", index, name);
        }
        if (type != Elf.SHT_NULL) {
            checkSectionIndex(at + 0x28, index, name, "links to", link, count);
        }
        if (type == Elf.SHT_RELA || type == Elf.SHT_REL) {
            checkSectionIndex(at + 0x2c, index, name, "relocates", info, count);
        }
        if ((alignment & (alignment - 1)) != 0) {
            throw file.bad(
                    at + 0x30,
                    "section [%d] %s has alignment %s, not a power of two",
                    index,
                    name,
                    Long.toUnsignedString(alignment));
        }
        return new Section(
                index,
                name,
                type,
                LittleEndian.u64(bytes, at + 8),
                LittleEndian.u64(bytes, at + 0x10),
                fileOffset,
                sizeBytes,
                link,
                info,
                alignment,
                LittleEndian.u64(bytes, at + 0x38),
                contents);
    }

    private void checkSectionIndex(long at, int index, String name, String relation, int other, int count) {
        if (Integer.compareUnsigned(other, count) >= 0) {
            throw file.bad(
                    at,
                    "section [%d] %s %s section %d of %d",
                    index,
                    name,
                    relation,
                    Integer.toUnsignedLong(other),
                    count);
        }
    }

    private List<Segment> segments(long tableOffset, long count) {
        if (count == 0) {
            return List.of();
        }
        int entrySize = LittleEndian.u16(bytes, 0x36);
        if (entrySize != Elf.PROGRAM_HEADER_BYTES) {
            throw file.bad(0x36, "e_phentsize is %d, expected %d", entrySize, Elf.PROGRAM_HEADER_BYTES);
        }
        long tableBytes = count * Elf.PROGRAM_HEADER_BYTES;
        file.checkRange(0x20, "the table of program headers", tableOffset, tableBytes);
        List<Segment> segments = new ArrayList<>(Math.toIntExact(count));
        for (long at = tableOffset; at < tableOffset + tableBytes; at += Elf.PROGRAM_HEADER_BYTES) {
            segments.add(new Segment(
                    LittleEndian.s32(bytes, at),
                    LittleEndian.s32(bytes, at + 4),
                    LittleEndian.u64(bytes, at + 8),
                    LittleEndian.u64(bytes, at + 0x10),
                    LittleEndian.u64(bytes, at + 0x18),
                    LittleEndian.u64(bytes, at + 0x20),
                    LittleEndian.u64(bytes, at + 0x28),
                    LittleEndian.u64(bytes, at + 0x30)));
        }
        return segments;
    }
}
