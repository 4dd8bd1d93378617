package dev.suture.linked;

import dev.suture.diff.Names;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.SectionRole;
import dev.suture.elf.Symbol;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Tells whether a piece of the patched program does what one of the original does: the same bytes, and references to what
 * corresponds.
 *
 * <p>Functions and variables correspond by their names, as each is judged by itself; constants and what has no name
 * correspond if they are the same in turn. Inside a function (a label that a table of fix-ups names) only what is in one
 * that stays as it is.
 */
final class ComparePieces {
    private final Side original;
    private final Side patched;
    private final Predicate<Part> isReplaced;
    private final Map<Pair, Optional<String>> known = new HashMap<>();
    private final Set<Pair> underWay = new HashSet<>();
    private final Map<String, String> variables = new HashMap<>();

    private record Pair(Part original, Part patched) {}

    /** @param isReplaced whether a function of the patched program takes the place of the running one */
    ComparePieces(Side original, Side patched, Predicate<Part> isReplaced) {
        this.original = original;
        this.patched = patched;
        this.isReplaced = isReplaced;
    }

    /** {@return what differs first, in words; empty if nothing does} */
    Optional<String> difference(Part from, Part to) {
        Pair pair = new Pair(from, to);
        Optional<String> result = known.get(pair);
        if (result != null) {
            return result;
        }
        // What refers to itself in a circle is the same if nothing on the way differs.
        if (!underWay.add(pair)) {
            return Optional.empty();
        }
        boolean outermost = underWay.size() == 1;
        result = compare(from, to);
        underWay.remove(pair);
        if (outermost || result.isPresent()) {
            known.put(pair, result);
        }
        return result;
    }

    private Optional<String> compare(Part from, Part to) {
        Piece one = from.piece();
        Piece other = to.piece();
        if (one.kind() != other.kind() || one.role() != other.role() || from.isWritable() != to.isWritable()) {
            return Optional.of("it is in another kind of section (%s, %s)"
                    .formatted(one.section().name(), other.section().name()));
        }
        if (one.sizeBytes() != other.sizeBytes() || one.statedSizeBytes() != other.statedSizeBytes()) {
            return Optional.of("%d bytes instead of %d".formatted(other.statedSizeBytes(), one.statedSizeBytes()));
        }
        if (one.section().isNobits() != other.section().isNobits()) {
            return Optional.of("its contents begin otherwise");
        }
        List<Reference> before = from.object().references(one);
        List<Reference> after = to.object().references(other);
        long at = from.contents().mismatch(to.contents());
        if (at >= 0) {
            return Optional.of("first difference at +0x%x".formatted(at));
        }
        if (before.size() != after.size()) {
            return Optional.of("%d references instead of %d".formatted(after.size(), before.size()));
        }
        for (int i = 0; i < before.size(); i++) {
            Optional<String> difference = compare(from, before.get(i), to, after.get(i));
            if (difference.isPresent()) {
                return difference;
            }
        }
        return compareAttachments(from, to);
    }

    /** In which order an object has its sections says nothing. */
    private Optional<String> compareAttachments(Part from, Part to) {
        Map<String, List<Piece>> before = bySection(from.object().attachments(from.piece()));
        Map<String, List<Piece>> after = bySection(to.object().attachments(to.piece()));
        boolean same = before.keySet().equals(after.keySet())
                && before.keySet().stream()
                        .allMatch(section -> sameEntries(from, before.get(section), to, after.get(section)));
        return same ? Optional.empty() : Optional.of("its exception tables differ");
    }

    private boolean sameEntries(Part from, List<Piece> before, Part to, List<Piece> after) {
        boolean same = before.size() == after.size();
        for (int i = 0; same && i < before.size(); i++) {
            same = difference(new Part(from.object(), before.get(i)), new Part(to.object(), after.get(i)))
                    .isEmpty();
        }
        return same;
    }

    private static Map<String, List<Piece>> bySection(List<Piece> entries) {
        return entries.stream()
                .collect(Collectors.groupingBy(entry -> SectionRole.isExceptionTable(entry.section())
                        ? ".gcc_except_table"
                        : entry.section().name()));
    }

    private Optional<String> compare(Part from, Reference before, Part to, Reference after) {
        boolean alike = before.pieceOffset() == after.pieceOffset()
                && before.relocation().type() == after.relocation().type();
        if (!alike) {
            return Optional.of("another reference at +0x%x".formatted(after.pieceOffset()));
        }
        Symbol symbol = symbol(from, before);
        Symbol other = symbol(to, after);
        String where = " (at +0x%x)".formatted(after.pieceOffset());
        if (symbol.isLocal() && other.isLocal()) {
            return compareLocal(from.object(), before.target(), to.object(), after.target())
                    .map(why -> why + where);
        }
        if (before.relocation().addend() != after.relocation().addend()) {
            return Optional.of("it refers to another place of `%s`%s".formatted(other.name(), where));
        }
        if (symbol.isLocal() != other.isLocal()) {
            return Optional.of("`%s` became static or ceased to be%s".formatted(other.name(), where));
        }
        return compareGlobal(from, before, to, after).map(why -> why + where);
    }

    static Symbol symbol(Part part, Reference reference) {
        return part.object().elf().symbols().get(reference.relocation().symbolIndex());
    }

    /** A reference that the compiler bound: what it leads to is in the same object. */
    private Optional<String> compareLocal(
            ObjectPieces from, Reference.Target before, ObjectPieces to, Reference.Target after) {
        if (before instanceof Reference.InPiece one && after instanceof Reference.InPiece other) {
            Part target = new Part(from, from.pieces().get(one.pieceIndex()));
            Part twin = new Part(to, to.pieces().get(other.pieceIndex()));
            if (one.delta() != other.delta() || one.statedDelta() != other.statedDelta()) {
                return Optional.of("it refers to another place of `%s`".formatted(twin.name()));
            }
            return correspond(target, twin, one.delta());
        }
        boolean same = switch (before) {
            case Reference.Constant one -> one.equals(after);
            case Reference.Nothing one -> one.equals(after);
            case Reference.InPiece _, Reference.Elsewhere _ -> false;
        };
        return same ? Optional.empty() : Optional.of("it refers to something else");
    }

    /** {@return why what two references lead to does not correspond} */
    private Optional<String> correspond(Part from, Part to, long delta) {
        if (from.piece().kind() != to.piece().kind()) {
            return Optional.of("`%s` is of another kind".formatted(to.name()));
        }
        return switch (to.piece().kind()) {
            case FUNCTION -> correspondingFunctions(from, to, delta);
            case DATA -> to.isVariable() ? correspondingVariables(from, to) : sameInTurn(from, to);
            case FRAGMENT, ASSEMBLY, STRING, CONSTANT, NAMELESS_DATA, SPECIAL_ENTRY -> sameInTurn(from, to);
        };
    }

    private Optional<String> sameInTurn(Part from, Part to) {
        return difference(from, to).map(why -> "`%s`, which it uses, differs: %s".formatted(to.name(), why));
    }

    private Optional<String> correspondingFunctions(Part from, Part to, long delta) {
        if (delta != 0) {
            return isReplaced.test(to)
                    ? Optional.of("it leads into `%s`, which is replaced".formatted(to.name()))
                    : sameInTurn(from, to);
        }
        if (haveName(from, to)) {
            return Optional.empty();
        }
        boolean numbered = Names.stem(from.name()).equals(Names.stem(to.name()));
        return numbered ? sameInTurn(from, to) : Optional.of("`%s` instead of `%s`".formatted(to.name(), from.name()));
    }

    private static boolean haveName(Part from, Part to) {
        return from.keys().stream().anyMatch(to.keys()::contains);
    }

    /** Compilers number variables of one name; which is which must be the same for all that use them. */
    private Optional<String> correspondingVariables(Part from, Part to) {
        if (!Names.stem(from.name()).equals(Names.stem(to.name()))
                || from.piece().statedSizeBytes() != to.piece().statedSizeBytes()) {
            return Optional.of("the variable `%s` instead of `%s`".formatted(to.name(), from.name()));
        }
        String key = to.object().name() + "#" + to.name();
        String before = variables.putIfAbsent(key, from.name());
        return before == null || before.equals(from.name())
                ? Optional.empty()
                : Optional.of("the variable `%s` instead of `%s`".formatted(to.name(), from.name()));
    }

    /** {@return by which name of the original a variable is known that the compiler gave another number} */
    Optional<String> nameBefore(Part variable) {
        return Optional.ofNullable(variables.get(variable.object().name() + "#" + variable.name()));
    }

    /** A reference that the linker bound. */
    private Optional<String> compareGlobal(Part from, Reference before, Part to, Reference after) {
        String name = Part.plain(symbol(to, after));
        Set<Long> addressesBefore = original.addresses(from);
        Set<Long> addressesAfter = patched.addresses(to);
        if (addressesBefore.isEmpty() || addressesAfter.isEmpty()) {
            return compareUnplaced(symbol(from, before), name);
        }
        for (long addressBefore : addressesBefore) {
            for (long addressAfter : addressesAfter) {
                Optional<String> difference = compareNodes(
                        original.node(from, addressBefore, before), patched.node(to, addressAfter, after), name);
                if (difference.isPresent()) {
                    return difference;
                }
            }
        }
        return Optional.empty();
    }

    /** What has no address of its own, a table or constant without a name, is compared by the names that it refers to. */
    private Optional<String> compareUnplaced(Symbol before, String name) {
        return Part.plain(before).equals(name) ? sameDefinition(name, Set.of(name)) : other(name);
    }

    private static Optional<String> other(String name) {
        return Optional.of("it refers to `%s`, and did not before".formatted(name));
    }

    /** {@return why two nodes are not the same thing} */
    private Optional<String> compareNodes(Node before, Node after, String name) {
        if (before instanceof Node.Unknown unknown) {
            return Optional.of("what it refers to cannot be told: " + unknown.why());
        }
        if (after instanceof Node.Unknown unknown) {
            return Optional.of("what it refers to cannot be told: " + unknown.why());
        }
        if (before instanceof Node.Number || before instanceof Node.Dynamic) {
            return before.equals(after)
                    ? sameDefinition(name, patched.names(after))
                    : Optional.of("`%s` is something else: %s instead of %s"
                            .formatted(name, describe(after), describe(before)));
        }
        if (before.getClass() != after.getClass()) {
            return Optional.of("`%s` is defined elsewhere".formatted(name));
        }
        Set<String> names = new HashSet<>(original.names(before));
        names.retainAll(patched.names(after));
        return names.isEmpty()
                ? Optional.of(
                        "`%s` is now %s instead of %s".formatted(name, patched.names(after), original.names(before)))
                : sameDefinition(name, names);
    }

    private static String describe(Node node) {
        return switch (node) {
            case Node.Number(long value) -> "%d".formatted(value);
            case Node.Dynamic(String name, String version) -> version.isEmpty() ? name : name + "@" + version;
            case Node.At _, Node.Chosen _, Node.ThreadLocal _, Node.Unknown _ -> "of the program itself";
        };
    }

    /** A constant that others know by its name must have the same contents. */
    private Optional<String> sameDefinition(String name, Set<String> names) {
        String key = names.contains(name) || names.isEmpty()
                ? name
                : names.iterator().next();
        List<Part> after = patched.linked(key);
        List<Part> before = original.linked(key);
        if (after.isEmpty() != before.isEmpty()) {
            return differenceOfOwners(key);
        }
        for (Part twin : after) {
            for (Part part : before) {
                boolean constant = twin.piece().kind() == Piece.Kind.DATA
                        && !twin.isVariable()
                        && part.keys().contains(key)
                        && twin.keys().contains(key);
                if (constant && difference(part, twin).isPresent()) {
                    return sameInTurn(part, twin);
                }
            }
        }
        return Optional.empty();
    }

    /**
     * {@return why a name that only one of the programs has from these objects is not the same thing in both} An inline
     * function is defined by each object that uses it, and which of them the linker takes follows from their order.
     */
    Optional<String> differenceOfOwners(String key) {
        List<Part> after = patched.linked(key);
        List<Part> parts = after.isEmpty() ? original.linked(key) : after;
        Side own = after.isEmpty() ? original : patched;
        Side other = after.isEmpty() ? patched : original;
        Optional<Symbol> symbol = other.file().global(key);
        if (parts.isEmpty() || symbol.isEmpty()) {
            return Optional.of("`%s` is defined elsewhere".formatted(key));
        }
        return parts.stream()
                .map(part -> differenceAt(part, own, other, symbol.get().value()))
                .flatMap(Optional::stream)
                .findFirst()
                .map(why -> "`%s` is defined by another object, and %s".formatted(key, why));
    }

    private Optional<String> differenceAt(Part part, Side own, Side other, long address) {
        if (!other.hasBytes(part, address)) {
            return Optional.of("its bytes differ");
        }
        for (Reference reference : part.object().references(part.piece())) {
            Node there = other.node(part, address, reference);
            for (long here : own.addresses(part)) {
                Node node = own.node(part, here, reference);
                Optional<String> difference = isNameless(part, reference)
                        ? differenceInContents(part, reference, there, other)
                        : compareByName(node, there, own, other);
                if (difference.isPresent()) {
                    return difference;
                }
            }
        }
        return Optional.empty();
    }

    private static boolean isNameless(Part part, Reference reference) {
        return symbol(part, reference).isLocal()
                && reference.target() instanceof Reference.InPiece target
                && part.object().pieces().get(target.pieceIndex()).symbols().isEmpty();
    }

    private static Optional<String> compareByName(Node node, Node there, Side own, Side other) {
        if (node instanceof Node.Number || node instanceof Node.Dynamic) {
            return node.equals(there) ? Optional.empty() : Optional.of("it refers to something else");
        }
        Set<String> names = new HashSet<>(own.names(node));
        names.retainAll(other.names(there));
        return node.getClass() == there.getClass() && !names.isEmpty()
                ? Optional.empty()
                : Optional.of("it refers to something else");
    }

    /** Where the linker put a string or constant is told by the field that leads there. */
    private static Optional<String> differenceInContents(Part part, Reference reference, Node there, Side other) {
        Reference.InPiece target = (Reference.InPiece) reference.target();
        Part wanted = new Part(part.object(), part.object().pieces().get(target.pieceIndex()));
        boolean plain = wanted.object().references(wanted.piece()).isEmpty();
        if (plain && there instanceof Node.At(long address)) {
            long start = address + reference.relocation().addend() - target.statedDelta();
            if (other.hasBytes(wanted, start)) {
                return Optional.empty();
            }
        }
        return Optional.of("it refers to other contents");
    }
}
