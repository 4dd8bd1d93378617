package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** Reads one relocation section and checks that what it names is there. */
final class RelocationReader {
    private final FileBytes file;
    private final boolean relocatable;
    private final Section table;

    /** @throws ElfFormatException if the section does not consist of relocations with addends */
    RelocationReader(FileBytes file, ElfHeader header, Section table) {
        this.file = file;
        this.relocatable = header.type() == Elf.ET_REL;
        this.table = table;
        if (table.type() == Elf.SHT_REL) {
            throw file.bad(table.fileOffset(), "%s: relocations without addends are not supported", table.name());
        }
        if (table.entrySizeBytes() != Elf.RELA_BYTES || table.sizeBytes() % Elf.RELA_BYTES != 0) {
            throw file.bad(
                    table.fileOffset(),
                    "%s has %d bytes in entries of %d, expected entries of %d",
                    table.name(),
                    table.sizeBytes(),
                    table.entrySizeBytes(),
                    Elf.RELA_BYTES);
        }
    }

    /**
     * Adds the relocations of the section to a list, in file order.
     *
     * @param changed the section they change
     * @param symbols the section that {@code table} links to
     */
    void read(Section changed, Section symbols, List<Relocation> into) {
        long symbolCount = symbolCount(symbols);
        MemorySegment contents = table.contents();
        for (long at = 0; at < contents.byteSize(); at += Elf.RELA_BYTES) {
            long offset = LittleEndian.u64(contents, at);
            long symbolIndex = LittleEndian.u32(contents, at + 12);
            if (relocatable && Long.compareUnsigned(offset, changed.sizeBytes()) >= 0) {
                throw file.bad(
                        table.fileOffset() + at,
                        "%s: relocation at 0x%x, past the end of %s (0x%x)",
                        table.name(),
                        offset,
                        changed.name(),
                        changed.sizeBytes());
            }
            if (symbolIndex >= symbolCount) {
                throw file.bad(
                        table.fileOffset() + at + 12,
                        "%s: relocation at 0x%x names symbol %d of %d",
                        table.name(),
                        offset,
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

    /** A static program's relocations link to no symbols and name only symbol 0, which stands for none. */
    private long symbolCount(Section symbols) {
        if (relocatable && symbols.type() != Elf.SHT_SYMTAB) {
            throw file.bad(
                    table.fileOffset(), "%s: section [%d] is not the symbol table", table.name(), symbols.index());
        }
        boolean isTable = symbols.type() == Elf.SHT_SYMTAB || symbols.type() == Elf.SHT_DYNSYM;
        return isTable ? Math.min(symbols.sizeBytes() / Elf.SYMBOL_BYTES, Integer.MAX_VALUE) : 1;
    }
}
