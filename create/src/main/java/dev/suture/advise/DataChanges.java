package dev.suture.advise;

import dev.suture.diff.Comparison;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.dwarf.Member;
import dev.suture.dwarf.TypeDefinition;
import dev.suture.dwarf.Types;
import dev.suture.dwarf.Variable;
import dev.suture.dwarf.Variables;
import dev.suture.elf.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds which numbers and pointers in a variable's first contents a patch changes, as C would name and write them.
 *
 * <p>For {@code static struct limits { int low; int high[2]; } l = { 1, { 2, 3 } };} whose last number becomes 4 that is
 * {@code l.high[1]}, from {@code 3} to {@code 4}: the place from the types in debug information, the values from the bytes
 * of both objects.
 */
final class DataChanges {
    private static final int MOST_CHANGES = 12;
    private static final int DEEPEST = 20;
    private static final Pattern DIMENSIONS = Pattern.compile("(.*?)((?:\\[\\d+\\])+)");

    /**
     * One number or pointer.
     *
     * @param path as C names it, such as {@code l.high[1]}
     * @param type such as {@code unsigned int}
     * @param before as C writes it; empty if that cannot be written
     * @param after as C writes it; empty if that cannot be written
     */
    record Change(String path, String type, String before, String after) {}

    private record Leaf(String path, String type, String resolvedType, long offset, long sizeBytes, String heldType) {}

    private final Comparison comparison;
    private final Piece before;
    private final Piece after;
    private final Types types;

    private DataChanges(Comparison comparison, Piece before, Piece after) {
        this.comparison = comparison;
        this.before = before;
        this.after = after;
        this.types = Types.read(comparison.patched().elf());
    }

    /** {@return the variable that a piece is, if debug information tells} */
    static Optional<Variable> variable(ObjectPieces object, Piece piece) {
        return Variables.read(object.elf()).at(piece.section().index(), piece.sectionOffset());
    }

    /**
     * {@return the changes; none if the contents are not understood or too much changes}
     *
     * @param after a variable of the patched object that has a twin of the same size
     */
    static List<Change> find(Comparison comparison, Piece after, Variable variable) {
        Optional<Piece> before = comparison.correlation().twinOfPatched(after);
        if (before.isEmpty()
                || before.get().statedSizeBytes() != after.statedSizeBytes()
                || variable.sizeBytes() != after.statedSizeBytes()) {
            return List.of();
        }
        return new DataChanges(comparison, before.get(), after).find(variable);
    }

    private List<Change> find(Variable variable) {
        Leaf whole = new Leaf(
                variable.name(),
                variable.type(),
                variable.resolvedType(),
                0,
                variable.sizeBytes(),
                variable.heldType());
        List<Change> changes = new ArrayList<>();
        long at = 0;
        while (at < variable.sizeBytes()) {
            Optional<Leaf> leaf = leaf(whole, at, 0);
            if (leaf.isEmpty()) {
                if (differs(at, 1)) {
                    return List.of();
                }
                at++;
                continue;
            }
            if (differs(leaf.get().offset(), leaf.get().sizeBytes())) {
                changes.add(change(leaf.get()));
                if (changes.size() > MOST_CHANGES) {
                    return List.of();
                }
            }
            at = leaf.get().offset() + leaf.get().sizeBytes();
        }
        return changes;
    }

    /** {@return the number or pointer that a byte belongs to; empty for padding and what has no simple name} */
    private Optional<Leaf> leaf(Leaf outer, long at, int depth) {
        if (depth > DEEPEST) {
            return Optional.empty();
        }
        Matcher array = DIMENSIONS.matcher(outer.type());
        Matcher resolvedArray = DIMENSIONS.matcher(outer.resolvedType());
        if (resolvedArray.matches()) {
            long count = 1;
            List<Long> sizes = new ArrayList<>();
            for (String size : resolvedArray.group(2).replace("[", "").split("]")) {
                sizes.add(Long.parseLong(size));
                count *= Long.parseLong(size);
            }
            long each = count == 0 ? 0 : outer.sizeBytes() / count;
            if (each == 0) {
                return Optional.empty();
            }
            long index = (at - outer.offset()) / each;
            StringBuilder path = new StringBuilder();
            long rest = index;
            for (int dimension = sizes.size() - 1; dimension >= 0; dimension--) {
                path.insert(0, "[%d]".formatted(rest % sizes.get(dimension)));
                rest /= sizes.get(dimension);
            }
            String element = array.matches() ? array.group(1) : resolvedArray.group(1);
            return leaf(
                    new Leaf(
                            outer.path() + path,
                            element,
                            resolvedArray.group(1),
                            outer.offset() + index * each,
                            each,
                            outer.heldType()),
                    at,
                    depth + 1);
        }
        boolean isStructure = outer.heldType().startsWith("struct ")
                || outer.heldType().startsWith("union ")
                || !outer.heldType().isEmpty()
                        && definition(outer.heldType())
                                .filter(type -> type.kind() != TypeDefinition.Kind.ENUM)
                                .isPresent();
        if (!isStructure) {
            boolean simple = outer.sizeBytes() == 1
                    || outer.sizeBytes() == 2
                    || outer.sizeBytes() == 4
                    || outer.sizeBytes() == 8;
            return simple ? Optional.of(outer) : Optional.empty();
        }
        return definition(outer.heldType())
                .flatMap(type -> member(type, outer, at))
                .flatMap(inner -> leaf(inner, at, depth + 1));
    }

    private Optional<TypeDefinition> definition(String text) {
        String name = text.substring(text.lastIndexOf(' ') + 1);
        List<TypeDefinition> all = types.named(name).stream()
                .filter(type -> type.text().equals(text))
                .toList();
        return all.size() == 1 ? Optional.of(all.getFirst()) : Optional.empty();
    }

    /** {@return the first member that holds a byte; of a union that is one of several} */
    private static Optional<Leaf> member(TypeDefinition type, Leaf outer, long at) {
        for (Member member : type.members()) {
            long offset = outer.offset() + member.byteOffset();
            if (!member.isBitField() && !member.name().isEmpty() && offset <= at && at < offset + member.sizeBytes()) {
                return Optional.of(new Leaf(
                        outer.path() + "." + member.name(),
                        member.type(),
                        member.resolvedType(),
                        offset,
                        member.sizeBytes(),
                        member.heldType()));
            }
        }
        return Optional.empty();
    }

    private boolean differs(long offset, long sizeBytes) {
        ObjectPieces original = comparison.original();
        ObjectPieces patched = comparison.patched();
        if (!reference(original, before, offset)
                .map(reference -> text(original, reference))
                .equals(reference(patched, after, offset).map(reference -> text(patched, reference)))) {
            return true;
        }
        for (long at = offset; at < offset + sizeBytes; at++) {
            if (octet(original, before, at) != octet(patched, after, at)) {
                return true;
            }
        }
        return false;
    }

    private static int octet(ObjectPieces object, Piece piece, long offset) {
        MemorySegment bytes = object.contents(piece);
        return offset < bytes.byteSize() ? bytes.get(ValueLayout.JAVA_BYTE, offset) : 0;
    }

    private static Optional<Reference> reference(ObjectPieces object, Piece piece, long offset) {
        return object.references(piece).stream()
                .filter(reference -> reference.pieceOffset() == offset)
                .findFirst();
    }

    private Change change(Leaf leaf) {
        return new Change(
                leaf.path(),
                leaf.type(),
                value(comparison.original(), before, leaf),
                value(comparison.patched(), after, leaf));
    }

    private static String value(ObjectPieces object, Piece piece, Leaf leaf) {
        Optional<Reference> reference = reference(object, piece, leaf.offset());
        if (reference.isPresent()) {
            return leaf.sizeBytes() == 8 ? text(object, reference.get()) : "";
        }
        MemorySegment bytes = object.contents(piece);
        if (bytes.byteSize() == 0) {
            return number(0, leaf);
        }
        long number = switch ((int) leaf.sizeBytes()) {
            case 1 -> bytes.get(ValueLayout.JAVA_BYTE, leaf.offset());
            case 2 -> (short) LittleEndian.u16(bytes, leaf.offset());
            case 4 -> (int) LittleEndian.u32(bytes, leaf.offset());
            default -> LittleEndian.u64(bytes, leaf.offset());
        };
        return number(number, leaf);
    }

    private static String number(long signed, Leaf leaf) {
        String type = leaf.resolvedType();
        if (type.endsWith("*") || type.contains("(*)")) {
            return signed == 0 ? "NULL" : "(void *)0x%xUL".formatted(signed);
        }
        if (type.equals("_Bool")) {
            return signed == 0 ? "false" : "true";
        }
        if (!type.contains("unsigned")) {
            return Long.toString(signed) + (leaf.sizeBytes() == 8 ? "L" : "");
        }
        long unsigned = leaf.sizeBytes() == 8 ? signed : signed & (1L << 8 * leaf.sizeBytes()) - 1;
        String suffix = leaf.sizeBytes() == 8 ? "UL" : "U";
        return (unsigned >= 0 && unsigned < 10_000 ? Long.toString(unsigned) : "0x%x".formatted(unsigned)) + suffix;
    }

    /** {@return what a pointer points to, as C writes it; empty if it has no name there} */
    private static String text(ObjectPieces object, Reference reference) {
        return switch (reference.target()) {
            case Reference.InPiece target -> {
                Piece piece = object.pieces().get(target.pieceIndex());
                boolean nameable =
                        piece.isNamed() && target.delta() == 0 && piece.name().matches("\\w+");
                if (piece.kind() == Piece.Kind.STRING) {
                    yield literal(object.contents(piece), target.delta());
                }
                yield nameable ? (piece.kind() == Piece.Kind.FUNCTION ? "" : "&") + piece.name() : "";
            }
            case Reference.Elsewhere target -> {
                boolean known = target.addend() == 0 && target.symbol().name().matches("\\w+");
                // Whether it is a function is not known here; of an array, too, the name with & has the same value.
                yield known ? "&" + target.symbol().name() : "";
            }
            case Reference.Nothing _, Reference.Constant _ -> "";
        };
    }

    private static String literal(MemorySegment bytes, long from) {
        StringBuilder text = new StringBuilder("\"");
        for (long at = from; at < bytes.byteSize(); at++) {
            int c = bytes.get(ValueLayout.JAVA_BYTE, at);
            if (c == 0) {
                return text.append('"').toString();
            }
            switch (c) {
                case '\n' -> text.append("\\n");
                case '\t' -> text.append("\\t");
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                default -> {
                    if (c < ' ' || c > '~') {
                        return "";
                    }
                    text.append((char) c);
                }
            }
        }
        return "";
    }
}
