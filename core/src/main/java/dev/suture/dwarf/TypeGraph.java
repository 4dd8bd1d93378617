package dev.suture.dwarf;

import dev.suture.elf.ElfFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * All types of one file as a graph, and what uses them: variables that live as long as the program, and functions with
 * their parameters, results and local variables.
 *
 * <p>Names of typedefs and qualifiers are no nodes. Nothing is described before it is asked for: of the thousands of
 * types of an object few lie on a way that somebody follows. A graph is for one thread.
 */
public final class TypeGraph {
    private static final int MAXIMUM_STEPS = 200;

    private final DebugInfo info;
    private final ScanTypes scanned;
    private final DescribeTypes described;
    private final ScanUses uses;
    private final Entry entry;
    private final IntMap<TypeNode> nodes = new IntMap<>();
    private final Map<RawType, List<TypeNode.Field>> fields = new HashMap<>();
    private final TypeNode nothing;

    private TypeGraph(DebugInfo info) {
        this.info = info;
        this.entry = new Entry(info);
        this.scanned = new ScanTypes(info).scan();
        this.described = new DescribeTypes(info, scanned);
        this.nothing = simple(DebugInfo.NO_ENTRY, TypeNode.Kind.VOID, "void", 0);
        this.uses = new ScanUses(info, this).scan();
    }

    /**
     * Reads the graph of a file.
     *
     * @return one without nodes if the file has no debug information
     * @throws DwarfFormatException if its debug information is corrupt, or in another file ({@code -gsplit-dwarf})
     */
    public static TypeGraph read(ElfFile elf) {
        return new TypeGraph(new DebugInfo(new DebugSections(elf)));
    }

    /**
     * A variable that lives as long as the program, or its declaration.
     *
     * @param function that it is declared in; empty if in none
     * @param statedAlignment what the source asks for, in bytes; 0 if it does not
     * @param sectionIndex where it is; 0 if this file does not say, as for thread-local and declared ones
     */
    public record Global(
            String name,
            String linkageName,
            String function,
            boolean isExternal,
            boolean isDeclaration,
            TypeNode type,
            long statedAlignment,
            int sectionIndex,
            long sectionOffset,
            SourceLine declared) {
        /** {@return the name the linker knows it by} */
        public String symbol() {
            return linkageName.isEmpty() ? name : linkageName;
        }
    }

    /** A parameter or variable of one call of a function. */
    public record Local(String name, TypeNode type, boolean isParameter) {}

    /**
     * A function that this file has code or a body of.
     *
     * @param result what it returns
     * @param locals its parameters and variables in the order of the source
     */
    public record Body(
            String name,
            String linkageName,
            boolean isExternal,
            TypeNode result,
            List<Local> locals,
            SourceLine declared) {
        /** {@return the name the linker knows it by} */
        public String symbol() {
            return linkageName.isEmpty() ? name : linkageName;
        }
    }

    /** {@return the variables, in the order of the file} */
    public List<Global> variables() {
        return uses.globals();
    }

    /** {@return the functions, in the order of the file} */
    public List<Body> functions() {
        return uses.bodies();
    }

    /** {@return all complete structs, unions and enums, by their names; those without one are left out} */
    public Map<String, List<TypeNode>> named() {
        Map<String, List<TypeNode>> named = new TreeMap<>();
        for (RawType type : scanned.types()) {
            if (type.hasName() && !type.name.startsWith("typeof(")) {
                named.computeIfAbsent(type.text(), name -> new ArrayList<>(1)).add(node(type.entryOffset));
            }
        }
        return named;
    }

    /** {@return the constants of all enums by their names: in C one name has one value, but in two functions} */
    public Map<String, Set<Long>> enumerators() {
        Map<String, Set<Long>> values = new HashMap<>();
        for (RawType type : scanned.types()) {
            for (Enumerator enumerator : type.enumerators) {
                values.computeIfAbsent(enumerator.name(), name -> new TreeSet<>())
                        .add(enumerator.value());
            }
        }
        return values;
    }

    /** {@return the type whose entry is at an offset, without typedefs and qualifiers} */
    TypeNode node(int at) {
        if (at == DebugInfo.NO_ENTRY) {
            return nothing;
        }
        TypeNode known = nodes.get(at);
        if (known == null) {
            known = read(at);
            nodes.put(at, known);
        }
        return known;
    }

    private TypeNode read(int start) {
        int at = start;
        long alignment = 0;
        boolean isAtomic = false;
        for (int step = 0; step < MAXIMUM_STEPS; step++) {
            if (at == DebugInfo.NO_ENTRY) {
                return isAtomic ? new TypeNode(this, start, shape(TypeNode.Kind.VOID, "void", 0), 0, true) : nothing;
            }
            Unit unit = info.unitOf(at);
            entry.read(unit, at);
            alignment = Math.max(alignment, entry.constant(Attribute.ALIGNMENT, 0));
            switch (entry.tag()) {
                case Dwarf.DW_TAG_typedef,
                        Dwarf.DW_TAG_const_type,
                        Dwarf.DW_TAG_volatile_type,
                        Dwarf.DW_TAG_restrict_type -> at = entry.reference(Attribute.TYPE);
                case Dwarf.DW_TAG_atomic_type -> {
                    isAtomic = true;
                    at = entry.reference(Attribute.TYPE);
                }
                default -> {
                    if (entry.has(Attribute.SIGNATURE) && scanned.type(at) == null) {
                        at = entry.reference(Attribute.SIGNATURE);
                        continue;
                    }
                    // What differs in nothing that counts is one node, so that it is compared once.
                    if (at != start && alignment == entry.constant(Attribute.ALIGNMENT, 0) && !isAtomic) {
                        return node(at);
                    }
                    return new TypeNode(this, start, shape(at, unit), alignment, isAtomic);
                }
            }
        }
        throw info.section().bad(start, "types refer to one another in a circle or more than %d deep", MAXIMUM_STEPS);
    }

    /** What the entry says that was just read. */
    private TypeNode.Shape shape(int at, Unit unit) {
        long size = entry.constant(Attribute.BYTE_SIZE, 0);
        String name = entry.string(Attribute.NAME);
        int target = entry.reference(Attribute.TYPE);
        RawType raw = scanned.type(at);
        return switch (entry.tag()) {
            case Dwarf.DW_TAG_base_type -> shape(kindOfBase((int) entry.constant(Attribute.ENCODING, 0)), name, size);
            case Dwarf.DW_TAG_pointer_type, Dwarf.DW_TAG_reference_type, Dwarf.DW_TAG_rvalue_reference_type ->
                new TypeNode.Shape(
                        TypeNode.Kind.POINTER, "", size == 0 ? unit.addressBytes() : size, target, List.of(), null);
            case Dwarf.DW_TAG_ptr_to_member_type ->
                new TypeNode.Shape(TypeNode.Kind.MEMBER_POINTER, "", size, target, List.of(), null);
            case Dwarf.DW_TAG_subroutine_type ->
                new TypeNode.Shape(TypeNode.Kind.FUNCTION, "", 0, target, List.of(), null);
            case Dwarf.DW_TAG_array_type -> array(unit, target, size);
            case Dwarf.DW_TAG_structure_type, Dwarf.DW_TAG_class_type ->
                raw == null
                        ? shape(TypeNode.Kind.INCOMPLETE, keyword(entry.tag()) + name, 0)
                        : new TypeNode.Shape(
                                TypeNode.Kind.STRUCT, "", raw.sizeBytes, DebugInfo.NO_ENTRY, List.of(), raw);
            case Dwarf.DW_TAG_union_type ->
                raw == null
                        ? shape(TypeNode.Kind.INCOMPLETE, "union " + name, 0)
                        : new TypeNode.Shape(
                                TypeNode.Kind.UNION, "", raw.sizeBytes, DebugInfo.NO_ENTRY, List.of(), raw);
            case Dwarf.DW_TAG_enumeration_type ->
                raw == null
                        ? shape(TypeNode.Kind.INCOMPLETE, "enum " + name, size)
                        : new TypeNode.Shape(TypeNode.Kind.ENUM, "", raw.sizeBytes, target, List.of(), raw);
            case Dwarf.DW_TAG_unspecified_type -> shape(TypeNode.Kind.OTHER, name, size);
            default -> shape(TypeNode.Kind.OTHER, name + " (tag 0x%x)".formatted(entry.tag()), size);
        };
    }

    private static String keyword(int tag) {
        return tag == Dwarf.DW_TAG_class_type ? "class " : "struct ";
    }

    private static TypeNode.Kind kindOfBase(int encoding) {
        return switch (encoding) {
            case Dwarf.DW_ATE_boolean -> TypeNode.Kind.BOOLEAN;
            case Dwarf.DW_ATE_float -> TypeNode.Kind.FLOAT;
            case Dwarf.DW_ATE_complex_float -> TypeNode.Kind.COMPLEX;
            case Dwarf.DW_ATE_signed, Dwarf.DW_ATE_signed_char -> TypeNode.Kind.SIGNED;
            case Dwarf.DW_ATE_unsigned, Dwarf.DW_ATE_unsigned_char, Dwarf.DW_ATE_UTF -> TypeNode.Kind.UNSIGNED;
            default -> TypeNode.Kind.OTHER;
        };
    }

    private TypeNode.Shape array(Unit unit, int target, long size) {
        boolean isVector = entry.flag(Attribute.GNU_VECTOR);
        List<Long> dimensions = new ArrayList<>();
        int next = entry.hasChildren() ? entry.next() : DebugInfo.NO_ENTRY;
        while (next != DebugInfo.NO_ENTRY && next < unit.end()) {
            entry.read(unit, next);
            if (entry.tag() == Entry.NULL_TAG) {
                break;
            }
            if (entry.tag() == Dwarf.DW_TAG_subrange_type) {
                dimensions.add(DescribeTypes.elements(entry));
            }
            next = entry.next();
        }
        return new TypeNode.Shape(
                isVector ? TypeNode.Kind.VECTOR : TypeNode.Kind.ARRAY, "", size, target, List.copyOf(dimensions), null);
    }

    private static TypeNode.Shape shape(TypeNode.Kind kind, String name, long size) {
        return new TypeNode.Shape(kind, name, size, DebugInfo.NO_ENTRY, List.of(), null);
    }

    private TypeNode simple(int at, TypeNode.Kind kind, String name, long size) {
        return new TypeNode(this, at, shape(kind, name, size), 0, false);
    }

    String text(int at) {
        return described.shape(at).text().toString();
    }

    long sizeOfArray(int at) {
        return described.shape(at).sizeBytes();
    }

    List<TypeNode> parameters(int at) {
        List<TypeNode> parameters = new ArrayList<>();
        List<Integer> entries = new ArrayList<>();
        boolean isVariadic = false;
        int start = followed(at);
        Unit unit = info.unitOf(start);
        entry.read(unit, start);
        int next = entry.hasChildren() ? entry.next() : DebugInfo.NO_ENTRY;
        while (next != DebugInfo.NO_ENTRY && next < unit.end()) {
            entry.read(unit, next);
            if (entry.tag() == Entry.NULL_TAG) {
                break;
            }
            if (entry.tag() == Dwarf.DW_TAG_formal_parameter) {
                entries.add(entry.reference(Attribute.TYPE));
            }
            isVariadic |= entry.tag() == Dwarf.DW_TAG_unspecified_parameters;
            next = entry.next();
        }
        entries.forEach(parameter -> parameters.add(node(parameter)));
        if (isVariadic) {
            parameters.add(simple(DebugInfo.NO_ENTRY, TypeNode.Kind.OTHER, "...", 0));
        }
        return parameters;
    }

    /** {@return the entry behind typedefs and qualifiers} */
    private int followed(int start) {
        int at = start;
        for (int step = 0; step < MAXIMUM_STEPS; step++) {
            entry.read(info.unitOf(at), at);
            switch (entry.tag()) {
                case Dwarf.DW_TAG_typedef,
                        Dwarf.DW_TAG_const_type,
                        Dwarf.DW_TAG_volatile_type,
                        Dwarf.DW_TAG_restrict_type,
                        Dwarf.DW_TAG_atomic_type -> at = entry.reference(Attribute.TYPE);
                default -> {
                    return at;
                }
            }
        }
        throw info.section().bad(start, "types refer to one another in a circle or more than %d deep", MAXIMUM_STEPS);
    }

    List<TypeNode.Field> fields(RawType raw) {
        return fields.computeIfAbsent(raw, this::readFields);
    }

    private List<TypeNode.Field> readFields(RawType raw) {
        List<TypeNode.Field> result = new ArrayList<>(raw.members.size());
        for (RawType.RawMember member : raw.members) {
            TypeNode type = node(member.typeEntry());
            String name = member.isBase() ? "<base " + type.name() + ">" : member.name();
            result.add(new TypeNode.Field(
                    name, type, member.bitOffset(), member.bitSize(), member.isBase(), member.statedAlignment()));
        }
        return List.copyOf(result);
    }

    Map<Long, String> virtualFunctions(int at) {
        return uses.virtualFunctions(followed(at));
    }

    List<TypeNode> templateArguments(int at) {
        return uses.templateArguments(followed(at));
    }

    SourceLine declared(RawType raw) {
        return raw == null
                ? SourceLine.UNKNOWN
                : new SourceLine(info.fileNames(raw.unit).path(raw.declaredFile), raw.declaredLine);
    }
}
