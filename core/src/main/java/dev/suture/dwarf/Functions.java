package dev.suture.dwarf;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The functions with code in one file, what was inlined in them, and their static variables. */
public final class Functions {
    private final List<Function> all;
    private final List<StaticLocal> staticLocals;
    private final Map<String, List<Function>> byName;
    private final Map<Integer, List<Function>> bySection;

    private Functions(List<Function> all, List<StaticLocal> staticLocals) {
        this.all = List.copyOf(all);
        this.staticLocals = List.copyOf(staticLocals);
        this.byName = HashMap.newHashMap(all.size());
        this.bySection = new HashMap<>();
        for (Function function : all) {
            byName.computeIfAbsent(function.name(), name -> new ArrayList<>(1)).add(function);
            function.ranges().stream()
                    .map(CodeRange::sectionIndex)
                    .distinct()
                    .forEach(section -> bySection
                            .computeIfAbsent(section, index -> new ArrayList<>(1))
                            .add(function));
        }
    }

    /**
     * Reads the functions of a file.
     *
     * @return none if the file has no debug information
     * @throws DwarfFormatException if its debug information is corrupt, or in another file ({@code -gsplit-dwarf})
     * @throws dev.suture.elf.ElfFormatException if its symbol table is corrupt
     */
    public static Functions read(ElfFile elf) {
        ScanFunctions scanned = new ScanFunctions(new DebugInfo(new DebugSections(elf))).scan();
        return new Functions(scanned.functions(), withSymbols(elf, scanned.staticLocals()));
    }

    private record Location(int sectionIndex, long sectionOffset) {}

    private static List<StaticLocal> withSymbols(ElfFile elf, List<StaticLocal> locals) {
        if (locals.isEmpty()) {
            return locals;
        }
        Map<Location, String> symbols = new HashMap<>();
        for (Symbol symbol : elf.symbols()) {
            if (symbol.isObject() && symbol.isInSection()) {
                Section section = elf.sections().get(symbol.sectionIndex());
                long offset = elf.isRelocatable() ? symbol.value() : symbol.value() - section.address();
                symbols.putIfAbsent(new Location(section.index(), offset), symbol.name());
            }
        }
        List<StaticLocal> named = new ArrayList<>(locals.size());
        for (StaticLocal local : locals) {
            Location location = new Location(local.sectionIndex(), local.sectionOffset());
            named.add(withSymbol(local, symbols.getOrDefault(location, "")));
        }
        return named;
    }

    /**
     * Clang 14 leaves out the name of a function that is inlined everywhere from the entry that its static variables are
     * in; but then their symbols are called {@code function.variable}.
     */
    private static StaticLocal withSymbol(StaticLocal local, String symbol) {
        int end = symbol.indexOf("." + local.name());
        String function = local.function().isEmpty() && end > 0 ? symbol.substring(0, end) : local.function();
        return new StaticLocal(
                local.name(),
                function,
                local.functionLinkageName(),
                local.sectionIndex(),
                local.sectionOffset(),
                symbol,
                local.declared(),
                local.column());
    }

    /** {@return all functions that have code, in the order of the file} */
    public List<Function> all() {
        return all;
    }

    /** {@return the functions of that name, in the order of the file: several if static ones or clones share it} */
    public List<Function> named(String name) {
        return List.copyOf(byName.getOrDefault(name, List.of()));
    }

    /** {@return the function that the byte at an offset of a section is part of} */
    public Optional<Function> at(int sectionIndex, long sectionOffset) {
        return bySection.getOrDefault(sectionIndex, List.of()).stream()
                .filter(function -> function.contains(sectionIndex, sectionOffset))
                .findFirst();
    }

    /** {@return the static variables declared in functions, each once, in the order of the file} */
    public List<StaticLocal> staticLocals() {
        return staticLocals;
    }
}
