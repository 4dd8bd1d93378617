package dev.suture.dwarf;

import java.util.ArrayList;
import java.util.List;

/** A struct, union, class or enum as its entries have it: members refer to types by the offset of their entry. */
final class RawType {
    final int entryOffset;
    final Unit unit;
    final TypeDefinition.Kind kind;
    final long sizeBytes;
    final long declaredFile;
    final long declaredLine;
    final List<RawMember> members = new ArrayList<>();
    final List<Enumerator> enumerators = new ArrayList<>();
    /** Scope included; empty for a type without a name until a typedef or variable gives it one. */
    String name;

    boolean isTypedef;

    RawType(Entry entry, TypeDefinition.Kind kind, String name) {
        this.entryOffset = entry.offset();
        this.unit = entry.unit();
        this.kind = kind;
        this.name = name;
        this.sizeBytes = entry.constant(Attribute.BYTE_SIZE, 0);
        this.declaredFile = entry.constant(Attribute.DECL_FILE, 0);
        this.declaredLine = entry.constant(Attribute.DECL_LINE, 0);
    }

    boolean hasName() {
        return !name.isEmpty();
    }

    String text() {
        return TypeDefinition.text(kind, name, isTypedef);
    }

    /**
     * A member.
     *
     * @param bitOffset from the start of the type in bits, for a bit-field; else of its first byte
     * @param bitSize 0 if it is no bit-field
     * @param isBase whether it is a base class
     * @param statedAlignment what the source asks for, in bytes; 0 if it does not
     */
    record RawMember(String name, int typeEntry, long bitOffset, int bitSize, boolean isBase, long statedAlignment) {}
}
