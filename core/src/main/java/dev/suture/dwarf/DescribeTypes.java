package dev.suture.dwarf;

import java.util.ArrayList;
import java.util.List;

/**
 * Follows references between types: from what {@link ScanTypes} found to definitions whose members have a size and a
 * description.
 *
 * <p>The entry of a member refers to another, say a typedef of an array of pointers to a struct. Each entry on that way
 * is read once and its {@link TypeShape} kept, for many members have the same type. A struct is described by its name
 * and not by its members, which is what ends the way in all valid files; in others the way may go in a circle, which is
 * an error.
 */
final class DescribeTypes {
    private static final TypeShape VOID = TypeShape.simple("void", 0);
    private static final int MAXIMUM_STEPS = 200;
    private static final int MAXIMUM_NESTING = 100;

    private final DebugInfo info;
    private final ScanTypes scanned;
    private final Entry entry;
    private final IntMap<TypeShape> shapes = new IntMap<>();
    private int steps;
    private long membersLeft;

    DescribeTypes(DebugInfo info, ScanTypes scanned) {
        this.info = info;
        this.scanned = scanned;
        this.entry = new Entry(info);
        // Each member is an entry, and only one unnamed type used in several places is flattened more than once.
        this.membersLeft = 100_000L + info.section().sizeBytes();
    }

    /** {@return the definitions of all types that have a name, in the order of the section} */
    List<TypeDefinition> describe() {
        List<TypeDefinition> definitions = new ArrayList<>();
        for (RawType type : scanned.types()) {
            if (type.hasName()) {
                List<Member> members = new ArrayList<>(type.members.size());
                flatten(type, "", 0, members, 0);
                definitions.add(new TypeDefinition(
                        type.kind,
                        type.name,
                        type.isTypedef,
                        type.sizeBytes,
                        members,
                        type.enumerators,
                        new SourceLine(info.fileNames(type.unit).path(type.declaredFile), type.declaredLine)));
            }
        }
        return definitions;
    }

    private void flatten(RawType type, String prefix, long outerOffset, List<Member> into, int nesting) {
        if (nesting > MAXIMUM_NESTING) {
            throw info.section().bad(type.entryOffset, "types without a name nest more than %d deep", nesting);
        }
        for (RawType.RawMember member : type.members) {
            long offset = outerOffset + member.bitOffset() / 8;
            TypeShape shape = shape(member.typeEntry());
            RawType held = shape.held();
            boolean isNested = shape.isHeldItself() && !held.hasName() && held.kind != TypeDefinition.Kind.ENUM;
            if (isNested) {
                flatten(held, joined(prefix, member.name()), offset, into, nesting + 1);
                continue;
            }
            if (membersLeft-- == 0) {
                throw info.section().bad(type.entryOffset, "types without a name are used too often");
            }
            String name = member.isBase() ? "<base " + shape.text() + ">" : member.name();
            into.add(new Member(
                    joined(prefix, name),
                    offset,
                    shape.sizeBytes(),
                    member.bitSize() == 0 ? 0 : (int) (member.bitOffset() % 8),
                    member.bitSize(),
                    shape.text().toString(),
                    shape.resolved().toString(),
                    held == null || !held.hasName() ? "" : held.text()));
        }
    }

    private static String joined(String prefix, String name) {
        if (prefix.isEmpty() || name.isEmpty()) {
            return prefix.isEmpty() ? name : prefix;
        }
        return prefix + "." + name;
    }

    /** {@return what the type means whose entry is at an offset; no entry means void} */
    TypeShape shape(int at) {
        if (at == DebugInfo.NO_ENTRY) {
            return VOID;
        }
        TypeShape known = shapes.get(at);
        if (known == null) {
            if (++steps > MAXIMUM_STEPS) {
                throw info.section().bad(at, "types refer to one another in a circle or more than %d deep", steps);
            }
            known = read(at);
            steps--;
            shapes.put(at, known);
        }
        return known;
    }

    private TypeShape read(int at) {
        RawType type = scanned.type(at);
        if (type != null) {
            return TypeShape.of(type, type.hasName() ? type.text() : body(type));
        }
        Unit unit = info.unitOf(at);
        entry.read(unit, at);
        // Following a reference reads another entry: from here on this one is known by these values only.
        int tag = entry.tag();
        int next = entry.hasChildren() ? entry.next() : DebugInfo.NO_ENTRY;
        int target = entry.reference(Attribute.TYPE);
        String name = entry.string(Attribute.NAME);
        long size = entry.constant(Attribute.BYTE_SIZE, 0);
        switch (tag) {
            case Dwarf.DW_TAG_base_type, Dwarf.DW_TAG_unspecified_type -> {
                return TypeShape.simple(name, size);
            }
            case Dwarf.DW_TAG_structure_type,
                    Dwarf.DW_TAG_class_type,
                    Dwarf.DW_TAG_union_type,
                    Dwarf.DW_TAG_enumeration_type -> {
                if (entry.has(Attribute.SIGNATURE)) {
                    return shape(entry.reference(Attribute.SIGNATURE));
                }
                return TypeShape.simple(keyword(tag) + (name.isEmpty() ? "{...}" : name), size);
            }
            case Dwarf.DW_TAG_typedef -> {
                TypeShape named = shape(target);
                RawType held = named.held();
                boolean namesIt =
                        named.isHeldItself() && held.isTypedef && held.text().endsWith(name);
                return namesIt ? named : named.called(name);
            }
            case Dwarf.DW_TAG_const_type -> {
                return shape(target).qualified("const");
            }
            case Dwarf.DW_TAG_volatile_type -> {
                return shape(target).qualified("volatile");
            }
            case Dwarf.DW_TAG_restrict_type -> {
                return shape(target).qualified("restrict");
            }
            case Dwarf.DW_TAG_atomic_type -> {
                TypeShape atomic = shape(target);
                return new TypeShape(
                        atomic.text().qualified("_Atomic"),
                        atomic.resolved().qualified("_Atomic"),
                        atomic.sizeBytes(),
                        atomic.held(),
                        atomic.isHeldItself());
            }
            case Dwarf.DW_TAG_pointer_type -> {
                return shape(target).pointer("*", size == 0 ? unit.addressBytes() : size);
            }
            case Dwarf.DW_TAG_reference_type -> {
                return shape(target).pointer("&", size == 0 ? unit.addressBytes() : size);
            }
            case Dwarf.DW_TAG_rvalue_reference_type -> {
                return shape(target).pointer("&&", size == 0 ? unit.addressBytes() : size);
            }
            case Dwarf.DW_TAG_ptr_to_member_type -> {
                TypeShape to = shape(target);
                // A pointer to a member function also has an adjustment of "this" (Itanium C++ ABI, 2.3).
                boolean isFunction = to.text().after().startsWith("(");
                return to.pointer("::*", isFunction ? 2L * unit.addressBytes() : unit.addressBytes());
            }
            case Dwarf.DW_TAG_array_type -> {
                return array(unit, next, target, size);
            }
            case Dwarf.DW_TAG_subroutine_type -> {
                return function(unit, next, target);
            }
            default -> {
                return TypeShape.simple(name.isEmpty() ? "(tag 0x%x)".formatted(tag) : name, size);
            }
        }
    }

    private static String keyword(int tag) {
        return switch (tag) {
            case Dwarf.DW_TAG_structure_type -> "struct ";
            case Dwarf.DW_TAG_union_type -> "union ";
            case Dwarf.DW_TAG_enumeration_type -> "enum ";
            default -> "class ";
        };
    }

    private TypeShape array(Unit unit, int firstChild, int target, long statedBytes) {
        StringBuilder dimensions = new StringBuilder();
        long count = 1;
        for (int at = firstChild; at != DebugInfo.NO_ENTRY; ) {
            entry.read(unit, at);
            if (entry.tag() == Entry.NULL_TAG) {
                break;
            }
            if (entry.tag() == Dwarf.DW_TAG_subrange_type) {
                long elements = elements(entry);
                dimensions.append('[');
                if (elements >= 0) {
                    dimensions.append(elements);
                }
                dimensions.append(']');
                count = Math.max(0, elements) == 0 ? 0 : saturatedProduct(count, elements);
            }
            at = entry.next();
        }
        TypeShape element = shape(target);
        long bytes = statedBytes != 0 ? statedBytes : saturatedProduct(count, element.sizeBytes());
        return element.array(dimensions.isEmpty() ? "[]" : dimensions.toString(), bytes);
    }

    /** {@return how many elements an array has that way; -1 if nothing says so, or less than 0 if that is what it says} */
    static long elements(Entry subrange) {
        if (subrange.isConstant(Attribute.COUNT)) {
            return subrange.constant(Attribute.COUNT, 0);
        }
        return subrange.isConstant(Attribute.UPPER_BOUND) ? upperBound(subrange) + 1 : -1;
    }

    /** An array of no elements has the upper bound -1, which older compilers store without a sign. */
    private static long upperBound(Entry subrange) {
        long bound = subrange.constant(Attribute.UPPER_BOUND, 0);
        return bound == 0xffff_ffffL ? -1 : bound;
    }

    private static long saturatedProduct(long a, long b) {
        long high = Math.multiplyHigh(a, b);
        return high != 0 || a * b < 0 ? Long.MAX_VALUE : a * b;
    }

    private TypeShape function(Unit unit, int firstChild, int target) {
        List<Integer> parameterTypes = new ArrayList<>();
        boolean isVariadic = false;
        for (int at = firstChild; at != DebugInfo.NO_ENTRY; ) {
            entry.read(unit, at);
            if (entry.tag() == Entry.NULL_TAG) {
                break;
            }
            if (entry.tag() == Dwarf.DW_TAG_formal_parameter) {
                parameterTypes.add(entry.reference(Attribute.TYPE));
            }
            isVariadic |= entry.tag() == Dwarf.DW_TAG_unspecified_parameters;
            at = entry.next();
        }
        List<String> texts = new ArrayList<>();
        List<String> resolved = new ArrayList<>();
        for (int parameterType : parameterTypes) {
            TypeShape parameter = shape(parameterType);
            texts.add(parameter.text().toString());
            resolved.add(parameter.resolved().toString());
        }
        if (isVariadic) {
            texts.add("...");
            resolved.add("...");
        }
        TypeShape result = shape(target);
        return new TypeShape(
                result.text().function(texts.isEmpty() ? "void" : String.join(", ", texts)),
                result.resolved().function(resolved.isEmpty() ? "void" : String.join(", ", resolved)),
                0,
                null,
                false);
    }

    /** {@return a type without a name, written out: nothing else says that what a pointer points to has changed} */
    private String body(RawType type) {
        StringBuilder text = new StringBuilder(type.kind.keyword()).append("{ ");
        for (RawType.RawMember member : type.members) {
            TypeShape.Declarator declarator = shape(member.typeEntry()).resolved();
            text.append(declarator.before())
                    .append(declarator.before().endsWith("*") ? "" : " ")
                    .append(member.name())
                    .append(declarator.after());
            if (member.bitSize() != 0) {
                text.append(" : ").append(member.bitSize());
            }
            text.append("; ");
        }
        for (Enumerator enumerator : type.enumerators) {
            text.append(enumerator.name())
                    .append(" = ")
                    .append(enumerator.value())
                    .append(", ");
        }
        return text.append('}').toString();
    }
}
