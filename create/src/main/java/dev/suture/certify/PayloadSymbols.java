package dev.suture.certify;

import dev.suture.diff.Names;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a payload brings, by name, as Xen keeps it for the payloads above: every name of something loaded, but for those
 * of replacements, which are known by what they replace.
 *
 * <p>Names tell what source a thing is from, too. {@code version.c#last.1} is a local symbol of {@code version.c}, and
 * {@code fix#version.c#last.1} as well: Suture puts the payload's name in front.
 *
 * @see "Xen xen/common/livepatch.c, is_payload_symbol() and build_symbol_table()"
 */
final class PayloadSymbols {
    /**
     * Something that the payload brings.
     *
     * @param name its symbol
     * @param at where it is
     * @param sizeBytes as its symbol says
     */
    record Known(String name, Place at, long sizeBytes) {}

    private final Map<String, List<Known>> byName = new HashMap<>();
    /** By what the source has: a name, or for a local symbol the file, a # and the name; without compilers' numbers. */
    private final Map<String, List<Known>> bySourceName = new HashMap<>();

    PayloadSymbols(PayloadContents payload) {
        ElfFile elf = payload.elf();
        Set<Place> replacements = payload.functions().stream()
                .flatMap(function -> function.at().stream())
                .collect(Collectors.toSet());
        for (Symbol symbol : elf.symbols()) {
            Place at = new Place(payload.file(), symbol.sectionIndex(), symbol.value());
            if (isLoaded(elf, symbol) && !replacements.contains(at)) {
                Known known = new Known(symbol.name(), at, symbol.sizeBytes());
                byName.computeIfAbsent(symbol.name(), name -> new ArrayList<>(1))
                        .add(known);
                bySourceName
                        .computeIfAbsent(Names.stem(sourceName(symbol.name())), name -> new ArrayList<>(1))
                        .add(known);
            }
        }
    }

    private static boolean isLoaded(ElfFile elf, Symbol symbol) {
        if (!symbol.isInSection()
                || symbol.isSectionSymbol()
                || symbol.name().isEmpty()
                || symbol.name().startsWith(".L")) {
            return false;
        }
        Section section = elf.sections().get(symbol.sectionIndex());
        return section.isAllocated();
    }

    /** {@return a symbol's name without the payload's; what is in front of two names is the payload's or a file's} */
    private static String sourceName(String symbol) {
        int last = symbol.lastIndexOf('#');
        if (last < 0) {
            return symbol;
        }
        String file = symbol.substring(symbol.lastIndexOf('#', last - 1) + 1, last);
        return isSource(file) ? file + symbol.substring(last) : symbol.substring(last + 1);
    }

    private static boolean isSource(String name) {
        return name.matches(".*\\.[cSs]");
    }

    /** {@return the one thing that Xen finds under a name} */
    Optional<Known> named(String name) {
        List<Known> found = byName.getOrDefault(name, List.of());
        return found.stream().map(Known::at).distinct().count() == 1 ? Optional.of(found.getFirst()) : Optional.empty();
    }

    /**
     * {@return what may be a symbol of an object} For one with a number of the compiler these are all that differ in numbers
     * alone.
     *
     * @param file what the compiler called the object's source
     */
    List<Known> candidates(Symbol symbol, String file) {
        String name = symbol.isLocal() ? file + "#" + symbol.name() : symbol.name();
        return bySourceName.getOrDefault(Names.stem(name), List.of()).stream()
                .filter(known -> Names.isNumbered(symbol.name())
                        || sourceName(known.name()).equals(name))
                .toList();
    }

    /** {@return what has a place, for messages; empty if nothing with a name does} */
    Optional<String> describe(Place place) {
        return byName.values().stream()
                .flatMap(List::stream)
                .filter(known -> known.at().section() == place.section()
                        && known.at().offset() <= place.offset()
                        && place.offset() < known.at().offset() + Math.max(known.sizeBytes(), 1))
                .findFirst()
                .map(known -> {
                    long distance = place.offset() - known.at().offset();
                    return "`" + known.name() + "`" + (distance == 0 ? "" : "+0x%x".formatted(distance));
                });
    }
}
