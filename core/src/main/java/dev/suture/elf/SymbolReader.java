package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** Reads one symbol table. */
final class SymbolReader {
    private final FileBytes file;
    private final Section table;
    private final int sectionCount;
    private final StringTable names;
    private final MemorySegment extendedIndexes;

    /** @throws ElfFormatException if the table, its names or its extended section indexes are not what they have to be */
    SymbolReader(FileBytes file, List<Section> sections, Section table) {
        this.file = file;
        this.table = table;
        this.sectionCount = sections.size();
        if (table.entrySizeBytes() != Elf.SYMBOL_BYTES || table.sizeBytes() % Elf.SYMBOL_BYTES != 0) {
            throw file.bad(
                    table.fileOffset(),
                    "the symbol table has %d bytes in entries of %d, expected entries of %d",
                    table.sizeBytes(),
                    table.entrySizeBytes(),
                    Elf.SYMBOL_BYTES);
        }
        if (table.sizeBytes() / Elf.SYMBOL_BYTES > Integer.MAX_VALUE - 8) {
            throw file.bad(table.fileOffset(), "a symbol table of 0x%x bytes", table.sizeBytes());
        }
        Section strings = sections.get(table.link());
        if (strings.type() != Elf.SHT_STRTAB) {
            throw file.bad(table.fileOffset(), "the symbol names, section [%d], are not a string table", table.link());
        }
        this.names = new StringTable(file, strings.fileOffset(), strings.contents());
        this.extendedIndexes = extendedIndexes(sections);
    }

    private MemorySegment extendedIndexes(List<Section> sections) {
        for (Section section : sections) {
            if (section.type() == Elf.SHT_SYMTAB_SHNDX && section.link() == table.index()) {
                if (section.sizeBytes() / 4 < table.sizeBytes() / Elf.SYMBOL_BYTES) {
                    throw file.bad(section.fileOffset(), "the extended section indexes are fewer than the symbols");
                }
                return section.contents();
            }
        }
        return MemorySegment.NULL;
    }

    List<Symbol> read() {
        Symbol[] symbols = new Symbol[(int) (table.sizeBytes() / Elf.SYMBOL_BYTES)];
        for (int index = 0; index < symbols.length; index++) {
            symbols[index] = symbol(index);
        }
        return Arrays.asList(symbols);
    }

    private Symbol symbol(int index) {
        MemorySegment entries = table.contents();
        long at = (long) index * Elf.SYMBOL_BYTES;
        long fileOffset = table.fileOffset() + at;
        String name = names.string(LittleEndian.u32(entries, at), fileOffset, "symbol", index);
        int sectionNumber = LittleEndian.u16(entries, at + 6);
        long sectionIndex = 0;
        Symbol.Place place = switch (sectionNumber) {
            case Elf.SHN_UNDEF -> Symbol.Place.UNDEFINED;
            case Elf.SHN_ABS -> Symbol.Place.ABSOLUTE;
            case Elf.SHN_COMMON -> Symbol.Place.COMMON;
            case Elf.SHN_XINDEX -> {
                sectionIndex = extendedIndex(index, fileOffset);
                yield sectionIndex == 0 ? Symbol.Place.UNDEFINED : Symbol.Place.SECTION;
            }
            default -> {
                boolean reserved = sectionNumber >= Elf.SHN_LORESERVE;
                sectionIndex = reserved ? 0 : sectionNumber;
                yield reserved ? Symbol.Place.RESERVED : Symbol.Place.SECTION;
            }
        };
        if (sectionIndex >= sectionCount) {
            throw file.bad(
                    fileOffset + 6, "symbol [%d] %s is in section %d of %d", index, name, sectionIndex, sectionCount);
        }
        int info = LittleEndian.u8(entries, at + 4);
        return new Symbol(
                index,
                name,
                LittleEndian.u64(entries, at + 8),
                LittleEndian.u64(entries, at + 16),
                info >>> 4,
                info & 15,
                LittleEndian.u8(entries, at + 5),
                place,
                (int) sectionIndex);
    }

    private long extendedIndex(int index, long fileOffset) {
        if (extendedIndexes.byteSize() == 0) {
            throw file.bad(fileOffset + 6, "symbol [%d] needs an extended section index, and there is none", index);
        }
        return LittleEndian.u32(extendedIndexes, index * 4L);
    }
}
