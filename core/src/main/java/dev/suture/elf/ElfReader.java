package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Bytes that nobody has checked in, checked values out. Every offset is tested before it is followed. */
final class ElfReader {
    private final String name;
    private final MemorySegment bytes;

    ElfReader(String name, MemorySegment bytes) {
        this.name = name;
        this.bytes = bytes;
    }

    /** Section 0's own fields stand in for counts that do not fit the header. */
    private record Counts(long sections, long sectionNames, long segments) {}

    ElfFile read() {
        checkIdentification();
        long sectionHeaderOffset = LittleEndian.u64(bytes, 0x28);
        long programHeaderOffset = LittleEndian.u64(bytes, 0x20);
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
                (int) counts.sectionNames());
        return new ElfFile(name, bytes, header, sections, segments);
    }

    private void checkIdentification() {
        if (bytes.byteSize() < Elf.HEADER_BYTES) {
            throw bad(0, "%d bytes are too few for an ELF header".formatted(bytes.byteSize()));
        }
        if (LittleEndian.s32(bytes, 0) != 0x464c457f) {
            throw bad(0, "the file does not begin with 7f 'E' 'L' 'F'");
        }
        int elfClass = LittleEndian.u8(bytes, 4);
        if (elfClass != 2) {
            throw bad(4, elfClass == 1 ? "it is a 32-bit file, expected 64-bit" : "unknown class " + elfClass);
        }
        int encoding = LittleEndian.u8(bytes, 5);
        if (encoding != 1) {
            throw bad(5, encoding == 2 ? "it is big-endian, expected little-endian" : "unknown byte order " + encoding);
        }
        int version = LittleEndian.u8(bytes, 6);
        if (version != 1 || LittleEndian.u32(bytes, 0x14) != 1) {
            throw bad(6, "unknown ELF version %d, expected 1".formatted(version));
        }
        int headerSize = LittleEndian.u16(bytes, 0x34);
        if (headerSize < Elf.HEADER_BYTES) {
            throw bad(0x34, "e_ehsize is %d, expected %d".formatted(headerSize, Elf.HEADER_BYTES));
        }
    }

    private Counts counts(long sectionHeaderOffset) {
        long sectionCount = LittleEndian.u16(bytes, 0x3c);
        long sectionNames = LittleEndian.u16(bytes, 0x3e);
        long segmentCount = LittleEndian.u16(bytes, 0x38);
        if (sectionHeaderOffset == 0) {
            if (sectionCount != 0) {
                throw bad(0x3c, "e_shnum is %d but e_shoff is 0".formatted(sectionCount));
            }
            return new Counts(0, 0, segmentCount);
        }
        int entrySize = LittleEndian.u16(bytes, 0x3a);
        if (entrySize != Elf.SECTION_HEADER_BYTES) {
            throw bad(0x3a, "e_shentsize is %d, expected %d".formatted(entrySize, Elf.SECTION_HEADER_BYTES));
        }
        checkRange(0x28, "the section table", sectionHeaderOffset, Elf.SECTION_HEADER_BYTES);
        if (sectionCount == 0) {
            sectionCount = LittleEndian.u64(bytes, sectionHeaderOffset + 0x20);
        }
        if (sectionNames == Elf.SHN_XINDEX) {
            sectionNames = LittleEndian.u32(bytes, sectionHeaderOffset + 0x28);
        }
        if (segmentCount == Elf.PN_XNUM) {
            segmentCount = LittleEndian.u32(bytes, sectionHeaderOffset + 0x2c);
        }
        if (sectionCount < 0 || sectionCount > bytes.byteSize() / Elf.SECTION_HEADER_BYTES) {
            throw bad(0x3c, "%d sections do not fit the file".formatted(sectionCount));
        }
        checkRange(0x28, "the section table", sectionHeaderOffset, sectionCount * Elf.SECTION_HEADER_BYTES);
        if (sectionCount > 0 && sectionNames >= sectionCount) {
            throw bad(0x3e, "e_shstrndx is %d, but there are only %d sections".formatted(sectionNames, sectionCount));
        }
        return new Counts(sectionCount, sectionNames, segmentCount);
    }

    private List<Section> sections(long tableOffset, Counts counts) {
        int count = (int) counts.sections();
        MemorySegment names = MemorySegment.NULL;
        long namesOffset = 0;
        if (counts.sectionNames() != 0) {
            long at = tableOffset + counts.sectionNames() * Elf.SECTION_HEADER_BYTES;
            if (LittleEndian.s32(bytes, at + 4) != Elf.SHT_STRTAB) {
                throw bad(at + 4, "the section name table [%d] is not a string table".formatted(counts.sectionNames()));
            }
            namesOffset = LittleEndian.u64(bytes, at + 0x18);
            names = slice(at + 0x18, "the section name table", namesOffset, LittleEndian.u64(bytes, at + 0x20));
        }
        List<Section> sections = new ArrayList<>(count);
        for (int index = 0; index < count; index++) {
            long at = tableOffset + (long) index * Elf.SECTION_HEADER_BYTES;
            String sectionName = counts.sectionNames() == 0
                    ? ""
                    : string(names, LittleEndian.u32(bytes, at), at, "the name of section [%d]", index);
            sections.add(section(index, sectionName, at, count));
        }
        return sections;
    }

    private Section section(int index, String sectionName, long at, int count) {
        int type = LittleEndian.s32(bytes, at + 4);
        long fileOffset = LittleEndian.u64(bytes, at + 0x18);
        long sizeBytes = LittleEndian.u64(bytes, at + 0x20);
        int link = LittleEndian.s32(bytes, at + 0x28);
        int info = LittleEndian.s32(bytes, at + 0x2c);
        long alignment = LittleEndian.u64(bytes, at + 0x30);
        MemorySegment contents = bytes.asSlice(0, 0);
        if (type != Elf.SHT_NULL && type != Elf.SHT_NOBITS) {
            contents = slice(at + 0x18, "section [%d] %s".formatted(index, sectionName), fileOffset, sizeBytes);
        }
        if (type == Elf.SHT_NOBITS && sizeBytes < 0) {
            throw bad(at + 0x20, "section [%d] %s has a size past 2^63".formatted(index, sectionName));
        }
        if (type != Elf.SHT_NULL && Integer.compareUnsigned(link, count) >= 0) {
            throw bad(
                    at + 0x28,
                    "section [%d] %s links to section %d of %d"
                            .formatted(index, sectionName, Integer.toUnsignedLong(link), count));
        }
        boolean infoIsSection = type == Elf.SHT_RELA || type == Elf.SHT_REL;
        if (infoIsSection && Integer.compareUnsigned(info, count) >= 0) {
            throw bad(
                    at + 0x2c,
                    "section [%d] %s relocates section %d of %d"
                            .formatted(index, sectionName, Integer.toUnsignedLong(info), count));
        }
        if ((alignment & (alignment - 1)) != 0) {
            throw bad(
                    at + 0x30,
                    "section [%d] %s has alignment %d, not a power of two".formatted(index, sectionName, alignment));
        }
        return new Section(
                index,
                sectionName,
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

    private List<Segment> segments(long tableOffset, long count) {
        if (count == 0) {
            return List.of();
        }
        int entrySize = LittleEndian.u16(bytes, 0x36);
        if (entrySize != Elf.PROGRAM_HEADER_BYTES) {
            throw bad(0x36, "e_phentsize is %d, expected %d".formatted(entrySize, Elf.PROGRAM_HEADER_BYTES));
        }
        checkRange(0x20, "the program headers", tableOffset, count * Elf.PROGRAM_HEADER_BYTES);
        List<Segment> segments = new ArrayList<>((int) count);
        for (long at = tableOffset; at < tableOffset + count * Elf.PROGRAM_HEADER_BYTES; at += 56) {
            Segment segment = new Segment(
                    LittleEndian.s32(bytes, at),
                    LittleEndian.s32(bytes, at + 4),
                    LittleEndian.u64(bytes, at + 8),
                    LittleEndian.u64(bytes, at + 0x10),
                    LittleEndian.u64(bytes, at + 0x18),
                    LittleEndian.u64(bytes, at + 0x20),
                    LittleEndian.u64(bytes, at + 0x28),
                    LittleEndian.u64(bytes, at + 0x30));
            // A separate debug file keeps the headers of what was taken out of it: only notes are read through one.
            if (segment.type() == Elf.PT_NOTE) {
                checkRange(at + 8, "a note segment", segment.fileOffset(), segment.fileSizeBytes());
            }
            segments.add(segment);
        }
        return segments;
    }

    List<Symbol> symbols(List<Section> sections, int tableType) {
        List<Section> tables =
                sections.stream().filter(section -> section.type() == tableType).toList();
        if (tables.isEmpty()) {
            return List.of();
        }
        if (tables.size() > 1) {
            throw bad(
                    tables.get(1).fileOffset(),
                    "a second symbol table, section [%d]",
                    tables.get(1).index());
        }
        Section table = tables.getFirst();
        if (table.entrySizeBytes() != Elf.SYMBOL_BYTES || table.sizeBytes() % Elf.SYMBOL_BYTES != 0) {
            throw bad(
                    table.fileOffset(),
                    "the symbol table has %d bytes in entries of %d, expected entries of %d",
                    table.sizeBytes(),
                    table.entrySizeBytes(),
                    Elf.SYMBOL_BYTES);
        }
        Section strings = sections.get(table.link());
        if (strings.type() != Elf.SHT_STRTAB) {
            throw bad(table.fileOffset(), "the symbol names, section [%d], are not a string table", table.link());
        }
        MemorySegment extendedIndexes = extendedIndexes(sections, table);
        int count = (int) (table.sizeBytes() / Elf.SYMBOL_BYTES);
        Map<Long, String> knownNames = HashMap.newHashMap(count);
        List<Symbol> symbols = new ArrayList<>(count);
        for (int index = 0; index < count; index++) {
            symbols.add(symbol(index, table, strings, extendedIndexes, sections.size(), knownNames));
        }
        return List.copyOf(symbols);
    }

    private MemorySegment extendedIndexes(List<Section> sections, Section table) {
        for (Section section : sections) {
            if (section.type() == Elf.SHT_SYMTAB_SHNDX && section.link() == table.index()) {
                if (section.sizeBytes() / 4 < table.sizeBytes() / Elf.SYMBOL_BYTES) {
                    throw bad(section.fileOffset(), "the extended section indexes are fewer than the symbols");
                }
                return section.contents();
            }
        }
        return bytes.asSlice(0, 0);
    }

    private Symbol symbol(
            int index,
            Section table,
            Section strings,
            MemorySegment extendedIndexes,
            int sectionCount,
            Map<Long, String> knownNames) {
        MemorySegment contents = table.contents();
        long at = (long) index * Elf.SYMBOL_BYTES;
        long fileOffset = table.fileOffset() + at;
        long nameOffset = LittleEndian.u32(contents, at);
        String symbolName = knownNames.get(nameOffset);
        if (symbolName == null) {
            symbolName = string(strings.contents(), nameOffset, fileOffset, "the name of symbol %d", index);
            knownNames.put(nameOffset, symbolName);
        }
        int info = LittleEndian.u8(contents, at + 4);
        long sectionIndex = LittleEndian.u16(contents, at + 6);
        Symbol.Place place = Symbol.Place.SECTION;
        if (sectionIndex == Elf.SHN_UNDEF) {
            place = Symbol.Place.UNDEFINED;
        } else if (sectionIndex == Elf.SHN_XINDEX) {
            if (extendedIndexes.byteSize() < (index + 1L) * 4) {
                throw bad(fileOffset + 6, "symbol %d needs an extended section index, and there is none", index);
            }
            sectionIndex = LittleEndian.u32(extendedIndexes, index * 4L);
        } else if (sectionIndex == Elf.SHN_ABS) {
            place = Symbol.Place.ABSOLUTE;
        } else if (sectionIndex == Elf.SHN_COMMON) {
            place = Symbol.Place.COMMON;
        } else if (sectionIndex >= Elf.SHN_LORESERVE) {
            place = Symbol.Place.RESERVED;
        }
        if (place == Symbol.Place.SECTION && sectionIndex >= sectionCount) {
            throw bad(
                    fileOffset + 6,
                    "symbol %d %s is in section %d of %d",
                    index,
                    symbolName,
                    sectionIndex,
                    sectionCount);
        }
        return new Symbol(
                index,
                symbolName,
                LittleEndian.u64(contents, at + 8),
                LittleEndian.u64(contents, at + 16),
                info >>> 4,
                info & 15,
                LittleEndian.u8(contents, at + 5),
                place,
                place == Symbol.Place.SECTION ? (int) sectionIndex : 0);
    }

    void relocations(Section table, Section changed, int fileType, int symbolCount, List<Relocation> into) {
        if (table.type() == Elf.SHT_REL) {
            throw bad(table.fileOffset(), "%s: relocations without addends are not supported", table.name());
        }
        if (table.entrySizeBytes() != Elf.RELA_BYTES || table.sizeBytes() % Elf.RELA_BYTES != 0) {
            throw bad(
                    table.fileOffset(),
                    "%s has %d bytes in entries of %d, expected entries of %d",
                    table.name(),
                    table.sizeBytes(),
                    table.entrySizeBytes(),
                    Elf.RELA_BYTES);
        }
        MemorySegment contents = table.contents();
        for (long at = 0; at < table.sizeBytes(); at += Elf.RELA_BYTES) {
            long offset = LittleEndian.u64(contents, at);
            long symbolIndex = LittleEndian.u32(contents, at + 12);
            if (fileType == Elf.ET_REL && Long.compareUnsigned(offset, changed.sizeBytes()) >= 0) {
                throw bad(
                        table.fileOffset() + at,
                        "%s: relocation at 0x%x, past the end of %s (0x%x)",
                        table.name(),
                        offset,
                        changed.name(),
                        changed.sizeBytes());
            }
            if (fileType == Elf.ET_REL && symbolIndex >= symbolCount) {
                throw bad(
                        table.fileOffset() + at + 12,
                        "%s: relocation names symbol %d of %d",
                        table.name(),
                        symbolIndex,
                        symbolCount);
            }
            into.add(new Relocation(
                    offset,
                    LittleEndian.s32(contents, at + 8),
                    (int) symbolIndex,
                    LittleEndian.u64(contents, at + 16)));
        }
    }

    List<Note> notes(MemorySegment contents, long fileOffset, long sectionAlignment) {
        long alignment = sectionAlignment == 8 ? 8 : 4;
        List<Note> notes = new ArrayList<>();
        long at = 0;
        while (at < contents.byteSize()) {
            if (contents.byteSize() - at < 12) {
                throw bad(fileOffset + at, "%d bytes are too few for a note", contents.byteSize() - at);
            }
            long nameBytes = LittleEndian.u32(contents, at);
            long descriptionBytes = LittleEndian.u32(contents, at + 4);
            long descriptionAt = alignUp(at + 12 + nameBytes, alignment);
            if (descriptionAt + descriptionBytes > contents.byteSize()) {
                throw bad(
                        fileOffset + at,
                        "a note with a name of %d and a description of %d bytes ends past its section",
                        nameBytes,
                        descriptionBytes);
            }
            long nameEnd = at + 12 + nameBytes;
            while (nameEnd > at + 12 && LittleEndian.u8(contents, nameEnd - 1) == 0) {
                nameEnd--;
            }
            notes.add(new Note(
                    text(contents.asSlice(at + 12, nameEnd - at - 12)),
                    LittleEndian.s32(contents, at + 8),
                    contents.asSlice(descriptionAt, descriptionBytes).toArray(ValueLayout.JAVA_BYTE)));
            at = alignUp(descriptionAt + descriptionBytes, alignment);
        }
        return List.copyOf(notes);
    }

    SectionGroup group(Section section, int sectionCount, List<Symbol> symbols) {
        MemorySegment contents = section.contents();
        if (contents.byteSize() < 4 || contents.byteSize() % 4 != 0) {
            throw bad(section.fileOffset(), "group [%d] has %d bytes", section.index(), contents.byteSize());
        }
        if (Integer.compareUnsigned(section.info(), symbols.size()) >= 0) {
            throw bad(section.fileOffset(), "group [%d] is named by symbol %d", section.index(), section.info());
        }
        List<Integer> members = new ArrayList<>();
        for (long at = 4; at < contents.byteSize(); at += 4) {
            long member = LittleEndian.u32(contents, at);
            if (member >= sectionCount) {
                throw bad(
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

    private static long alignUp(long value, long alignment) {
        return (value + alignment - 1) & -alignment;
    }

    private String string(MemorySegment table, long offset, long fileOffset, String what, int index) {
        if (offset >= table.byteSize()) {
            if (offset == 0) {
                return "";
            }
            throw bad(
                    fileOffset,
                    what.formatted(index)
                            + " is at 0x%x, past the end of its string table (0x%x)"
                                    .formatted(offset, table.byteSize()));
        }
        long end = offset;
        while (end < table.byteSize() && table.get(ValueLayout.JAVA_BYTE, end) != 0) {
            end++;
        }
        if (end == table.byteSize()) {
            throw bad(fileOffset, what.formatted(index) + " has no end within its string table");
        }
        return text(table.asSlice(offset, end - offset));
    }

    /** Names are bytes: ISO-8859-1 keeps each of them, whatever they are, and gives them back unchanged. */
    private static String text(MemorySegment characters) {
        return new String(characters.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }

    private MemorySegment slice(long statedAt, String what, long offset, long size) {
        checkRange(statedAt, what, offset, size);
        return bytes.asSlice(offset, size);
    }

    private void checkRange(long statedAt, String what, long offset, long size) {
        if (offset < 0 || size < 0 || offset > bytes.byteSize() || size > bytes.byteSize() - offset) {
            throw bad(
                    statedAt,
                    "%s is at 0x%x with 0x%x bytes, past the end of the file (0x%x)"
                            .formatted(what, offset, size, bytes.byteSize()));
        }
    }

    private ElfFormatException bad(long fileOffset, String found, Object... values) {
        return new ElfFormatException(name, fileOffset, values.length == 0 ? found : found.formatted(values));
    }
}
