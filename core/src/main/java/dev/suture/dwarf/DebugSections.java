package dev.suture.dwarf;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The debug sections of one file, each read when it is first asked for.
 *
 * <p>An object can have several sections of one name, for type units are in section groups. They are read as if they
 * followed one another, and a relocation against the second of them gets an offset that counts from the first. Types of
 * DWARF 4, in {@code .debug_types}, are read as if they followed {@code .debug_info}.
 */
final class DebugSections {
    static final String INFO = ".debug_info";
    static final String TYPES = ".debug_types";

    private static final int ELFCOMPRESS_ZLIB = 1;
    private static final int COMPRESSION_HEADER_BYTES = 24;
    /** Deflate makes no more than this many bytes out of one (RFC 1951: 258 bytes from 2 bits, and a header). */
    private static final long GREATEST_INFLATION = 1032;

    private static final int RELA_BYTES = 24;

    private final ElfFile elf;
    private final Map<String, List<Section>> sectionsByName = new HashMap<>();
    private final Map<String, DebugSection> read = new HashMap<>();
    private final Map<Integer, Integer> baseOfSection = new HashMap<>();
    private long[] symbolValues;
    private int[] symbolSections;
    private boolean[] symbolIsDebug;

    DebugSections(ElfFile elf) {
        this.elf = elf;
        for (Section section : elf.sections()) {
            if (section.name().startsWith(".debug_") && section.type() != Elf.SHT_NULL && !section.isNobits()) {
                sectionsByName
                        .computeIfAbsent(logicalName(section), name -> new ArrayList<>())
                        .add(section);
            }
        }
        List<Section> info = sectionsByName.get(INFO);
        if (info != null) {
            info.sort((a, b) -> Boolean.compare(a.name().equals(TYPES), b.name().equals(TYPES)));
        }
        sectionsByName.forEach(this::layOut);
    }

    private static String logicalName(Section section) {
        return section.name().equals(TYPES) ? INFO : section.name();
    }

    private void layOut(String name, List<Section> sections) {
        long base = 0;
        for (Section section : sections) {
            baseOfSection.put(section.index(), (int) base);
            base += uncompressedBytes(section);
            if (base > Integer.MAX_VALUE - 64) {
                throw new DwarfFormatException(elf.name(), name, 0, "0x%x bytes are too many".formatted(base));
            }
        }
    }

    ElfFile elf() {
        return elf;
    }

    /** {@return where the sections of type units of DWARF 4 begin within {@link #INFO}} */
    int typesBase() {
        for (Section section : sectionsByName.getOrDefault(INFO, List.of())) {
            if (section.name().equals(TYPES)) {
                return baseOfSection.get(section.index());
            }
        }
        return Integer.MAX_VALUE;
    }

    /** {@return the section, empty if the file has none of that name} */
    DebugSection section(String name) {
        DebugSection section = read.get(name);
        if (section == null) {
            section = load(name, sectionsByName.getOrDefault(name, List.of()));
            read.put(name, section);
        }
        return section;
    }

    private DebugSection load(String name, List<Section> sections) {
        int size = 0;
        for (Section section : sections) {
            size += (int) uncompressedBytes(section);
        }
        byte[] bytes = new byte[size];
        Targets targets = new Targets();
        for (Section section : sections) {
            int base = baseOfSection.get(section.index());
            int end = base + (int) uncompressedBytes(section);
            if (section.has(Elf.SHF_COMPRESSED)) {
                inflate(section, bytes, base, end);
            } else {
                MemorySegment.copy(section.contents(), ValueLayout.JAVA_BYTE, 0, bytes, base, end - base);
            }
            if (elf.isRelocatable()) {
                for (Section table : elf.sections()) {
                    if (table.info() == section.index() && table.type() == Elf.SHT_RELA) {
                        relocate(table, name, bytes, base, end, targets);
                    }
                }
            }
        }
        targets.sort();
        return new DebugSection(elf.name(), name, bytes, targets.offsets(), targets.sections());
    }

    private void relocate(Section table, String name, byte[] bytes, int base, int end, Targets targets) {
        readSymbols();
        byte[] sizes = DebugRelocation.sizesBytes(elf.header().machine());
        MemorySegment entries = table.contents();
        MemorySegment into = MemorySegment.ofArray(bytes);
        long tableBytes = entries.byteSize() / RELA_BYTES * RELA_BYTES;
        for (long at = 0; at < tableBytes; at += RELA_BYTES) {
            long offset = LittleEndian.u64(entries, at);
            int type = LittleEndian.s32(entries, at + 8);
            int size = type >= 0 && type < sizes.length ? sizes[type] : -1;
            if (size < 0) {
                throw new DwarfFormatException(
                        elf.name(),
                        table.name(),
                        at,
                        "relocation kind %d is not known for debug sections".formatted(type));
            }
            if (size == 0) {
                continue;
            }
            int symbol = LittleEndian.s32(entries, at + 12);
            if (symbol < 0 || symbol >= symbolValues.length) {
                throw new DwarfFormatException(
                        elf.name(),
                        table.name(),
                        at,
                        "symbol %d of %d".formatted(symbol & 0xffff_ffffL, symbolValues.length));
            }
            if (offset < 0 || offset > end - base - size) {
                throw new DwarfFormatException(
                        elf.name(),
                        table.name(),
                        at,
                        "%s has no %d bytes at 0x%x to relocate".formatted(name, size, offset));
            }
            long value = symbolValues[symbol] + LittleEndian.u64(entries, at + 16);
            long place = base + offset;
            switch (size) {
                case 8 -> LittleEndian.putU64(into, place, value);
                case 4 -> LittleEndian.putU32(into, place, (int) value);
                default -> LittleEndian.putU16(into, place, (int) value);
            }
            if (!symbolIsDebug[symbol]) {
                targets.add((int) place, symbolSections[symbol]);
            }
        }
    }

    private void readSymbols() {
        if (symbolValues != null) {
            return;
        }
        List<Symbol> symbols = elf.symbols();
        long[] values = new long[symbols.size()];
        symbolSections = new int[symbols.size()];
        symbolIsDebug = new boolean[symbols.size()];
        for (int at = 0; at < values.length; at++) {
            Symbol symbol = symbols.get(at);
            values[at] = symbol.value();
            if (symbol.isInSection()) {
                Integer base = baseOfSection.get(symbol.sectionIndex());
                symbolIsDebug[at] = base != null;
                symbolSections[at] = symbol.sectionIndex();
                values[at] += base == null ? 0 : base;
            }
        }
        symbolValues = values;
    }

    /** @see "System V ABI, Chapter 4, Section Compression: Elf64_Chdr" */
    private long uncompressedBytes(Section section) {
        MemorySegment contents = section.contents();
        if (!section.has(Elf.SHF_COMPRESSED)) {
            return contents.byteSize();
        }
        if (contents.byteSize() < COMPRESSION_HEADER_BYTES) {
            throw bad(section, "%d bytes are too few for a compression header".formatted(contents.byteSize()));
        }
        long kind = LittleEndian.u32(contents, 0);
        if (kind != ELFCOMPRESS_ZLIB) {
            throw bad(
                    section,
                    "compressed in way %d, expected zlib (1); build with -gz=zlib or -gz=none".formatted(kind));
        }
        long size = LittleEndian.u64(contents, 8);
        if (size < 0 || size > contents.byteSize() * GREATEST_INFLATION || size > Integer.MAX_VALUE - 64) {
            throw bad(section, "0x%x bytes cannot decompress to 0x%x".formatted(contents.byteSize(), size));
        }
        return size;
    }

    private void inflate(Section section, byte[] into, int start, int end) {
        byte[] compressed = section.contents().asSlice(COMPRESSION_HEADER_BYTES).toArray(ValueLayout.JAVA_BYTE);
        try (Inflater inflater = new Inflater()) {
            inflater.setInput(compressed);
            int at = start;
            while (at < end) {
                int count = inflater.inflate(into, at, end - at);
                if (count == 0) {
                    throw bad(section, "decompresses to 0x%x bytes, expected 0x%x".formatted(at - start, end - start));
                }
                at += count;
            }
        } catch (DataFormatException e) {
            throw bad(section, "cannot be decompressed: " + e.getMessage());
        }
    }

    private DwarfFormatException bad(Section section, String found) {
        return new DwarfFormatException(elf.name(), section.name(), 0, found);
    }

    /** Where relocations point into sections of the program; assemblers write them in ascending order. */
    private static final class Targets {
        private int[] offsets = new int[64];
        private int[] sections = new int[64];
        private int count;
        private boolean ascending = true;

        void add(int offset, int section) {
            if (count == offsets.length) {
                offsets = Arrays.copyOf(offsets, count * 2);
                sections = Arrays.copyOf(sections, count * 2);
            }
            ascending &= count == 0 || offset > offsets[count - 1];
            offsets[count] = offset;
            sections[count] = section;
            count++;
        }

        void sort() {
            offsets = Arrays.copyOf(offsets, count);
            sections = Arrays.copyOf(sections, count);
            if (!ascending) {
                long[] both = new long[count];
                for (int at = 0; at < count; at++) {
                    both[at] = (long) offsets[at] << 32 | sections[at];
                }
                Arrays.sort(both);
                for (int at = 0; at < count; at++) {
                    offsets[at] = (int) (both[at] >>> 32);
                    sections[at] = (int) both[at];
                }
            }
        }

        int[] offsets() {
            return offsets;
        }

        int[] sections() {
            return sections;
        }
    }
}
