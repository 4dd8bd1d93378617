package dev.suture.types;

import dev.suture.diff.Comparison;
import dev.suture.dwarf.TypeGraph;
import dev.suture.elf.ElfFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Finds what lives in memory and means something else with a patch, in all objects of the patch. */
public final class TypeNet {
    /** What one object has lost and gained. */
    private record Moves(
            Comparison comparison,
            List<TypeChange> changes,
            List<NumberChange> numbers,
            boolean areAllAlike,
            Set<String> functionsGone,
            Set<String> functionsNew,
            Set<String> typesGone,
            Set<String> typesNew) {}

    private TypeNet() {}

    /**
     * What was found, each with the names of the objects that show it.
     *
     * @param changes of types and variables
     * @param numbers constants of enums with other values
     * @param alike objects all of whose types are declared as they were, down to the names of members
     */
    public record Found(
            Map<TypeChange, List<String>> changes, Map<NumberChange, List<String>> numbers, Set<String> alike) {}

    /**
     * {@return the changes}
     *
     * @param comparisons the objects that differ in what is part of the program; others cannot change what memory means
     * @param declarations knows what the patch adds and removes
     */
    public static Found changes(List<Comparison> comparisons, Declarations declarations) {
        List<Moves> all = comparisons.parallelStream()
                .map(comparison -> moves(comparison, declarations))
                .toList();
        Map<TypeChange, List<String>> changes = new LinkedHashMap<>();
        Map<NumberChange, List<String>> numbers = new LinkedHashMap<>();
        Set<String> alike = new TreeSet<>();
        for (Moves moves : all) {
            add(changes, moves.changes(), moves.comparison().name());
            add(numbers, moves.numbers(), moves.comparison().name());
            if (moves.areAllAlike()) {
                alike.add(moves.comparison().name());
            }
        }
        for (Moves from : all) {
            for (Moves to : all) {
                if (from == to) {
                    continue;
                }
                Set<String> functions = common(from.functionsGone(), to.functionsNew());
                Set<String> types = common(from.typesGone(), to.typesNew());
                if (!functions.isEmpty() || !types.isEmpty()) {
                    PairUses pairs = new PairUses(
                            TypeGraph.read(from.comparison().original().elf()),
                            TypeGraph.read(to.comparison().patched().elf()),
                            declarations);
                    add(changes, pairs.moved(functions, types), to.comparison().name());
                }
            }
        }
        return new Found(changes, numbers, alike);
    }

    private static <T> void add(Map<T, List<String>> changes, List<T> more, String object) {
        for (T change : more) {
            List<String> objects = changes.computeIfAbsent(change, same -> new ArrayList<>());
            if (!objects.contains(object)) {
                objects.add(object);
            }
        }
    }

    private static Set<String> common(Set<String> one, Set<String> other) {
        Set<String> common = new LinkedHashSet<>(one);
        common.retainAll(other);
        return common;
    }

    private static Moves moves(Comparison comparison, Declarations declarations) {
        ElfFile before = comparison.original().elf();
        ElfFile after = comparison.patched().elf();
        TypeGraph original = TypeGraph.read(before);
        TypeGraph patched = TypeGraph.read(after);
        boolean inBoth = before != after;
        PairUses pairs = new PairUses(original, patched, declarations);
        List<TypeChange> changes = inBoth ? pairs.within(comparison) : List.of();
        boolean isNew = comparison.original().pieces().isEmpty() && !inBoth;
        boolean isRemoved = comparison.patched().pieces().isEmpty() && !inBoth;
        Set<String> functionsBefore =
                isNew ? Set.of() : PairUses.bodies(original).keySet();
        Set<String> functionsAfter =
                isRemoved ? Set.of() : PairUses.bodies(patched).keySet();
        Set<String> typesBefore = isNew ? Set.of() : original.named().keySet();
        Set<String> typesAfter = isRemoved ? Set.of() : patched.named().keySet();
        return new Moves(
                comparison,
                changes,
                List.copyOf(pairs.numbersChanged()),
                inBoth && pairs.areAllAlike(),
                without(functionsBefore, functionsAfter),
                without(functionsAfter, functionsBefore),
                without(typesBefore, typesAfter),
                without(typesAfter, typesBefore));
    }

    private static Set<String> without(Set<String> some, Set<String> others) {
        Set<String> rest = new TreeSet<>(some);
        rest.removeAll(others);
        return rest;
    }
}
