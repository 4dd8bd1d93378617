package dev.suture.types;

import dev.suture.dwarf.Enumerator;
import dev.suture.dwarf.TypeNode;
import dev.suture.dwarf.TypeNode.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Walks two graphs of types side by side and notes what bytes in memory mean in one and not in the other.
 *
 * <p>Two types that meet are compared by what they are made of; their names only say which members meet next. Where
 * {@code struct session *} stood in a table and {@code struct client *} stands there now, the two structs meet, and are
 * the same if the same members are at the same places. Each two types meet once, on the shortest way. What is not
 * understood differs.
 */
final class CompareTypes {
    private static final int MAXIMUM_DEPTH = 60;
    private static final int DIFFERENCES_NAMED = 4;

    private record Pair(TypeNode original, TypeNode patched) {}

    private record Meeting(Pair pair, Way way) {}

    private final Set<Pair> met = new HashSet<>();
    private final Deque<Meeting> waiting = new ArrayDeque<>();
    private final List<TypeChange> changes = new ArrayList<>();
    private final Map<String, NumberChange> numbers = new LinkedHashMap<>();
    private boolean areAllAlike = true;

    /** {@return whether everything that met was declared alike, down to the names of members} */
    boolean areAllAlike() {
        return areAllAlike && changes.isEmpty() && numbers.isEmpty();
    }

    /** {@return the constants of enums that met and have other values, by their names} */
    Map<String, NumberChange> numbers() {
        return numbers;
    }

    /** {@return what was found, in the order it was met} */
    List<TypeChange> changes() {
        return changes;
    }

    /** Two structs, unions or enums meet. */
    void meet(TypeNode original, TypeNode patched, Way way) {
        Pair pair = new Pair(original, patched);
        if (met.add(pair)) {
            waiting.add(new Meeting(pair, way));
        }
    }

    /** Compares what has met, and what meets because of it. */
    void run() {
        while (!waiting.isEmpty()) {
            Meeting meeting = waiting.remove();
            TypeNode original = meeting.pair().original();
            TypeNode patched = meeting.pair().patched();
            List<String> differences = original.kind() == Kind.ENUM || patched.kind() == Kind.ENUM
                    ? differencesOfEnums(original, patched)
                    : differences(original, patched, meeting.way());
            if (!differences.isEmpty()) {
                report(original, patched, differences, meeting.way());
            }
        }
    }

    private void report(TypeNode original, TypeNode patched, List<String> differences, Way way) {
        boolean sameName = original.name().equals(patched.name());
        changes.add(new TypeChange(
                sameName ? TypeChange.Kind.TYPE : TypeChange.Kind.REPLACED,
                nameOf(original),
                nameOf(patched),
                shortened(differences),
                way.text(),
                patched.declared()));
    }

    private static String nameOf(TypeNode type) {
        return type.name().isEmpty() ? type.text() : type.name();
    }

    static List<String> shortened(List<String> differences) {
        if (differences.size() <= DIFFERENCES_NAMED) {
            return differences;
        }
        List<String> some = new ArrayList<>(differences.subList(0, DIFFERENCES_NAMED));
        some.add("and %d more".formatted(differences.size() - DIFFERENCES_NAMED));
        return some;
    }

    /**
     * {@return whether a value of one type, found where the other is expected, means the same} Structs in it, or that it
     * points to, meet and are judged by themselves.
     */
    boolean isSame(TypeNode original, TypeNode patched, Way way) {
        return isSame(original, patched, way, 0);
    }

    private boolean isSame(TypeNode original, TypeNode patched, Way way, int depth) {
        if (depth > MAXIMUM_DEPTH || original.isAtomic() != patched.isAtomic()) {
            return false;
        }
        Kind one = original.kind();
        Kind other = patched.kind();
        if (one == Kind.INCOMPLETE || other == Kind.INCOMPLETE) {
            return isNamedAlike(original, patched);
        }
        if (original.isComposite() && patched.isComposite()) {
            meet(original, patched, way);
            return one == other;
        }
        if (original.isComposite() || patched.isComposite()) {
            TypeNode before = onlyMember(original);
            TypeNode after = onlyMember(patched);
            boolean isUnwrapped = before != original || after != patched;
            return isUnwrapped && isSame(before, after, way, depth + 1);
        }
        if (one == Kind.ENUM && other == Kind.ENUM) {
            meet(original, patched, way);
            return original.sizeBytes() == patched.sizeBytes();
        }
        if (one == Kind.ENUM && isInteger(other) || other == Kind.ENUM && isInteger(one)) {
            return original.sizeBytes() == patched.sizeBytes();
        }
        if (one != other) {
            return false;
        }
        return switch (one) {
            case VOID -> true;
            case SIGNED, UNSIGNED, BOOLEAN, FLOAT, COMPLEX -> original.sizeBytes() == patched.sizeBytes();
            case POINTER, MEMBER_POINTER ->
                original.sizeBytes() == patched.sizeBytes()
                        && isSame(original.target(), patched.target(), way, depth + 1);
            case ARRAY, VECTOR ->
                isSameDimensions(original.dimensions(), patched.dimensions())
                        && isSame(original.target(), patched.target(), way, depth + 1);
            case FUNCTION -> isSameFunction(original, patched, way, depth);
            case OTHER -> original.name().equals(patched.name()) && original.sizeBytes() == patched.sizeBytes();
            case STRUCT, UNION, ENUM, INCOMPLETE -> false;
        };
    }

    /** {@return the type of a struct's only member, if that is all of it; else the type itself} */
    private static TypeNode onlyMember(TypeNode type) {
        if (type.kind() != Kind.STRUCT || type.fields().size() != 1) {
            return type;
        }
        TypeNode.Field field = type.fields().getFirst();
        boolean isAll = !field.isBase()
                && field.bitOffset() == 0
                && field.bitSize() == 0
                && type.sizeBytes() > 0
                && field.type().sizeBytes() == type.sizeBytes();
        return isAll ? field.type() : type;
    }

    private static boolean isInteger(Kind kind) {
        return kind == Kind.SIGNED || kind == Kind.UNSIGNED;
    }

    private boolean isSameFunction(TypeNode original, TypeNode patched, Way way, int depth) {
        List<TypeNode> before = original.parameters();
        List<TypeNode> after = patched.parameters();
        boolean same = before.size() == after.size() && isPassedAlike(original.target(), patched.target(), way, depth);
        for (int at = 0; at < before.size() && same; at++) {
            same = isPassedAlike(before.get(at), after.get(at), way, depth);
        }
        return same;
    }

    /** What is the same in memory need not be passed the same way: a struct may be passed by its address. */
    private boolean isPassedAlike(TypeNode original, TypeNode patched, Way way, int depth) {
        return original.isComposite() == patched.isComposite() && isSame(original, patched, way, depth + 1);
    }

    /** An array of no elements and one of nobody says how many are both a place where elements follow. */
    private static boolean isSameDimensions(List<Long> original, List<Long> patched) {
        if (original.size() != patched.size()) {
            return false;
        }
        for (int at = 0; at < original.size(); at++) {
            long before = Math.max(0, original.get(at));
            long after = Math.max(0, patched.get(at));
            if (before != after) {
                return false;
            }
        }
        return true;
    }

    /** What only its name is known of here is looked at where it is defined. */
    private static boolean isNamedAlike(TypeNode original, TypeNode patched) {
        return tag(original).equals(tag(patched)) && !tag(original).isEmpty();
    }

    private static String tag(TypeNode type) {
        String name = type.name();
        return name.substring(name.lastIndexOf(' ') + 1);
    }

    /** A member, with its offset from the start of the outermost type. */
    private record Place(TypeNode.Field field, long bitOffset) {
        String text() {
            return bitOffset % 8 == 0 ? "0x%x".formatted(bitOffset / 8) : "bit %d".formatted(bitOffset);
        }
    }

    private List<String> differences(TypeNode original, TypeNode patched, Way way) {
        List<String> differences = new ArrayList<>();
        if (original.kind() != patched.kind()) {
            differences.add("one is a union, the other is not");
        }
        if (original.sizeBytes() != patched.sizeBytes()) {
            differences.add("%d -> %d bytes".formatted(original.sizeBytes(), patched.sizeBytes()));
        }
        long alignment = alignment(original, 0);
        long patchedAlignment = alignment(patched, 0);
        if (alignment != patchedAlignment) {
            differences.add("aligned to %d -> %d bytes".formatted(alignment, patchedAlignment));
        }
        Map<String, Place> before = members(original);
        Map<String, Place> after = members(patched);
        areAllAlike &= before.keySet().equals(after.keySet());
        Set<String> taken = new HashSet<>();
        before.forEach((name, place) -> {
            Place twin = after.get(name);
            if (twin == null) {
                String renamed = sameKindOfMember(place, before, after, taken, way);
                if (renamed.isEmpty()) {
                    differences.add("removed %s at %s".formatted(name, place.text()));
                }
            } else {
                compare(name, place, twin, way, differences);
            }
        });
        compareVirtual(original.virtualFunctions(), patched.virtualFunctions(), differences);
        compareArguments(original.templateArguments(), patched.templateArguments(), way, differences);
        return differences;
    }

    private static long bits(Place place) {
        TypeNode.Field field = place.field();
        return field.bitSize() != 0 ? field.bitSize() : field.type().sizeBytes() * 8;
    }

    /** {@return the name of a new member that has the place and type of one that is gone; empty if there is none} */
    private String sameKindOfMember(
            Place gone, Map<String, Place> before, Map<String, Place> after, Set<String> taken, Way way) {
        for (Map.Entry<String, Place> candidate : after.entrySet()) {
            Place place = candidate.getValue();
            boolean samePlace = place.bitOffset() == gone.bitOffset()
                    && place.field().bitSize() == gone.field().bitSize()
                    && !before.containsKey(candidate.getKey());
            if (samePlace
                    && isSame(
                            gone.field().type(),
                            place.field().type(),
                            way.to(gone.field().name()))
                    && taken.add(candidate.getKey())) {
                return candidate.getKey();
            }
        }
        return "";
    }

    private void compare(String name, Place before, Place after, Way way, List<String> differences) {
        if (before.bitOffset() != after.bitOffset()) {
            differences.add("%s at %s -> %s".formatted(name, before.text(), after.text()));
        }
        if (before.field().bitSize() != after.field().bitSize()) {
            differences.add("%s has %d -> %d bits".formatted(name, bits(before), bits(after)));
        } else if (!isSame(before.field().type(), after.field().type(), way.to(name))) {
            differences.add("%s was `%s`, is `%s`"
                    .formatted(
                            name,
                            before.field().type().text(),
                            after.field().type().text()));
        }
    }

    /** A tree of the C++ library has pointers to nodes of any type: only its template says what is in them. */
    private void compareArguments(List<TypeNode> original, List<TypeNode> patched, Way way, List<String> differences) {
        for (int at = 0; at < Math.min(original.size(), patched.size()); at++) {
            if (!isSame(original.get(at), patched.get(at), way)) {
                differences.add("it is made of `%s`, and was of `%s`"
                        .formatted(patched.get(at).text(), original.get(at).text()));
            }
        }
    }

    private static void compareVirtual(
            Map<Long, String> original, Map<Long, String> patched, List<String> differences) {
        patched.forEach((place, name) -> {
            String before = original.get(place);
            if (!name.equals(before)) {
                differences.add(
                        before == null
                                ? "virtual function %d is new: %s".formatted(place, name)
                                : "virtual function %d was %s, is %s".formatted(place, before, name));
            }
        });
        original.forEach((place, name) -> {
            if (!patched.containsKey(place)) {
                differences.add("virtual function %d, %s, is gone".formatted(place, name));
            }
        });
    }

    private static Map<String, Place> members(TypeNode type) {
        Map<String, Place> members = new LinkedHashMap<>();
        collect(type, 0, members, 0);
        return members;
    }

    /** The members of a struct without a name are members of the one around it. */
    private static void collect(TypeNode type, long outerBits, Map<String, Place> into, int depth) {
        int bases = 0;
        for (TypeNode.Field field : type.fields()) {
            long bitOffset = outerBits + field.bitOffset();
            if (field.isBase()) {
                into.put("<base %d>".formatted(bases++), new Place(field, bitOffset));
            } else if (!field.name().isEmpty()) {
                into.put(field.name(), new Place(field, bitOffset));
            } else if (field.type().isComposite() && depth < MAXIMUM_DEPTH) {
                collect(field.type(), bitOffset, into, depth + 1);
            }
        }
    }

    /** {@return the alignment that code may rely on, in bytes} */
    static long alignment(TypeNode type, int depth) {
        long natural = switch (type.kind()) {
            case STRUCT, UNION -> alignmentOfMembers(type, depth);
            case ARRAY -> depth < MAXIMUM_DEPTH ? alignment(type.target(), depth + 1) : 1;
            case COMPLEX -> type.sizeBytes() / 2;
            case VOID, FUNCTION, INCOMPLETE -> 1;
            default -> type.sizeBytes();
        };
        return Math.max(Math.max(1, natural), type.statedAlignment());
    }

    private static long alignmentOfMembers(TypeNode type, int depth) {
        long alignment = 1;
        for (TypeNode.Field field : type.fields()) {
            if (depth >= MAXIMUM_DEPTH || field.bitSize() != 0) {
                continue;
            }
            long own = Math.max(field.statedAlignment(), alignment(field.type(), depth + 1));
            // In a packed struct members are where they would not be otherwise.
            if (field.bitOffset() / 8 % own == 0) {
                alignment = Math.max(alignment, own);
            }
        }
        return alignment;
    }

    private List<String> differencesOfEnums(TypeNode original, TypeNode patched) {
        List<String> differences = new ArrayList<>();
        if (original.kind() != patched.kind()) {
            differences.add("one is an enum, the other is not");
            return differences;
        }
        if (original.sizeBytes() != patched.sizeBytes()) {
            differences.add("%d -> %d bytes".formatted(original.sizeBytes(), patched.sizeBytes()));
        }
        Map<Long, String> byValue = new HashMap<>();
        Map<String, Long> originals = new HashMap<>();
        original.enumerators().forEach(enumerator -> originals.put(enumerator.name(), enumerator.value()));
        Map<String, Long> patcheds = new HashMap<>();
        for (Enumerator enumerator : patched.enumerators()) {
            patcheds.put(enumerator.name(), enumerator.value());
            if (!originals.containsKey(enumerator.name())) {
                byValue.putIfAbsent(enumerator.value(), enumerator.name());
            }
        }
        for (Enumerator enumerator : original.enumerators()) {
            Long value = patcheds.get(enumerator.name());
            areAllAlike &= value != null;
            String other = byValue.get(enumerator.value());
            if (value == null && other != null) {
                differences.add("%s is gone, and %d is %s".formatted(enumerator.name(), enumerator.value(), other));
            } else if (value != null && value != enumerator.value()) {
                numbers.putIfAbsent(
                        enumerator.name(),
                        new NumberChange(
                                enumerator.name(),
                                Long.toString(enumerator.value()),
                                Long.toString(value),
                                NumberChange.Kind.ENUMERATOR,
                                nameOf(original)));
            }
        }
        return differences;
    }
}
