package dev.suture.dwarf;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One type of one file, without typedefs, {@code const}, {@code volatile} and {@code restrict}. What it refers to is read
 * when it is asked for. Two nodes of a graph are the same type if they are equal.
 */
public final class TypeNode {
    /** What a type is. */
    public enum Kind {
        /** No type: what nothing is said of. */
        VOID,
        /** An integer with a sign, also a character. */
        SIGNED,
        /** An integer without a sign, also a character. */
        UNSIGNED,
        BOOLEAN,
        FLOAT,
        COMPLEX,
        /** To an object or function; also a reference of C++. */
        POINTER,
        /** To a member of a class. */
        MEMBER_POINTER,
        ARRAY,
        VECTOR,
        STRUCT,
        UNION,
        ENUM,
        FUNCTION,
        /** A struct, union, class or enum that the file knows by its name only. */
        INCOMPLETE,
        /** What this program does not know. It equals nothing but itself by name and size. */
        OTHER
    }

    /**
     * A member of a struct or union, or a base class.
     *
     * @param name as in the source; empty for an unnamed struct or union
     * @param bitOffset of its first byte, or for a bit-field of its first bit, from the start of the type, in bits
     * @param bitSize of a bit-field; 0 if it is none
     * @param statedAlignment what the source asks for, in bytes; 0 if it does not
     */
    public record Field(
            String name, TypeNode type, long bitOffset, int bitSize, boolean isBase, long statedAlignment) {}

    private final TypeGraph graph;
    private final int entry;
    private final Shape shape;
    private final long statedAlignment;
    private final boolean isAtomic;

    /**
     * What an entry says of a type.
     *
     * @param name for {@code OTHER} with its tag
     * @param target the entry that a pointer, array or function result refers to
     */
    record Shape(Kind kind, String name, long sizeBytes, int target, List<Long> dimensions, RawType raw) {}

    TypeNode(TypeGraph graph, int entry, Shape shape, long statedAlignment, boolean isAtomic) {
        this.graph = graph;
        this.entry = entry;
        this.shape = shape;
        this.statedAlignment = statedAlignment;
        this.isAtomic = isAtomic;
    }

    public Kind kind() {
        return shape.kind();
    }

    /** {@return whether it is a struct, union or class whose members are known} */
    public boolean isComposite() {
        return kind() == Kind.STRUCT || kind() == Kind.UNION;
    }

    /** {@return the name of a base type, struct and the like, as source has it; empty if it has none} */
    public String name() {
        RawType raw = shape.raw();
        if (raw != null) {
            return raw.hasName() ? raw.text() : "";
        }
        return shape.name();
    }

    /** {@return how the source would write it, such as {@code struct vcpu *}} */
    public String text() {
        return graph.text(entry);
    }

    /** {@return the size of a value; 0 if there are none or it is not known} */
    public long sizeBytes() {
        return kind() == Kind.ARRAY ? graph.sizeOfArray(entry) : shape.sizeBytes();
    }

    /** {@return the alignment the source asks for, in bytes; 0 if it does not} */
    public long statedAlignment() {
        return statedAlignment;
    }

    public boolean isAtomic() {
        return isAtomic;
    }

    /** {@return what a pointer points to, an array has, a function returns, an enum is made of; else void} */
    public TypeNode target() {
        return graph.node(shape.target());
    }

    /** {@return how many elements an array has, outermost first; -1 where nothing says so} */
    public List<Long> dimensions() {
        return shape.dimensions();
    }

    /** {@return the types of a function's parameters; an ellipsis is the last one, of kind {@link Kind#OTHER}} */
    public List<TypeNode> parameters() {
        return graph.parameters(entry);
    }

    /** {@return the members of a struct or union in the order of the source} */
    public List<Field> fields() {
        return graph.fields(shape.raw());
    }

    /** {@return the constants of an enum} */
    public List<Enumerator> enumerators() {
        return List.copyOf(shape.raw().enumerators);
    }

    /** {@return the names of the virtual functions that a class declares, by their place in its table} */
    public Map<Long, String> virtualFunctions() {
        return graph.virtualFunctions(entry);
    }

    /** {@return the types that a template was made a class with; what a container holds may stand nowhere else} */
    public List<TypeNode> templateArguments() {
        return graph.templateArguments(entry);
    }

    /** {@return where a struct, union or enum is declared} */
    public SourceLine declared() {
        return graph.declared(shape.raw());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TypeNode node && node.graph == graph && node.entry == entry;
    }

    @Override
    public int hashCode() {
        return Objects.hash(System.identityHashCode(graph), entry);
    }
}
