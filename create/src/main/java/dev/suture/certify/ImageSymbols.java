package dev.suture.certify;

import dev.suture.diff.Names;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/** The symbols of a linked program: where each name is, and what is at each address. */
final class ImageSymbols {
    /**
     * A symbol of the linked program.
     *
     * @param name as in the symbol table
     * @param file what the compiler called the source of a local symbol; empty for a global one
     * @param address in the target
     * @param sizeBytes 0 if not known
     */
    record Known(String name, String file, long address, long sizeBytes, boolean local) {
        /** {@return the name by which Xen knows it} */
        String targetName() {
            return local && !file.isEmpty() ? file + "#" + name : name;
        }
    }

    private final Map<String, List<Known>> globals = new HashMap<>();
    /** By file, a NUL and the name without compilers' numbers. */
    private final Map<String, List<Known>> locals = new HashMap<>();

    private final Map<String, List<Known>> byTargetName = new HashMap<>();
    private final TreeMap<Long, Known> byAddress = new TreeMap<>();

    ImageSymbols(ElfFile elf) {
        String file = "";
        for (Symbol symbol : elf.symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                file = symbol.name();
                continue;
            }
            if (symbol.index() == 0 || symbol.isUndefined() || symbol.isSectionSymbol()) {
                continue;
            }
            boolean local = symbol.isLocal();
            Known known = new Known(symbol.name(), local ? file : "", symbol.value(), symbol.sizeBytes(), local);
            String key = local ? key(file, symbol.name()) : symbol.name();
            (local ? locals : globals)
                    .computeIfAbsent(key, name -> new ArrayList<>(1))
                    .add(known);
            byTargetName
                    .computeIfAbsent(known.targetName(), name -> new ArrayList<>(1))
                    .add(known);
            if (symbol.isInSection() && !symbol.name().startsWith(".L")) {
                byAddress.merge(symbol.value(), known, (one, other) -> one.sizeBytes() > 0 ? one : other);
            }
        }
    }

    private static String key(String file, String name) {
        return file + "\0" + Names.stem(name);
    }

    /** {@return where a global symbol is, or what value it has} */
    OptionalLong global(String name) {
        List<Known> found = globals.getOrDefault(name, List.of());
        return found.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(found.getFirst().address());
    }

    /**
     * {@return what may be a symbol of an object} For a local one with a number of the compiler these are all of its file
     * that differ in numbers alone.
     *
     * @param file what the compiler called the object's source
     */
    List<Known> candidates(Symbol symbol, String file) {
        if (!symbol.isLocal()) {
            return globals.getOrDefault(symbol.name(), List.of());
        }
        List<Known> ofFile = locals.getOrDefault(key(file, symbol.name()), List.of());
        return Names.isNumbered(symbol.name())
                ? ofFile
                : ofFile.stream()
                        .filter(known -> known.name().equals(symbol.name()))
                        .toList();
    }

    /** {@return the one thing that Xen finds under a name, such as {@code common/domain.c#domain_hash}} */
    Optional<Known> named(String targetName) {
        List<Known> found = byTargetName.getOrDefault(targetName, List.of());
        long addresses = found.stream().mapToLong(Known::address).distinct().count();
        return addresses == 1 ? Optional.of(found.getFirst()) : Optional.empty();
    }

    /** {@return what an address belongs to, for messages} */
    String describe(long address) {
        Map.Entry<Long, Known> before = byAddress.floorEntry(address);
        if (before == null) {
            return "0x%x".formatted(address);
        }
        long distance = address - before.getKey();
        Known known = before.getValue();
        boolean inside = distance == 0 || distance < Math.max(known.sizeBytes(), 1);
        if (!inside) {
            return "0x%x".formatted(address);
        }
        return "`" + known.targetName() + "`" + (distance == 0 ? "" : "+0x%x".formatted(distance));
    }
}
