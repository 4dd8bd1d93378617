package dev.suture.dwarf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Goes once over all entries and keeps what types are made of.
 *
 * <p>Entries form a tree written in pre-order. A stack holds, for each open level, the scope that names are in and the
 * type, if any, that members belong to. For {@code namespace n { struct s { int a; }; }} it is first {@code ("n", -)},
 * then {@code ("n::s", s)} when the entry of {@code a} comes. What a type refers to may come later in the section, so
 * that references are followed only afterwards, by {@link DescribeTypes}.
 */
final class ScanTypes {
    private static final boolean[] WANTED = new boolean[128];

    static {
        for (int tag : new int[] {
            Dwarf.DW_TAG_structure_type,
            Dwarf.DW_TAG_class_type,
            Dwarf.DW_TAG_union_type,
            Dwarf.DW_TAG_enumeration_type,
            Dwarf.DW_TAG_member,
            Dwarf.DW_TAG_inheritance,
            Dwarf.DW_TAG_enumerator,
            Dwarf.DW_TAG_typedef,
            Dwarf.DW_TAG_namespace,
            Dwarf.DW_TAG_variable
        }) {
            WANTED[tag] = true;
        }
    }

    /** A typedef or variable whose type may have no other name. */
    private record Namer(String scope, String name, int typeEntry, boolean isTypedef) {}

    private final DebugInfo info;
    private final Entry entry;
    private final Entry followed;
    private final List<RawType> types = new ArrayList<>();
    private final IntMap<RawType> typesByEntry = new IntMap<>();
    private final IntMap<String> declaredNames = new IntMap<>();
    private final List<Namer> namers = new ArrayList<>();
    private String[] scopes = new String[64];
    private RawType[] open = new RawType[64];
    private int depth;

    ScanTypes(DebugInfo info) {
        this.info = info;
        this.entry = new Entry(info);
        this.followed = new Entry(info);
    }

    /** {@return all complete types, in the order of the section} */
    List<RawType> types() {
        return types;
    }

    /** {@return the complete type whose entry is at an offset; null if there is none} */
    RawType type(int entryOffset) {
        return typesByEntry.get(entryOffset);
    }

    ScanTypes scan() {
        for (Unit unit : info.units()) {
            scan(unit);
        }
        for (Namer namer : namers) {
            name(namer);
        }
        for (RawType type : types) {
            if (!type.hasName() && !type.enumerators.isEmpty()) {
                type.name = "{" + type.enumerators.getFirst().name() + ", ...}";
            }
        }
        return this;
    }

    private void scan(Unit unit) {
        depth = 0;
        scopes[0] = "";
        open[0] = null;
        int at = unit.firstEntry();
        while (at < unit.end()) {
            entry.readIfWanted(unit, at, WANTED);
            at = entry.next();
            if (entry.tag() == Entry.NULL_TAG) {
                // Zero bytes after the last entry are padding.
                if (depth > 0) {
                    depth--;
                }
                continue;
            }
            String scope = scopes[depth];
            RawType inside = null;
            switch (entry.tag()) {
                case Dwarf.DW_TAG_structure_type -> {
                    inside = composite(TypeDefinition.Kind.STRUCT);
                    scope = innerScope(inside);
                }
                case Dwarf.DW_TAG_class_type -> {
                    inside = composite(TypeDefinition.Kind.CLASS);
                    scope = innerScope(inside);
                }
                case Dwarf.DW_TAG_union_type -> {
                    inside = composite(TypeDefinition.Kind.UNION);
                    scope = innerScope(inside);
                }
                case Dwarf.DW_TAG_enumeration_type -> inside = composite(TypeDefinition.Kind.ENUM);
                case Dwarf.DW_TAG_member -> member(false);
                case Dwarf.DW_TAG_inheritance -> member(true);
                case Dwarf.DW_TAG_enumerator -> enumerator();
                case Dwarf.DW_TAG_typedef -> namer(true);
                case Dwarf.DW_TAG_variable -> namer(false);
                case Dwarf.DW_TAG_namespace -> scope = qualified(entry.string(Attribute.NAME));
                default -> {}
            }
            if (entry.hasChildren()) {
                push(scope, inside);
            }
        }
    }

    private void push(String scope, RawType inside) {
        depth++;
        if (depth == scopes.length) {
            scopes = Arrays.copyOf(scopes, depth * 2);
            open = Arrays.copyOf(open, depth * 2);
        }
        scopes[depth] = scope;
        open[depth] = inside;
    }

    private String qualified(String name) {
        return qualified(scopes[depth], name);
    }

    static String qualified(String scope, String name) {
        return scope.isEmpty() || name.isEmpty() ? name : shortened(scope + "::" + name);
    }

    /** Names nested a thousand deep must not grow with the square of the depth. */
    private static String shortened(String name) {
        return name.length() > 4096 ? name.substring(0, 2048) + "#" + Integer.toHexString(name.hashCode()) : name;
    }

    private String innerScope(RawType type) {
        if (type != null) {
            return type.hasName() ? type.name : scopes[depth];
        }
        return qualified(entry.string(Attribute.NAME));
    }

    private RawType composite(TypeDefinition.Kind kind) {
        if (entry.flag(Attribute.DECLARATION)) {
            if (!scopes[depth].isEmpty()) {
                declaredNames.put(entry.offset(), qualified(entry.string(Attribute.NAME)));
            }
            return null;
        }
        String name = qualified(entry.string(Attribute.NAME));
        if (entry.has(Attribute.SPECIFICATION)) {
            // A nested class that is defined outside: its name and scope are those of the declaration.
            int declaration = entry.reference(Attribute.SPECIFICATION);
            String declared = declaredNames.get(declaration);
            if (declared == null) {
                followed.read(info.unitOf(declaration), declaration);
                declared = followed.string(Attribute.NAME);
            }
            name = declared;
        }
        // The size of a local struct with an array of variable length is an expression: its layout is not fixed.
        if (!entry.isConstant(Attribute.BYTE_SIZE)) {
            return null;
        }
        RawType type = new RawType(entry, kind, name);
        types.add(type);
        typesByEntry.put(entry.offset(), type);
        return type;
    }

    private void member(boolean isBase) {
        RawType type = open[depth];
        if (type == null || entry.flag(Attribute.EXTERNAL) || entry.flag(Attribute.DECLARATION)) {
            return;
        }
        int typeEntry = entry.reference(Attribute.TYPE);
        long bitSize = entry.constant(Attribute.BIT_SIZE, 0);
        if (bitSize < 0 || bitSize > 1 << 16) {
            throw entry.bad("a bit-field of %d bits".formatted(bitSize));
        }
        long location = 0;
        if (entry.isExpression(Attribute.DATA_MEMBER_LOCATION)) {
            Cursor expression = entry.expression(Attribute.DATA_MEMBER_LOCATION);
            int operation = expression.atEnd() ? 0 : expression.u8();
            if (operation != Dwarf.DW_OP_plus_uconst && operation != Dwarf.DW_OP_constu) {
                return; // A virtual base class: where it is depends on the object.
            }
            location = expression.uleb();
        } else {
            location = entry.constant(Attribute.DATA_MEMBER_LOCATION, 0);
        }
        if (location < 0 || location > 1L << 48) {
            throw entry.bad("a member at 0x%x".formatted(location));
        }
        long bitOffset = location * 8;
        if (entry.has(Attribute.DATA_BIT_OFFSET)) {
            bitOffset += entry.constant(Attribute.DATA_BIT_OFFSET, 0);
        } else if (entry.has(Attribute.BIT_OFFSET)) {
            // Up to DWARF 3: from the most significant bit of a storage unit.
            long storageBits = entry.constant(Attribute.BYTE_SIZE, 4) * 8;
            bitOffset += storageBits - entry.constant(Attribute.BIT_OFFSET, 0) - bitSize;
        }
        if (bitOffset < 0 || bitOffset > 1L << 52) {
            throw entry.bad("a member at bit %d".formatted(bitOffset));
        }
        type.members.add(new RawType.RawMember(
                entry.string(Attribute.NAME),
                typeEntry,
                bitOffset,
                (int) bitSize,
                isBase,
                entry.constant(Attribute.ALIGNMENT, 0)));
    }

    private void enumerator() {
        RawType type = open[depth];
        if (type != null && type.kind == TypeDefinition.Kind.ENUM) {
            type.enumerators.add(
                    new Enumerator(entry.string(Attribute.NAME), entry.constant(Attribute.CONST_VALUE, 0)));
        }
    }

    private void namer(boolean isTypedef) {
        if (entry.has(Attribute.NAME) && entry.has(Attribute.TYPE)) {
            namers.add(
                    new Namer(scopes[depth], entry.string(Attribute.NAME), entry.reference(Attribute.TYPE), isTypedef));
        }
    }

    /** Gives its name to a type without one, which a variable may have in an array or as const. */
    private void name(Namer namer) {
        int at = namer.typeEntry();
        for (int steps = 0; steps < 8; steps++) {
            RawType type = typesByEntry.get(at);
            if (type != null) {
                if (!type.hasName()) {
                    String name = qualified(namer.scope(), namer.name());
                    type.name = namer.isTypedef() ? name : "typeof(" + name + ")";
                    type.isTypedef = namer.isTypedef();
                }
                return;
            }
            if (namer.isTypedef()) {
                return;
            }
            followed.read(info.unitOf(at), at);
            boolean isTransparent = switch (followed.tag()) {
                case Dwarf.DW_TAG_array_type, Dwarf.DW_TAG_const_type, Dwarf.DW_TAG_volatile_type -> true;
                default -> false;
            };
            if (!isTransparent || !followed.has(Attribute.TYPE)) {
                return;
            }
            at = followed.reference(Attribute.TYPE);
        }
    }
}
