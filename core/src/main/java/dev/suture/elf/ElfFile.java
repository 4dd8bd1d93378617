package dev.suture.elf;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A little-endian ELF64 file: relocatable, executable or shared object.
 *
 * <p>Values are immutable and safe to share between threads. Tables that are parsed on demand may be parsed twice by two
 * threads at once, with equal results.
 */
public final class ElfFile {
    private static final int LARGEST_COPIED_BYTES = 16 << 20;
    private static final int LONGEST_BUILD_ID_BYTES = 64;
    private static final int LARGEST_NATIVE_BYTES = 128 << 20;

    private final FileBytes file;
    private final ElfHeader header;
    private final List<Section> sections;
    private final List<Segment> segments;
    private volatile List<Symbol> symbols;
    private volatile List<Symbol> dynamicSymbols;
    private volatile Map<Integer, List<Section>> relocationSections;
    private volatile Map<String, Section> sectionsByName;

    ElfFile(FileBytes file, ElfHeader header, List<Section> sections, List<Segment> segments) {
        this.file = file;
        this.header = header;
        this.sections = List.copyOf(sections);
        this.segments = List.copyOf(segments);
    }

    /**
     * Reads a file. One of up to 128 MiB is copied and may be overwritten by the next build; a larger one is mapped and
     * must stay as it is for as long as the value is in use.
     *
     * @throws ElfFormatException if it is not a usable ELF file
     * @throws LivePatchException if it cannot be read at all
     */
    public static ElfFile read(Path file) {
        PlainFile.check(file);
        try (FileChannel channel = FileChannel.open(file)) {
            if (channel.size() <= LARGEST_COPIED_BYTES) {
                return read(file.toString(), PlainFile.read(file, LARGEST_COPIED_BYTES));
            }
            if (channel.size() <= LARGEST_NATIVE_BYTES) {
                return read(file.toString(), copy(channel));
            }
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
            return read(file.toString(), mapped);
        } catch (IOException e) {
            throw new LivePatchException("%s: cannot be read: %s".formatted(file, PlainFile.why(e)), e);
        }
    }

    // Outside of the heap, which is small.
    private static MemorySegment copy(FileChannel channel) throws IOException {
        MemorySegment bytes = Arena.ofAuto().allocate(channel.size());
        ByteBuffer left = bytes.asByteBuffer();
        while (left.hasRemaining() && channel.read(left) >= 0) {
            Thread.onSpinWait();
        }
        return bytes.asSlice(0, left.position());
    }

    /**
     * Reads a file from bytes.
     *
     * @param name what messages call it
     * @param bytes the whole file; must not change afterwards
     * @throws ElfFormatException if it is not a usable ELF file
     */
    public static ElfFile read(String name, byte[] bytes) {
        return read(name, MemorySegment.ofArray(bytes));
    }

    /**
     * Reads a file from bytes.
     *
     * @param name what messages call it
     * @param bytes the whole file; must not change afterwards
     * @throws ElfFormatException if it is not a usable ELF file
     */
    public static ElfFile read(String name, MemorySegment bytes) {
        return new ElfReader(new FileBytes(name, bytes.asReadOnly())).read();
    }

    /** {@return what messages call the file} */
    public String name() {
        return file.name();
    }

    /** {@return the size of the file in bytes} */
    public long sizeBytes() {
        return file.sizeBytes();
    }

    /** {@return all bytes of the file, read-only} */
    public MemorySegment contents() {
        return file.bytes();
    }

    public ElfHeader header() {
        return header;
    }

    /** {@return all sections in the order of the section table, the null section at index 0 included} */
    public List<Section> sections() {
        return sections;
    }

    /** {@return the program headers in file order} */
    public List<Segment> segments() {
        return segments;
    }

    /** {@return the first section of that name} */
    public Optional<Section> section(String sectionName) {
        Map<String, Section> map = sectionsByName;
        if (map == null) {
            map = HashMap.newHashMap(sections.size());
            for (Section section : sections) {
                map.putIfAbsent(section.name(), section);
            }
            sectionsByName = map;
        }
        return Optional.ofNullable(map.get(sectionName));
    }

    /** {@return whether this is a relocatable file, made by a compiler or assembler} */
    public boolean isRelocatable() {
        return header.type() == Elf.ET_REL;
    }

    /**
     * {@return the symbols of {@code .symtab} in table order, the null symbol at index 0 included; empty if the file is
     * stripped}
     *
     * @throws ElfFormatException if the table is corrupt
     */
    public List<Symbol> symbols() {
        List<Symbol> parsed = symbols;
        if (parsed == null) {
            parsed = symbolTable(Elf.SHT_SYMTAB);
            symbols = parsed;
        }
        return parsed;
    }

    /**
     * {@return the symbols of {@code .dynsym} in table order; empty if there are none}
     *
     * @throws ElfFormatException if the table is corrupt
     */
    public List<Symbol> dynamicSymbols() {
        List<Symbol> parsed = dynamicSymbols;
        if (parsed == null) {
            parsed = symbolTable(Elf.SHT_DYNSYM);
            dynamicSymbols = parsed;
        }
        return parsed;
    }

    private List<Symbol> symbolTable(int type) {
        List<Section> tables = sectionsOfType(type);
        if (tables.isEmpty()) {
            return List.of();
        }
        if (tables.size() > 1) {
            Section second = tables.get(1);
            throw file.bad(second.fileOffset(), "a second symbol table, section [%d]", second.index());
        }
        return List.copyOf(new SymbolReader(file, sections, tables.getFirst()).read());
    }

    /**
     * {@return the relocations that change the given section, in file order; empty if there are none}
     *
     * @throws ElfFormatException if a relocation names a symbol that is not there, lies outside the section, or has no
     *     addend of its own ({@link Elf#SHT_REL})
     */
    public List<Relocation> relocations(Section section) {
        List<Section> tables = relocationSections().getOrDefault(section.index(), List.of());
        if (tables.isEmpty()) {
            return List.of();
        }
        List<Relocation> relocations = new ArrayList<>();
        for (Section table : tables) {
            new RelocationReader(file, header, table).read(section, sections.get(table.link()), relocations);
        }
        return List.copyOf(relocations);
    }

    /**
     * {@return whether any relocation changes the given section}
     *
     * @throws ElfFormatException if the relocation sections overlap
     */
    public boolean hasRelocations(Section section) {
        return relocationSections().containsKey(section.index());
    }

    private Map<Integer, List<Section>> relocationSections() {
        Map<Integer, List<Section>> map = relocationSections;
        if (map == null) {
            map = new HashMap<>();
            List<Section> tables = new ArrayList<>(sectionsOfType(Elf.SHT_RELA));
            tables.addAll(sectionsOfType(Elf.SHT_REL));
            for (Section table : tables) {
                if (table.info() != 0 && table.sizeBytes() != 0) {
                    map.computeIfAbsent(table.info(), index -> new ArrayList<>())
                            .add(table);
                }
            }
            relocationSections = map;
        }
        return map;
    }

    /**
     * {@return the notes of a section of type {@link Elf#SHT_NOTE}}
     *
     * @throws ElfFormatException if they do not add up
     */
    public List<Note> notes(Section section) {
        return new NoteReader(file).read(section.contents(), section.fileOffset(), section.alignment());
    }

    /**
     * {@return the section groups in file order}
     *
     * @throws ElfFormatException if a group names a section or symbol that is not there
     */
    public List<SectionGroup> groups() {
        List<Section> tables = sectionsOfType(Elf.SHT_GROUP);
        if (tables.isEmpty()) {
            return List.of();
        }
        GroupReader reader = new GroupReader(file, sections.size(), symbols());
        return tables.stream().map(reader::read).toList();
    }

    /**
     * {@return the file's build id in lower-case hexadecimal digits, from its note sections or, where these have none,
     * its note segments; one of more than 64 bytes, which no linker makes of itself, is none}
     *
     * @throws ElfFormatException if the notes do not add up
     */
    public Optional<String> buildId() {
        for (Section section : sectionsOfType(Elf.SHT_NOTE)) {
            Optional<String> found = buildId(notes(section));
            if (found.isPresent()) {
                return found;
            }
        }
        long searchedBytes = 0;
        for (Segment segment : segments) {
            if (segment.type() == Elf.PT_NOTE) {
                MemorySegment contents = file.slice(
                        header.programHeaderOffset(), "a note segment", segment.fileOffset(), segment.fileSizeBytes());
                searchedBytes += contents.byteSize();
                checkDisjoint(header.programHeaderOffset(), "note segments", searchedBytes);
                Optional<String> found =
                        buildId(new NoteReader(file).read(contents, segment.fileOffset(), segment.alignment()));
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> buildId(List<Note> notes) {
        return notes.stream()
                .filter(Note::isBuildId)
                .findFirst()
                .map(Note::hex)
                .filter(hex -> hex.length() <= 2 * LONGEST_BUILD_ID_BYTES);
    }

    /** {@return the bytes of a segment, if the file has them all} */
    Optional<MemorySegment> contents(Segment segment) {
        long offset = segment.fileOffset();
        long size = segment.fileSizeBytes();
        boolean inside = offset >= 0 && size >= 0 && offset <= sizeBytes() && size <= sizeBytes() - offset;
        return inside ? Optional.of(file.bytes().asSlice(offset, size)) : Optional.empty();
    }

    private List<Section> sectionsOfType(int type) {
        List<Section> found = new ArrayList<>();
        long foundBytes = 0;
        for (Section section : sections) {
            if (section.type() == type) {
                found.add(section);
                foundBytes += section.sizeBytes();
                checkDisjoint(section.fileOffset(), "sections of type %d".formatted(type), foundBytes);
            }
        }
        return found;
    }

    /**
     * Tests that tables which overlap do not make a small file a large model: a thousand headers can share the same
     * megabyte of entries.
     */
    private void checkDisjoint(long fileOffset, String what, long sumBytes) {
        if (sumBytes > sizeBytes()) {
            throw file.bad(fileOffset, "the %s overlap: together they have more bytes than the file", what);
        }
    }

    @Override
    public String toString() {
        return name();
    }
}
