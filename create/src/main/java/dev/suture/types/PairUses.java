package dev.suture.types;

import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.dwarf.TypeGraph;
import dev.suture.dwarf.TypeGraph.Body;
import dev.suture.dwarf.TypeGraph.Global;
import dev.suture.dwarf.TypeGraph.Local;
import dev.suture.dwarf.TypeNode;
import dev.suture.dwarf.TypeNode.Kind;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Pairs what uses types in the two builds of one object, and lets the types meet.
 *
 * <p>A variable is what the diff holds to be the same one. A function is the same if it has the same name for the linker,
 * or is the only one of its name; its locals are paired by name, and those of one name by order. Of a local nothing is
 * compared but the struct it points to: its own value does not outlive the call.
 *
 * <pre>
 *   static void *s;                                                  the same in both: nothing to see
 *   int quota(void) { struct session *p = s; return p->quota; }      before
 *   int quota(void) { struct client *p = s; return p->quota; }       after: session and client meet
 * </pre>
 *
 * <p>A local may begin to point to another struct without harm where both structs are there before and after. If one of
 * them is new or gone, then it may be the other under a new name, and both must be laid out alike.
 */
final class PairUses {
    private final TypeGraph original;
    private final TypeGraph patched;
    private final Declarations declarations;
    private final CompareTypes compare = new CompareTypes();
    private final Untyped untyped;
    private boolean isOneEach = true;
    private final List<TypeChange> changes = new ArrayList<>();
    private final Map<String, List<TypeNode>> originalTypes;
    private final Map<String, List<TypeNode>> patchedTypes;
    private final Set<String> replacedOriginals = new TreeSet<>();
    private final Set<String> replacements = new TreeSet<>();

    /**
     * @param declarations knows what the patch adds and removes
     */
    PairUses(TypeGraph original, TypeGraph patched, Declarations declarations) {
        this.original = original;
        this.patched = patched;
        this.declarations = declarations;
        this.untyped = new Untyped(original);
        this.originalTypes = original.named();
        this.patchedTypes = patched.named();
    }

    /** {@return the changes that the two builds of one object show} */
    List<TypeChange> within(Comparison comparison) {
        variables(comparison);
        untyped.read(comparison.original());
        functions();
        types();
        numbers();
        compare.run();
        unusedPairs();
        compare.run();
        List<TypeChange> all = new ArrayList<>(changes);
        all.addAll(compare.changes());
        return all;
    }

    /** {@return whether all types that both builds have are declared alike} */
    boolean areAllAlike() {
        return isOneEach && changes.isEmpty() && compare.areAllAlike();
    }

    /** {@return the constants of enums that have other values} */
    Collection<NumberChange> numbersChanged() {
        return compare.numbers().values();
    }

    /** A constant of an enum without a name, or of one that has another name now, is known by its own. */
    private void numbers() {
        Map<String, Set<Long>> after = patched.enumerators();
        original.enumerators().forEach((name, values) -> {
            Set<Long> now = after.getOrDefault(name, Set.of());
            if (values.size() == 1 && now.size() == 1 && !values.equals(now)) {
                compare.numbers()
                        .putIfAbsent(
                                name,
                                new NumberChange(
                                        name,
                                        values.iterator().next().toString(),
                                        now.iterator().next().toString(),
                                        NumberChange.Kind.ENUMERATOR,
                                        "an enum"));
            }
        });
    }

    /** {@return the changes of what one object had and another has now} */
    List<TypeChange> moved(Set<String> functions, Set<String> types) {
        Map<String, List<Body>> after = bodies(patched);
        bodies(original).forEach((name, before) -> {
            if (functions.contains(name) && after.containsKey(name)) {
                function(before.getFirst(), after.get(name).getFirst());
            }
        });
        for (String name : types) {
            if (originalTypes.containsKey(name) && patchedTypes.containsKey(name)) {
                compare.meet(
                        originalTypes.get(name).getFirst(),
                        patchedTypes.get(name).getFirst(),
                        Way.from("`%s`".formatted(name)));
            }
        }
        compare.run();
        return compare.changes();
    }

    private record Place(int sectionIndex, long sectionOffset) {}

    private void variables(Comparison comparison) {
        Map<Place, Global> patchedByPlace = new HashMap<>();
        Map<String, List<Global>> patchedByName = new HashMap<>();
        for (Global variable : patched.variables()) {
            if (variable.sectionIndex() != 0) {
                patchedByPlace.putIfAbsent(place(variable), variable);
            } else {
                patchedByName
                        .computeIfAbsent(key(variable), name -> new ArrayList<>(1))
                        .add(variable);
            }
        }
        Map<Place, Piece> pieces = new HashMap<>();
        for (Piece piece : comparison.original().pieces()) {
            if (piece.kind() == Piece.Kind.DATA) {
                pieces.put(new Place(piece.section().index(), piece.sectionOffset()), piece);
            }
        }
        for (Global variable : original.variables()) {
            if (variable.sectionIndex() == 0) {
                List<Global> twins = patchedByName.getOrDefault(key(variable), List.of());
                if (!twins.isEmpty()) {
                    variable(variable, twins.removeFirst(), true);
                }
                continue;
            }
            Piece piece = pieces.get(place(variable));
            Optional<Piece> twin = Optional.ofNullable(piece)
                    .flatMap(known -> comparison.correlation().twinOfOriginal(known));
            twin.map(found -> patchedByPlace.get(new Place(found.section().index(), found.sectionOffset())))
                    .ifPresent(found -> variable(
                            variable, found, piece.holdsState() || twin.get().holdsState()));
        }
    }

    private static Place place(Global variable) {
        return new Place(variable.sectionIndex(), variable.sectionOffset());
    }

    private static String key(Global variable) {
        return variable.symbol() + (variable.isExternal() ? "" : " in " + variable.function());
    }

    private void variable(Global before, Global after, boolean holdsState) {
        Way way = Way.from("`%s`".formatted(before.name()));
        boolean same = compare.isSame(element(before, after), element(after, before), way);
        if (!holdsState) {
            return;
        }
        List<String> differences = new ArrayList<>();
        if (!same) {
            differences.add("was `%s`, is `%s`"
                    .formatted(before.type().text(), after.type().text()));
        }
        boolean isMoreAligned = after.statedAlignment() > before.statedAlignment()
                && after.statedAlignment() > CompareTypes.alignment(before.type(), 0);
        if (isMoreAligned && !after.isDeclaration()) {
            differences.add("is to be aligned to %d bytes, and was not".formatted(after.statedAlignment()));
        }
        if (!differences.isEmpty()) {
            changes.add(new TypeChange(
                    TypeChange.Kind.VARIABLE, before.name(), after.name(), differences, way.text(), after.declared()));
        }
    }

    /** An array that has more or fewer elements has another size, which the diff sees; its elements count here. */
    private static TypeNode element(Global variable, Global other) {
        TypeNode type = variable.type();
        boolean isOneDimension = type.kind() == Kind.ARRAY
                && other.type().kind() == Kind.ARRAY
                && type.dimensions().size() == 1
                && other.type().dimensions().size() == 1;
        return isOneDimension ? type.target() : type;
    }

    private void functions() {
        Map<String, List<Body>> befores = bodies(original);
        Map<String, List<Body>> afters = bodies(patched);
        befores.forEach((name, before) -> {
            List<Body> twins = afters.getOrDefault(name, List.of());
            for (int at = 0; at < Math.min(before.size(), twins.size()); at++) {
                function(before.get(at), twins.get(at));
            }
        });
        Map<String, List<Body>> twins = otherwiseNamed(afters, befores);
        otherwiseNamed(befores, afters).forEach((name, before) -> {
            if (twins.containsKey(name)) {
                function(before.getFirst(), twins.get(name).getFirst());
            }
        });
    }

    static Map<String, List<Body>> bodies(TypeGraph graph) {
        Map<String, List<Body>> bodies = new LinkedHashMap<>();
        for (Body body : graph.functions()) {
            bodies.computeIfAbsent(body.symbol(), name -> new ArrayList<>(1)).add(body);
        }
        return bodies;
    }

    /** In C++ a name for the linker has the types of the parameters in it, which may be what changes. */
    private static Map<String, List<Body>> otherwiseNamed(
            Map<String, List<Body>> bodies, Map<String, List<Body>> others) {
        Map<String, List<Body>> left = new LinkedHashMap<>();
        bodies.forEach((symbol, of) -> {
            if (!others.containsKey(symbol) && !symbol.equals(of.getFirst().name())) {
                left.computeIfAbsent(of.getFirst().name(), name -> new ArrayList<>(1))
                        .add(of.getFirst());
            }
        });
        left.values().removeIf(sameName -> sameName.size() > 1);
        return left;
    }

    private void function(Body before, Body after) {
        use(before.result(), after.result(), before, "its result");
        Map<String, List<Local>> twins = new LinkedHashMap<>();
        after.locals()
                .forEach(local -> twins.computeIfAbsent(local.name(), name -> new ArrayList<>(1))
                        .add(local));
        List<Local> left = new ArrayList<>();
        for (Local local : before.locals()) {
            List<Local> sameName = twins.getOrDefault(local.name(), List.of());
            // Of which class a method is, its name says.
            if (local.name().equals("this")) {
                continue;
            }
            if (sameName.isEmpty()) {
                left.add(local);
            } else {
                use(local.type(), sameName.removeFirst().type(), before, what(local));
            }
        }
        List<Local> fresh = twins.values().stream().flatMap(List::stream).toList();
        for (Local gone : left) {
            for (Local local : fresh) {
                if (gone.isParameter() == local.isParameter()) {
                    use(gone.type(), local.type(), before, what(gone));
                }
            }
        }
    }

    private static String what(Local local) {
        return (local.isParameter() ? "parameter " : "local ") + local.name();
    }

    /** Two values of a call: if both point to structs, these may be one under two names. */
    private void use(TypeNode before, TypeNode after, Body function, String what) {
        TypeNode one = before;
        TypeNode other = after;
        int pointers = 0;
        while (one.kind() == other.kind() && (one.kind() == Kind.POINTER || one.kind() == Kind.ARRAY)) {
            pointers += one.kind() == Kind.POINTER ? 1 : 0;
            one = one.target();
            other = other.target();
        }
        if (pointers == 0 || !one.isComposite() || !other.isComposite()) {
            if (pointers > 0
                    && what.startsWith("local ")
                    && untyped.isAnother(one, other)
                    && untyped.isReached(function)) {
                changes.add(new TypeChange(
                        TypeChange.Kind.UNTYPED,
                        what.substring("local ".length()),
                        what.substring("local ".length()),
                        List.of("was `%s`, is `%s`".formatted(before.text(), after.text())),
                        "%s() (%s)".formatted(function.name(), what),
                        function.declared()));
            }
            return;
        }
        boolean sameName = one.name().equals(other.name());
        if (sameName || mayBeRenamed(one, other)) {
            if (!sameName) {
                replacedOriginals.add(one.name());
                replacements.add(other.name());
            }
            compare.meet(one, other, Way.from("%s() (%s)".formatted(function.name(), what)));
        }
    }

    /** Which structs there are says debug information of those that are used; which one is new only the source. */
    private boolean mayBeRenamed(TypeNode before, TypeNode after) {
        return isGone(before) || isFresh(after);
    }

    private boolean isGone(TypeNode type) {
        return !patchedTypes.containsKey(type.name()) && declarations.isRemoved(type.name(), type.declared());
    }

    private boolean isFresh(TypeNode type) {
        return !originalTypes.containsKey(type.name()) && declarations.isAdded(type.name(), type.declared());
    }

    private void types() {
        originalTypes.forEach((name, before) -> {
            List<TypeNode> after = patchedTypes.getOrDefault(name, List.of());
            if (before.size() != 1 || after.size() > 1) {
                isOneEach = false;
            } else if (after.size() == 1) {
                compare.meet(before.getFirst(), after.getFirst(), Way.from("`%s`".formatted(name)));
            }
        });
    }

    /**
     * Types that are new, where no function or variable says what they were: beside others that are gone, or used in
     * casts only, so that what they are found in has no type.
     */
    private void unusedPairs() {
        Set<String> used = Referred.by(patched);
        patchedTypes.forEach((name, types) -> {
            TypeNode fresh = types.getFirst();
            if (!fresh.isComposite() || !isFresh(fresh) || replacements.contains(name)) {
                return;
            }
            boolean onlyCast = !used.contains(name);
            originalTypes.forEach((oldName, olds) -> {
                TypeNode old = olds.getFirst();
                boolean isGone = isGone(old) && !replacedOriginals.contains(oldName);
                if (old.isComposite() && (isGone || onlyCast) && shareMembers(old, fresh)) {
                    compare.meet(old, fresh, Way.from("no function that stayed"));
                }
            });
        });
    }

    /** Half of the members of the smaller one, by their names. */
    private static boolean shareMembers(TypeNode one, TypeNode other) {
        Set<String> names = new HashSet<>();
        one.fields().forEach(field -> names.add(field.name()));
        long shared = other.fields().stream()
                .filter(field -> !field.name().isEmpty() && names.contains(field.name()))
                .count();
        return shared > 0
                && shared * 2 >= Math.min(one.fields().size(), other.fields().size());
    }
}
