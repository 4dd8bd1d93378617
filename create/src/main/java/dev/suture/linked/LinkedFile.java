package dev.suture.linked;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.LinkedCode;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * A linked program: its symbols by name and address, its bytes, and what the dynamic linker does to it.
 *
 * <p>A global symbol is known by its name, a local one as {@code file.c#name}.
 */
final class LinkedFile {
    private static final int PT_TLS = 7;
    static final int RELATIVE = 8;
    static final int IRELATIVE = 37;

    /**
     * What the dynamic linker does to one field.
     *
     * @param symbol its name; empty if none
     * @param version of the symbol; empty if it has none
     */
    record DynamicRelocation(int type, String symbol, String version, long addend) {}

    private final ElfFile elf;
    private final LinkedCode code;
    private final Map<String, Symbol> globals = new HashMap<>();
    private final Map<String, List<Symbol>> locals = new HashMap<>();
    private final Map<String, List<Symbol>> localsByName = new HashMap<>();
    private final Map<Long, Set<String>> names = new HashMap<>();
    private final Map<Long, Set<String>> threadNames = new HashMap<>();
    private final Map<Long, DynamicRelocation> dynamic = new HashMap<>();
    private final List<String> versions;

    LinkedFile(ElfFile elf) {
        this(elf, elf);
    }

    /** @param symbolsFrom where its symbols are, if not in itself */
    LinkedFile(ElfFile elf, ElfFile symbolsFrom) {
        this.elf = elf;
        code = new LinkedCode(elf);
        versions = SymbolVersions.of(elf);
        String file = "";
        for (Symbol symbol : symbolsFrom.symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                file = symbol.name();
            } else if (symbol.index() > 0
                    && !symbol.isSectionSymbol()
                    && !symbol.name().isEmpty()) {
                add(file, symbol);
            }
        }
        for (Section section : elf.sections()) {
            if (section.type() == Elf.SHT_RELA && section.isAllocated()) {
                addDynamic(section);
            }
        }
    }

    private void add(String file, Symbol symbol) {
        String name = plain(symbol.name());
        String key = symbol.isLocal() ? Image.targetNameOfLocal(file, name) : name;
        if (!symbol.isLocal()) {
            Symbol before = globals.get(key);
            if (before == null || before.isUndefined()) {
                globals.put(key, symbol);
            }
        }
        if (symbol.isLocal()) {
            locals.computeIfAbsent(key, _ -> new ArrayList<>(1)).add(symbol);
            localsByName.computeIfAbsent(name, _ -> new ArrayList<>(1)).add(symbol);
        }
        if (!symbol.isUndefined()) {
            (symbol.type() == Elf.STT_TLS ? threadNames : names)
                    .computeIfAbsent(symbol.value(), _ -> new HashSet<>(2))
                    .add(key);
        }
    }

    /** {@return a symbol's name without the version that linkers write behind it} */
    static String plain(String name) {
        int at = name.indexOf('@');
        return at > 0 ? name.substring(0, at) : name;
    }

    private void addDynamic(Section section) {
        List<Symbol> symbols = elf.dynamicSymbols();
        MemorySegment entries = section.contents();
        for (long at = 0; at + 24 <= entries.byteSize(); at += 24) {
            int type = (int) LittleEndian.u32(entries, at + 8);
            int index = (int) LittleEndian.u32(entries, at + 12);
            boolean named = index > 0 && index < symbols.size();
            dynamic.put(
                    LittleEndian.u64(entries, at),
                    new DynamicRelocation(
                            type,
                            named ? symbols.get(index).name() : "",
                            named ? version(index) : "",
                            LittleEndian.u64(entries, at + 16)));
        }
    }

    ElfFile elf() {
        return elf;
    }

    /** {@return the version of a dynamic symbol; empty if it has none} */
    String version(int dynamicIndex) {
        return dynamicIndex < versions.size() ? versions.get(dynamicIndex) : "";
    }

    /** {@return all global symbols, undefined ones too, by name} */
    Map<String, Symbol> globals() {
        return globals;
    }

    Optional<Symbol> global(String name) {
        return Optional.ofNullable(globals.get(name)).filter(symbol -> !symbol.isUndefined());
    }

    /** {@return what may be a local symbol of an object} What has no file in front of it may be under any. */
    List<Symbol> locals(String file, String name) {
        return file.isEmpty()
                ? localsByName.getOrDefault(name, List.of())
                : locals.getOrDefault(Image.targetNameOfLocal(file, name), List.of());
    }

    Set<String> namesAt(long address) {
        return names.getOrDefault(address, Set.of());
    }

    Set<String> threadNamesAt(long offset) {
        return threadNames.getOrDefault(offset, Set.of());
    }

    Optional<DynamicRelocation> dynamicAt(long address) {
        return Optional.ofNullable(dynamic.get(address));
    }

    /** {@return the names that the dynamic linker looks for} */
    Set<String> askedFor() {
        Set<String> asked = new HashSet<>();
        dynamic.values().forEach(relocation -> asked.add(relocation.symbol()));
        return asked;
    }

    OptionalLong threadPointerOffset() {
        return code.threadPointerOffset();
    }

    OptionalLong slotOfStub(long address) {
        return code.slotOfStub(address);
    }

    Optional<MemorySegment> bytes(long address, long sizeBytes) {
        Optional<Section> section = sectionAt(address);
        if (section.isPresent()
                && section.get().isNobits()
                && address - section.get().address() + sizeBytes
                        <= section.get().sizeBytes()) {
            return Optional.of(MemorySegment.ofArray(new byte[(int) sizeBytes]));
        }
        return code.bytes(address, sizeBytes);
    }

    /** {@return the first contents of thread-local variables at an offset in the program's block} */
    Optional<MemorySegment> threadLocalBytes(long offset, long sizeBytes) {
        return elf.segments().stream()
                .filter(segment -> segment.type() == PT_TLS)
                .findFirst()
                .flatMap(segment -> code.bytes(segment.address() + offset, sizeBytes));
    }

    /** {@return the loaded section with an address, thread-local ones without contents left out} */
    Optional<Section> sectionAt(long address) {
        return elf.sections().stream()
                .filter(Section::isAllocated)
                .filter(section -> !(section.isNobits() && section.has(Elf.SHF_TLS)))
                .filter(section -> address >= section.address() && address < section.address() + section.sizeBytes())
                .findFirst();
    }
}
