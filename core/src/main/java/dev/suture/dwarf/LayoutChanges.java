package dev.suture.dwarf;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds types that the original and the patched object lay out differently.
 *
 * <p>Values made by the original code stay in memory when a live patch is applied, and original code goes on to make
 * them: patched code that expects a member elsewhere reads something else. A type that is in one of the two objects
 * only is no change. For {@code struct a { int x; }; struct b { struct a in; int y; };} and an {@code int} added to
 * {@code a}, both types change; {@code a} is the root cause, {@code b} follows from it.
 */
public final class LayoutChanges {
    private LayoutChanges() {}

    /**
     * One change and the objects that have it.
     *
     * @param objects as the caller named them, in its order
     */
    public record Combined(LayoutChange change, List<String> objects) {
        public Combined {
            objects = List.copyOf(objects);
        }
    }

    /** {@return the changed types: root causes first, layout before meaning, then by name} */
    public static List<LayoutChange> between(Types original, Types patched) {
        Map<String, LayoutChange> changes = new LinkedHashMap<>();
        Map<String, Pair> pairs = new HashMap<>();
        List<LayoutChange> furtherOfSameName = new ArrayList<>();
        Set<String> namesDone = new HashSet<>();
        for (TypeDefinition definition : original.all()) {
            if (!namesDone.add(definition.name())) {
                continue;
            }
            List<TypeDefinition> originals = original.named(definition.name());
            List<TypeDefinition> patcheds = patched.named(definition.name());
            for (Pair pair : changedPairs(originals, patcheds)) {
                LayoutChange change = compare(pair);
                if (change == null) {
                    continue;
                }
                if (changes.putIfAbsent(change.typeName(), change) == null) {
                    pairs.put(change.typeName(), pair);
                } else {
                    furtherOfSameName.add(change);
                }
            }
        }
        List<LayoutChange> result = new ArrayList<>(furtherOfSameName);
        RootCauses rootCauses = new RootCauses(changes, pairs);
        for (LayoutChange change : changes.values()) {
            result.add(rootCauses.explain(change));
        }
        result.sort(ORDER);
        return List.copyOf(result);
    }

    private static final Comparator<LayoutChange> ORDER = Comparator.comparing(
                    (LayoutChange change) -> !change.isRootCause())
            .thenComparing(LayoutChange::kind)
            .thenComparing(LayoutChange::typeName);

    /**
     * {@return each distinct change once, with the objects that have it, in the order of {@link #between}} A header that
     * hundreds of objects include gives the same changes in all of them.
     *
     * @param changesByObject iterated in its own order
     */
    public static List<Combined> combine(Map<String, List<LayoutChange>> changesByObject) {
        Map<LayoutChange, List<String>> objects = new LinkedHashMap<>();
        changesByObject.forEach((object, changes) -> {
            for (LayoutChange change : changes) {
                objects.computeIfAbsent(change, same -> new ArrayList<>()).add(object);
            }
        });
        return objects.entrySet().stream()
                .map(entry -> new Combined(entry.getKey(), entry.getValue()))
                .sorted(Comparator.comparing(Combined::change, ORDER))
                .toList();
    }

    private record Pair(TypeDefinition original, TypeDefinition patched) {}

    /** Types of one name that differ: those that are equal are paired with one another and out of the question. */
    private static List<Pair> changedPairs(List<TypeDefinition> originals, List<TypeDefinition> patcheds) {
        if (patcheds.isEmpty()) {
            return List.of();
        }
        if (originals.size() == 1 && patcheds.size() == 1) {
            return originals.getFirst().sameAs(patcheds.getFirst())
                    ? List.of()
                    : List.of(new Pair(originals.getFirst(), patcheds.getFirst()));
        }
        List<TypeDefinition> originalsLeft = new ArrayList<>(originals);
        List<TypeDefinition> patchedsLeft = new ArrayList<>(patcheds);
        originalsLeft.removeIf(definition -> patcheds.stream().anyMatch(definition::sameAs));
        patchedsLeft.removeIf(definition -> originals.stream().anyMatch(definition::sameAs));
        List<Pair> pairs = new ArrayList<>();
        for (TypeDefinition original : originalsLeft) {
            patchedsLeft.stream()
                    .min(Comparator.comparingInt(patched -> distance(original, patched)))
                    .ifPresent(patched -> {
                        patchedsLeft.remove(patched);
                        pairs.add(new Pair(original, patched));
                    });
        }
        return pairs;
    }

    private static int distance(TypeDefinition original, TypeDefinition patched) {
        int kind = original.kind() == patched.kind() && original.isTypedef() == patched.isTypedef() ? 0 : 2;
        int file = original.declared().file().equals(patched.declared().file()) ? 0 : 1;
        return kind + file;
    }

    /** {@return the change; null if there is none that matters} */
    private static LayoutChange compare(Pair pair) {
        List<MemberChange> changes = new ArrayList<>();
        compareMembers(pair.original(), pair.patched(), changes);
        compareEnumerators(pair.original(), pair.patched(), changes);
        boolean isResized = pair.original().sizeBytes() != pair.patched().sizeBytes();
        if (changes.isEmpty() && !isResized) {
            return null;
        }
        boolean isLayout = isResized || changes.stream().anyMatch(MemberChange::isLayout);
        return new LayoutChange(
                pair.original().text(),
                isLayout ? LayoutChange.Kind.LAYOUT : LayoutChange.Kind.MEANING,
                pair.original().sizeBytes(),
                pair.patched().sizeBytes(),
                changes,
                List.of(),
                pair.patched().declared());
    }

    private static void compareMembers(TypeDefinition original, TypeDefinition patched, List<MemberChange> into) {
        Map<String, Member> patchedByName = byName(patched);
        Map<String, Member> originalByName = byName(original);
        Map<Long, Member> newByOffset = new HashMap<>();
        patchedByName.forEach((key, member) -> {
            if (!originalByName.containsKey(key)) {
                newByOffset.putIfAbsent(bitOffset(member), member);
            }
        });
        Set<Member> renamed = new HashSet<>();
        originalByName.forEach((key, member) -> {
            Member twin = patchedByName.get(key);
            if (twin != null) {
                compare(member, twin, into);
                return;
            }
            Member sameplace = newByOffset.get(bitOffset(member));
            boolean isRenamed = sameplace != null
                    && sameplace.sizeBytes() == member.sizeBytes()
                    && sameplace.bitSize() == member.bitSize()
                    && sameplace.resolvedType().equals(member.resolvedType())
                    && renamed.add(sameplace);
            into.add(
                    isRenamed
                            ? new MemberChange.Renamed(member.name(), sameplace.name())
                            : new MemberChange.Removed(
                                    member.name(), member.byteOffset(), member.sizeBytes(), member.type()));
        });
        patchedByName.forEach((key, member) -> {
            if (!originalByName.containsKey(key) && !renamed.contains(member)) {
                into.add(new MemberChange.Added(member.name(), member.byteOffset(), member.sizeBytes(), member.type()));
            }
        });
    }

    private static long bitOffset(Member member) {
        return member.byteOffset() * 8 + member.bitOffset();
    }

    /** Padding such as {@code int : 3} has no name; the second and further of one name are told apart by number. */
    private static Map<String, Member> byName(TypeDefinition definition) {
        Map<String, Member> members =
                LinkedHashMap.newLinkedHashMap(definition.members().size());
        Map<String, Integer> uses = new HashMap<>();
        for (Member member : definition.members()) {
            if (members.putIfAbsent(member.name(), member) != null) {
                members.put(member.name() + "#" + uses.merge(member.name(), 1, Integer::sum), member);
            }
        }
        return members;
    }

    private static void compare(Member original, Member patched, List<MemberChange> into) {
        if (bitOffset(original) != bitOffset(patched)) {
            into.add(new MemberChange.Moved(
                    original.name(),
                    original.byteOffset(),
                    original.bitOffset(),
                    patched.byteOffset(),
                    patched.bitOffset()));
        }
        if (original.bitSize() != patched.bitSize() && original.isBitField() && patched.isBitField()) {
            into.add(new MemberChange.Resized(original.name(), original.bitSize(), patched.bitSize(), true));
        } else if (original.isBitField() != patched.isBitField()) {
            into.add(new MemberChange.Resized(original.name(), bits(original), bits(patched), true));
        } else if (original.sizeBytes() != patched.sizeBytes() && !original.isBitField()) {
            into.add(new MemberChange.Resized(original.name(), original.sizeBytes(), patched.sizeBytes(), false));
        } else if (!original.resolvedType().equals(patched.resolvedType())) {
            into.add(new MemberChange.Retyped(original.name(), original.type(), patched.type()));
        }
    }

    private static long bits(Member member) {
        return member.isBitField() ? member.bitSize() : member.sizeBytes() * 8;
    }

    private static void compareEnumerators(TypeDefinition original, TypeDefinition patched, List<MemberChange> into) {
        Map<String, Long> patchedValues = new HashMap<>();
        for (Enumerator enumerator : patched.enumerators()) {
            patchedValues.put(enumerator.name(), enumerator.value());
        }
        for (Enumerator enumerator : original.enumerators()) {
            Long value = patchedValues.get(enumerator.name());
            if (value == null) {
                into.add(new MemberChange.EnumeratorRemoved(enumerator.name(), enumerator.value()));
            } else if (value != enumerator.value()) {
                into.add(new MemberChange.ValueChanged(enumerator.name(), enumerator.value(), value));
            }
        }
    }

    /** Tells types that were edited from those that only contain one that was. */
    private static final class RootCauses {
        private final Map<String, LayoutChange> changes;
        private final Map<String, Pair> pairs;

        RootCauses(Map<String, LayoutChange> changes, Map<String, Pair> pairs) {
            this.changes = changes;
            this.pairs = pairs;
        }

        LayoutChange explain(LayoutChange change) {
            Set<String> roots = new LinkedHashSet<>();
            if (follows(change)) {
                collect(change, roots, new HashSet<>(Set.of(change.typeName())));
            }
            return new LayoutChange(
                    change.typeName(),
                    change.kind(),
                    change.originalSizeBytes(),
                    change.patchedSizeBytes(),
                    change.members(),
                    List.copyOf(roots),
                    change.declared());
        }

        private void collect(LayoutChange change, Set<String> roots, Set<String> visited) {
            for (String held : changedTypesHeld(change)) {
                if (visited.add(held)) {
                    LayoutChange cause = changes.get(held);
                    if (follows(cause)) {
                        collect(cause, roots, visited);
                    } else {
                        roots.add(held);
                    }
                }
            }
        }

        /**
         * {@return whether the type is as it was written: the same members of the same types in the same order, of which
         * some hold a type that has another size now}
         */
        private boolean follows(LayoutChange change) {
            if (changedTypesHeld(change).isEmpty()) {
                return false;
            }
            List<Member> originals = pairs.get(change.typeName()).original().members();
            List<Member> patcheds = pairs.get(change.typeName()).patched().members();
            if (originals.size() != patcheds.size()) {
                return false;
            }
            for (int at = 0; at < originals.size(); at++) {
                Member original = originals.get(at);
                Member patched = patcheds.get(at);
                boolean isAsWritten = original.name().equals(patched.name())
                        && original.bitSize() == patched.bitSize()
                        && original.resolvedType().equals(patched.resolvedType());
                boolean isResized = original.sizeBytes() != patched.sizeBytes();
                if (!isAsWritten || isResized && !isChanged(original.heldType())) {
                    return false;
                }
            }
            return true;
        }

        private boolean isChanged(String typeName) {
            LayoutChange change = changes.get(typeName);
            return change != null && change.kind() == LayoutChange.Kind.LAYOUT;
        }

        private Set<String> changedTypesHeld(LayoutChange change) {
            Set<String> held = new LinkedHashSet<>();
            for (Member member : pairs.get(change.typeName()).original().members()) {
                if (isChanged(member.heldType()) && !member.heldType().equals(change.typeName())) {
                    held.add(member.heldType());
                }
            }
            return held;
        }
    }
}
