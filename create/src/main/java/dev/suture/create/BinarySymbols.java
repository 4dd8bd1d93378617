package dev.suture.create;

import dev.suture.diff.ObjectPieces;
import dev.suture.elf.Elf;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.isa.Isa;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/** Where a linked program has the symbols of the objects that it is linked from. */
final class BinarySymbols {
    private static final String TABLE = "_GLOBAL_OFFSET_TABLE_";

    private final Image image;
    private final Isa isa;
    private final Map<String, Set<Long>> dynamic = new HashMap<>();
    /** By their bare names, those that the linker made local or gave a fixed value as well. */
    private final Map<String, Set<Long>> bare = new HashMap<>();

    BinarySymbols(Image image) {
        this.image = image;
        isa = Isa.of(image.elf().header().machine());
        for (Symbol symbol : image.elf().dynamicSymbols()) {
            if (symbol.isInSection()) {
                add(dynamic, symbol.name(), symbol.value());
            }
        }
        for (Symbol symbol : image.symbolsFrom().symbols()) {
            boolean isFixed = symbol.place() == Symbol.Place.ABSOLUTE && symbol.type() != Elf.STT_FILE;
            if ((symbol.isInSection() && !symbol.isSectionSymbol() || isFixed)
                    && !symbol.name().isEmpty()) {
                // A version is no part of the name in objects.
                int version = symbol.name().indexOf('@');
                add(bare, version > 0 ? symbol.name().substring(0, version) : symbol.name(), symbol.value());
            }
        }
    }

    private static void add(Map<String, Set<Long>> to, String name, long address) {
        to.computeIfAbsent(name, key -> new TreeSet<>()).add(address);
    }

    Isa isa() {
        return isa;
    }

    /** {@return the address that GOT-relative distances count from} */
    OptionalLong table() {
        Set<Long> found = bare.getOrDefault(TABLE, Set.of());
        return found.size() == 1 ? OptionalLong.of(found.iterator().next()) : OptionalLong.empty();
    }

    Set<Long> addresses(ObjectPieces object, Symbol symbol) {
        return addresses(object, List.of(symbol));
    }

    /**
     * {@return where the program has any of these symbols of an object; of a thread-local one, where in the file's block}
     *
     * <p>What the linker made local is found by its bare name if the program has one such thing, and so is what compilers
     * or tools call another source. A weak symbol that nobody defines is at 0.
     */
    Set<Long> addresses(ObjectPieces object, List<Symbol> all) {
        Set<Long> found = new TreeSet<>();
        for (Symbol symbol : all) {
            if (symbol.name().isEmpty()) {
                continue;
            }
            String name =
                    symbol.isLocal() ? Image.targetNameOfLocal(object.sourceFile(), symbol.name()) : symbol.name();
            Set<Long> own = new TreeSet<>();
            image.all(name).forEach(known -> own.add(known.address()));
            if (!symbol.isLocal()) {
                own.addAll(dynamic.getOrDefault(name, Set.of()));
            }
            Set<Long> alike = bare.getOrDefault(symbol.name(), Set.of());
            if (own.isEmpty() && alike.size() == 1) {
                own.addAll(alike);
            }
            if (own.isEmpty() && symbol.isUndefined() && symbol.binding() == Elf.STB_WEAK) {
                own.add(0L);
            }
            found.addAll(own);
        }
        return found;
    }
}
