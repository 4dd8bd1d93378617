package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.build.ObjectPair;
import dev.suture.build.PatchedFile;
import dev.suture.diff.Comparison;
import dev.suture.diff.SpecialSection;
import dev.suture.diff.SpecialSections;
import dev.suture.dwarf.LayoutChange;
import dev.suture.dwarf.LayoutChanges;
import dev.suture.dwarf.MemberChange;
import dev.suture.dwarf.Types;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.types.TypeChange;
import dev.suture.types.TypeNet;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds types whose layout changes.
 *
 * <p>The running system holds values in the old layout, some of them on its heap, where no comparison of code and static
 * data sees them: code that expects the new layout would read and write past them. Such a payload loads without a
 * complaint and panics the hypervisor later.
 */
final class CheckTypes {
    private static final int OBJECTS_NAMED = 3;
    /** Also what is assembled has it, if it was asked for. */
    private static final String DEBUG_INFO = ".debug_info";

    private final Set<String> allowedTypes;
    private final List<Refusal> refusals = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    /** Types whose change moves members of those that contain them. */
    private final Set<String> movingOthers = new HashSet<>();

    private final List<LayoutChanges.Combined> changes = new ArrayList<>();
    private Map<TypeChange, List<String>> meanings = Map.of();
    /** Types of which it is said already that they change, or that others which they hold do. */
    private final Set<String> said = new HashSet<>();

    private CheckTypes(Set<String> allowedTypes) {
        this.allowedTypes = allowedTypes;
    }

    /**
     * What was found.
     *
     * @param changes what the refusals and warnings are about
     */
    record Found(List<Refusal> refusals, List<String> warnings, List<LayoutChanges.Combined> changes) {
        /** {@return the same with more to tell the author} */
        Found alsoWarn(List<String> more) {
            return new Found(
                    refusals, Stream.concat(warnings.stream(), more.stream()).toList(), changes);
        }
    }

    /**
     * {@return the changed types of all pairs, each once}
     *
     * @param comparisons those of the pairs that differ
     */
    static Found check(
            List<ObjectPair> pairs,
            List<PatchedFile> files,
            SpecialSections tables,
            Set<String> allowedTypes,
            List<Comparison> comparisons) {
        CheckTypes check = new CheckTypes(allowedTypes);
        TypeNet.Found found = TypeNet.changes(comparisons, new PatchedDeclarations(files));
        check.meanings = found.changes();
        Set<String> differing = comparisons.stream().map(Comparison::name).collect(Collectors.toSet());
        check.run(pairs, differing, tables, found.alike());
        check.reportMeanings();
        check.refusals.addAll(CheckComputed.check(comparisons));
        CheckNumbers numbers = CheckNumbers.check(files, comparisons, found.numbers(), allowedTypes);
        check.refusals.addAll(numbers.refusals());
        check.warnings.addAll(numbers.warnings());
        return new Found(check.refusals, check.warnings, check.changes);
    }

    private record Checked(ObjectPair pair, boolean hasTypes, List<LayoutChange> changes) {}

    private void run(List<ObjectPair> pairs, Set<String> differing, SpecialSections tables, Set<String> alike) {
        List<Checked> checked = pairs.parallelStream()
                .filter(pair -> pair.original().isPresent() && pair.patched().isPresent())
                .map(pair -> check(pair, tables, alike.contains(pair.name())))
                .toList();
        List<String> unknown = checked.stream()
                .filter(pair ->
                        !pair.hasTypes() && differing.contains(pair.pair().name()))
                .map(pair -> pair.pair().name())
                .toList();
        if (!unknown.isEmpty()) {
            refusals.add(withoutTypes(unknown));
        }
        Map<String, List<LayoutChange>> byObject = new LinkedHashMap<>();
        for (Checked pair : checked) {
            List<LayoutChange> roots =
                    pair.changes().stream().filter(LayoutChange::isRootCause).toList();
            byObject.put(pair.pair().name(), roots);
            pair.changes().forEach(change -> movingOthers.addAll(change.rootCauses()));
            pair.changes().stream()
                    .filter(change -> change.kind() == LayoutChange.Kind.LAYOUT)
                    .forEach(change -> said.add(change.typeName()));
        }
        changes.addAll(LayoutChanges.combine(byObject));
        changes.forEach(this::report);
    }

    private static Checked check(ObjectPair pair, SpecialSections tables, boolean isAlike) {
        ElfFile before = ElfFile.read(pair.original().orElseThrow());
        ElfFile after = ElfFile.read(pair.patched().orElseThrow());
        boolean isKnown =
                Stream.of(before, after).allMatch(elf -> elf.section(DEBUG_INFO).isPresent() || hasNothing(elf));
        if (!isKnown || hasNothing(before) || hasNothing(after)) {
            return new Checked(pair, isKnown, List.of());
        }
        if (Types.areSurelyEqual(before, after)) {
            return new Checked(pair, true, List.of());
        }
        checkEntrySizes(after, tables);
        List<LayoutChange> changes = isAlike ? List.of() : LayoutChanges.between(Types.read(before), Types.read(after));
        return new Checked(pair, true, changes);
    }

    /** The compiler writes no debug information where it has nothing to describe. */
    private static boolean hasNothing(ElfFile elf) {
        return elf.sections().stream()
                .noneMatch(section -> (section.flags() & Elf.SHF_ALLOC) != 0
                        && section.sizeBytes() > 0
                        && !section.name().equals(".note.gnu.property"));
    }

    /** The sizes of table entries are known by release; where debug information tells them, it must agree. */
    private static void checkEntrySizes(ElfFile elf, SpecialSections tables) {
        Map<String, SpecialSection> byStructure = new LinkedHashMap<>();
        for (SpecialSection table : tables.tables()) {
            if (!table.structure().isEmpty() && elf.section(table.name()).isPresent()) {
                byStructure.put(table.structure(), table);
            }
        }
        Map<String, Long> sizes = Types.structSizes(elf, byStructure.keySet());
        byStructure.forEach((structure, table) -> {
            Long size = sizes.get(structure);
            if (size != null && size != table.entryBytes()) {
                throw new LivePatchException(
                        "%s: struct %s has %d bytes, but entries of %s have %d in this release of Xen; is it a modified Xen?"
                                .formatted(elf.name(), structure, size, table.name(), table.entryBytes()));
            }
        });
    }

    private static Refusal withoutTypes(List<String> names) {
        return new Refusal(
                objects(names),
                "",
                "there is no debug information, and without it nobody can tell whether the patch changes the layout of a"
                        + " type",
                "Build with debug information in DWARF (-g, in Xen CONFIG_DEBUG_INFO=y), which does not change the code;"
                        + " leave out what asks for another kind (-gstabs).");
    }

    private void report(LayoutChanges.Combined combined) {
        LayoutChange change = combined.change();
        String where = change.declared().text();
        if (onlyFillsGaps(change)) {
            said.remove(change.typeName());
        }
        if (isAllowed(change.typeName())) {
            warnings.add("allowed as you asked: %s (%s)".formatted(change.text(), where));
        } else if (change.kind() == LayoutChange.Kind.MEANING) {
            if (meanings.keySet().stream()
                    .anyMatch(meaning -> meaning.original().equals(change.typeName()))) {
                return;
            }
            warnings.add("the meaning of a type changes, not its layout: %s (%s)".formatted(change.text(), where));
        } else if (onlyFillsGaps(change)) {
            warnings.add(
                    ("a type gets members where it had padding or other members; nothing moves, but values that exist already"
                                    + " hold there what was not written for them: %s (%s)")
                            .formatted(change.text(), where));
        } else {
            refusals.add(new Refusal(
                    objects(combined.objects()),
                    change.typeName(),
                    "the layout of a type changes, and the running system holds it in its old one: %s (%s)"
                            .formatted(change.text(), where),
                    remedy(change)));
        }
    }

    /** {@return whether all old members are where they were, so that old and new code can use a value side by side} */
    private boolean onlyFillsGaps(LayoutChange change) {
        return !movingOthers.contains(change.typeName())
                && change.originalSizeBytes() == change.patchedSizeBytes()
                && change.members().stream()
                        .allMatch(member -> member instanceof MemberChange.Added || !member.isLayout());
    }

    private static String remedy(LayoutChange change) {
        boolean onlyRemoves = change.members().stream().anyMatch(MemberChange.Removed.class::isInstance)
                && change.members().stream()
                        .allMatch(member ->
                                member instanceof MemberChange.Removed || member instanceof MemberChange.Moved);
        boolean onlyMoves = change.members().stream().allMatch(MemberChange.Moved.class::isInstance);
        String keep;
        if (onlyRemoves) {
            keep = "Keep the layout: leave what is removed in the type, unused.";
        } else if (onlyMoves) {
            keep = "Keep the layout: leave the members in their order.";
        } else {
            keep = "Keep the layout: keep new state in a variable or table of its own, looked up by the object's "
                    + "address.";
        }
        return "%s If no %s outlives a single call, pass --allow-type '%s'."
                .formatted(keep, change.typeName(), change.typeName());
    }

    private boolean isAllowed(String typeName) {
        return allowedTypes.contains(typeName)
                || allowedTypes.contains(typeName.substring(typeName.lastIndexOf(' ') + 1));
    }

    /** What no comparison of layouts by name shows: other contents of the same bytes, and types under another name. */
    private void reportMeanings() {
        meanings.forEach((change, objects) -> {
            if (change.kind() == TypeChange.Kind.TYPE && said.contains(change.original())) {
                return;
            }
            if (isAllowed(change.original())) {
                warnings.add("allowed as you asked: %s".formatted(MeaningText.of(change)));
            } else {
                refusals.add(new Refusal(
                        objects(objects), change.original(), MeaningText.what(change), MeaningText.remedy(change)));
            }
        });
    }

    private static String objects(List<String> names) {
        String shown = names.stream().limit(OBJECTS_NAMED).collect(Collectors.joining(", "));
        return names.size() > OBJECTS_NAMED ? "%s and %d more".formatted(shown, names.size() - OBJECTS_NAMED) : shown;
    }
}
