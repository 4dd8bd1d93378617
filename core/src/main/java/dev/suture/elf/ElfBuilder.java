package dev.suture.elf;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes a new relocatable file ({@link Elf#ET_REL}).
 *
 * <p>Sections keep the order in which they are added; the tables that hold them together follow: one {@code .rela}
 * section for each section that has relocations, {@code .symtab}, where needed {@code .symtab_shndx}, {@code .strtab} and
 * {@code .shstrtab}. The same calls give the same bytes. A call that makes no sense, such as a symbol in a section that
 * is not there, is the caller's bug and gets an {@link IllegalStateException}.
 */
public final class ElfBuilder {
    private static final byte[] NO_BYTES = {};
    // Of the file's header, and of a section's.
    private static final int TYPE_AT = 16;
    private static final int SECTION_HEADERS_AT = 40;
    private static final int ADDRESS_AT = 16;

    private final int machine;
    private final List<Section> sections = new ArrayList<>();
    private final List<Symbol> symbols = new ArrayList<>();
    private final Map<Integer, List<Relocation>> relocations = new TreeMap<>();

    /** @param machine {@code e_machine}, such as {@link Elf#EM_X86_64} */
    public ElfBuilder(int machine) {
        this.machine = machine;
        add("", Elf.SHT_NULL, 0, 0, 0, 0, 0, 0, NO_BYTES);
    }

    /** The sections only: what else a file needs is made of the original's symbols and relocations. */
    private ElfBuilder(ElfBuilder original) {
        this.machine = original.machine;
        this.sections.addAll(original.sections);
    }

    /**
     * Adds a section that has bytes in the file.
     *
     * @param type such as {@link Elf#SHT_PROGBITS}; not {@link Elf#SHT_NOBITS}, nor one of the tables made here
     * @param flags {@code SHF_} flags
     * @param alignment in bytes, a power of two; 0 and 1 mean none
     * @param entrySizeBytes 0 where entries have no fixed size
     * @param contents copied
     * @return its section index, which is final
     */
    public int addSection(String name, int type, long flags, long alignment, long entrySizeBytes, byte[] contents) {
        if (type == Elf.SHT_NULL || type == Elf.SHT_NOBITS || type == Elf.SHT_SYMTAB || type == Elf.SHT_RELA) {
            throw new IllegalStateException("section %s cannot be added with type %d".formatted(name, type));
        }
        return add(name, type, flags, contents.length, 0, 0, alignment, entrySizeBytes, contents.clone());
    }

    /**
     * Adds a section of zeros that takes no bytes in the file ({@link Elf#SHT_NOBITS}).
     *
     * @param flags {@code SHF_} flags
     * @param alignment in bytes, a power of two; 0 and 1 mean none
     * @param sizeBytes what it takes in memory
     * @return its section index, which is final
     */
    public int addNobits(String name, long flags, long alignment, long sizeBytes) {
        if (sizeBytes < 0) {
            throw new IllegalStateException("section %s cannot have %d bytes".formatted(name, sizeBytes));
        }
        return add(name, Elf.SHT_NOBITS, flags, sizeBytes, 0, 0, alignment, 0, NO_BYTES);
    }

    /**
     * Adds a symbol. When the file is written the local ones come first, in the order in which they were added, then the
     * others in theirs.
     *
     * @param name empty for the symbol of a section
     * @param value the offset in its section; the alignment for {@link Symbol.Place#COMMON}
     * @param sizeBytes 0 if not known
     * @param binding such as {@link Elf#STB_LOCAL}
     * @param type such as {@link Elf#STT_FUNC}
     * @param other {@code st_other}: its low two bits are the visibility
     * @param place anything but {@link Symbol.Place#RESERVED}
     * @param sectionIndex the section it is defined in, added before; 0 unless {@code place} is
     *     {@link Symbol.Place#SECTION}
     * @return a handle for {@link #addRelocation}; not its index in the file, which only {@link #toBytes} knows
     */
    public int addSymbol(
            String name,
            long value,
            long sizeBytes,
            int binding,
            int type,
            int other,
            Symbol.Place place,
            int sectionIndex) {
        boolean inSection = place == Symbol.Place.SECTION;
        if (inSection ? sectionIndex <= 0 || sectionIndex >= sections.size() : sectionIndex != 0) {
            throw new IllegalStateException(
                    "symbol %s is %s in section %d of %d".formatted(name, place, sectionIndex, sections.size()));
        }
        if (place == Symbol.Place.RESERVED || binding < 0 || binding > 15 || type < 0 || type > 15) {
            throw new IllegalStateException(
                    "symbol %s cannot be %s with binding %d, type %d".formatted(name, place, binding, type));
        }
        symbols.add(new Symbol(symbols.size(), name, value, sizeBytes, binding, type, other, place, sectionIndex));
        return symbols.size() - 1;
    }

    /**
     * Adds a relocation. They are written in the order of their offsets, those of one offset as they were added.
     *
     * @param sectionIndex the section it changes
     * @param sectionOffset in bytes, within that section
     * @param type a relocation kind of the machine
     * @param symbolHandle what {@link #addSymbol} returned
     * @param addend a signed constant
     */
    public void addRelocation(int sectionIndex, long sectionOffset, int type, int symbolHandle, long addend) {
        if (sectionIndex <= 0 || sectionIndex >= sections.size()) {
            throw new IllegalStateException(
                    "a relocation changes section %d of %d".formatted(sectionIndex, sections.size()));
        }
        Section section = sections.get(sectionIndex);
        if (sectionOffset < 0 || sectionOffset >= section.contents().byteSize()) {
            throw new IllegalStateException("a relocation at 0x%x is outside the 0x%x bytes of %s"
                    .formatted(sectionOffset, section.contents().byteSize(), section.name()));
        }
        if (symbolHandle < 0 || symbolHandle >= symbols.size()) {
            throw new IllegalStateException("a relocation at %s+0x%x names symbol %d of %d"
                    .formatted(section.name(), sectionOffset, symbolHandle, symbols.size()));
        }
        relocations
                .computeIfAbsent(sectionIndex, index -> new ArrayList<>())
                .add(new Relocation(sectionOffset, type, symbolHandle, addend));
    }

    /**
     * {@return the finished file} More may be added afterwards and another file made.
     *
     * @throws IllegalStateException if the file would be larger than 2 GiB
     */
    public byte[] toBytes() {
        ElfBuilder complete = new ElfBuilder(this);
        int namesIndex = complete.addTables(symbols, relocations);
        return complete.layOut(namesIndex);
    }

    /**
     * {@return the finished file as one that is in memory already ({@link Elf#ET_EXEC}): what debuggers read of code that was
     * loaded by others} The values of its symbols are addresses.
     *
     * @param addresses of sections, by what {@link #addSection} returned
     */
    public byte[] toBytesAt(Map<Integer, Long> addresses) {
        byte[] file = toBytes();
        MemorySegment bytes = MemorySegment.ofArray(file);
        LittleEndian.putU16(bytes, TYPE_AT, Elf.ET_EXEC);
        long headers = LittleEndian.u64(bytes, SECTION_HEADERS_AT);
        addresses.forEach((index, address) ->
                LittleEndian.putU64(bytes, headers + (long) index * Elf.SECTION_HEADER_BYTES + ADDRESS_AT, address));
        return file;
    }

    /** Adds everything that holds the sections together and returns the index of the section name table. */
    private int addTables(List<Symbol> fileSymbols, Map<Integer, List<Relocation>> fileRelocations) {
        int symbolTableIndex = sections.size() + fileRelocations.size();
        SymbolTableBytes table = SymbolTableBytes.of(fileSymbols);
        byte[] entries = table.entries();
        fileRelocations.forEach((changedIndex, changes) -> {
            byte[] contents = relocationBytes(changes, table.indexes());
            String name = ".rela" + sections.get(changedIndex).name();
            long size = contents.length;
            add(name, Elf.SHT_RELA, Elf.SHF_INFO_LINK, size, symbolTableIndex, changedIndex, 8, 24, contents);
        });
        boolean extended = table.extendedIndexes().length != 0;
        int stringsIndex = symbolTableIndex + (extended ? 2 : 1);
        add(".symtab", Elf.SHT_SYMTAB, 0, entries.length, stringsIndex, table.localCount(), 8, 24, entries);
        if (extended) {
            byte[] contents = table.extendedIndexes();
            add(".symtab_shndx", Elf.SHT_SYMTAB_SHNDX, 0, contents.length, symbolTableIndex, 0, 4, 4, contents);
        }
        add(".strtab", Elf.SHT_STRTAB, 0, table.names().length, 0, 0, 1, 0, table.names());
        return add(".shstrtab", Elf.SHT_STRTAB, 0, 0, 0, 0, 1, 0, NO_BYTES);
    }

    private static byte[] relocationBytes(List<Relocation> changes, int[] symbolIndexes) {
        byte[] contents = new byte[Math.multiplyExact(changes.size(), Elf.RELA_BYTES)];
        MemorySegment bytes = MemorySegment.ofArray(contents);
        long at = 0;
        for (Relocation relocation : changes.stream()
                .sorted(Comparator.comparingLong(Relocation::sectionOffset))
                .toList()) {
            LittleEndian.putU64(bytes, at, relocation.sectionOffset());
            LittleEndian.putU32(bytes, at + 8, relocation.type());
            LittleEndian.putU32(bytes, at + 12, symbolIndexes[relocation.symbolIndex()]);
            LittleEndian.putU64(bytes, at + 16, relocation.addend());
            at += Elf.RELA_BYTES;
        }
        return contents;
    }

    private byte[] layOut(int namesIndex) {
        StringTableBuilder names = new StringTableBuilder();
        sections.forEach(section -> names.add(section.name()));
        byte[] nameBytes = names.toBytes();
        Section nameTable = sections.get(namesIndex);
        sections.set(namesIndex, placed(nameTable, 0, nameBytes.length, 0, MemorySegment.ofArray(nameBytes)));
        if (sections.size() >= Elf.SHN_LORESERVE) {
            int link = namesIndex < Elf.SHN_LORESERVE ? 0 : namesIndex;
            Section nullSection = sections.getFirst();
            sections.set(0, placed(nullSection, 0, sections.size(), link, nullSection.contents()));
        }
        long fileOffset = Elf.HEADER_BYTES;
        for (int index = 1; index < sections.size(); index++) {
            Section section = sections.get(index);
            fileOffset = alignUp(fileOffset, section.alignment());
            sections.set(index, placed(section, fileOffset, section.sizeBytes(), section.link(), section.contents()));
            fileOffset += section.contents().byteSize();
        }
        return write(alignUp(fileOffset, 8), namesIndex, names);
    }

    private byte[] write(long headersOffset, int namesIndex, StringTableBuilder names) {
        long fileBytes = headersOffset + (long) sections.size() * Elf.SECTION_HEADER_BYTES;
        if (fileBytes > Integer.MAX_VALUE - 8) {
            throw new IllegalStateException("the new file would have %d bytes".formatted(fileBytes));
        }
        byte[] file = new byte[(int) fileBytes];
        MemorySegment bytes = MemorySegment.ofArray(file);
        ElfHeader header = new ElfHeader(Elf.ET_REL, machine, 0, 0, 0, 0, 0, headersOffset, namesIndex);
        HeaderBytes.putHeader(bytes, header, 0, sections.size());
        for (Section section : sections) {
            long at = headersOffset + (long) section.index() * Elf.SECTION_HEADER_BYTES;
            HeaderBytes.putSection(bytes, at, names.offset(section.name()), section);
            MemorySegment contents = section.contents();
            MemorySegment.copy(contents, 0, bytes, section.fileOffset(), contents.byteSize());
        }
        return file;
    }

    private int add(
            String name,
            int type,
            long flags,
            long sizeBytes,
            int link,
            int info,
            long alignment,
            long entrySizeBytes,
            byte[] contents) {
        if (alignment < 0 || (alignment & (alignment - 1)) != 0 || alignment > 1 << 30) {
            throw new IllegalStateException("section %s cannot have alignment %d".formatted(name, alignment));
        }
        sections.add(new Section(
                sections.size(),
                name,
                type,
                flags,
                0,
                0,
                sizeBytes,
                link,
                info,
                alignment,
                entrySizeBytes,
                MemorySegment.ofArray(contents).asReadOnly()));
        return sections.size() - 1;
    }

    private static Section placed(Section section, long fileOffset, long sizeBytes, int link, MemorySegment contents) {
        return new Section(
                section.index(),
                section.name(),
                section.type(),
                section.flags(),
                section.address(),
                fileOffset,
                sizeBytes,
                link,
                section.info(),
                section.alignment(),
                section.entrySizeBytes(),
                contents);
    }

    private static long alignUp(long value, long alignment) {
        return alignment <= 1 ? value : (value + alignment - 1) & -alignment;
    }
}
