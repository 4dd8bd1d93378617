package dev.suture.dwarf;

/**
 * One member of a struct, union or class.
 *
 * <p>Members of a nested struct or union whose type has no name stand among those of the outer type: for
 * {@code struct { union { int a; }; struct { int b; } in; }} they are {@code a} and {@code in.b}. A base class is a
 * member named {@code <base>} and its name.
 *
 * @param name as in the source
 * @param byteOffset from the start of the outermost type; for a bit-field of the byte with its first bit
 * @param sizeBytes of its type; 0 for a flexible array, and for a base class or type that is not complete
 * @param bitOffset of a bit-field's least significant bit within the byte at {@code byteOffset}, 0 to 7; else 0
 * @param bitSize of a bit-field, in bits; 0 if it is none
 * @param type as in the source, such as {@code s_time_t}, {@code struct vcpu *} or {@code char[16]}
 * @param resolvedType the same with all names of typedefs replaced, and without {@code const}, {@code volatile} and
 *     {@code restrict}; equal where the meaning of the bytes is
 * @param heldType the name of the struct, union, class or enum that the member holds, itself or in an array; empty if
 *     none
 */
public record Member(
        String name,
        long byteOffset,
        long sizeBytes,
        int bitOffset,
        int bitSize,
        String type,
        String resolvedType,
        String heldType) {

    /** {@return whether it is a bit-field} */
    public boolean isBitField() {
        return bitSize != 0;
    }
}
