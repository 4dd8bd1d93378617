package dev.suture.dwarf;

/** One difference between the original and the patched definition of a type. Offsets and sizes are in bytes. */
public sealed interface MemberChange {
    /** {@return the member or constant it is about, by its original name if it has one} */
    String name();

    /**
     * {@return whether bytes that the running program has written are read at another place or in another size; if not,
     * only their meaning may be another}
     */
    default boolean isLayout() {
        return switch (this) {
            case Added _, Removed _, Moved _, Resized _ -> true;
            case Retyped _, Renamed _, ValueChanged _, EnumeratorRemoved _ -> false;
        };
    }

    /** Only the patched type has it. */
    record Added(String name, long patchedOffset, long sizeBytes, String type) implements MemberChange {}

    /** Only the original type has it. */
    record Removed(String name, long originalOffset, long sizeBytes, String type) implements MemberChange {}

    /**
     * It is at another place.
     *
     * @param originalBit of a bit-field within the byte at the offset, else 0
     * @param patchedBit of a bit-field within the byte at the offset, else 0
     */
    record Moved(String name, long originalOffset, int originalBit, long patchedOffset, int patchedBit)
            implements MemberChange {}

    /**
     * It has another size.
     *
     * @param originalSize in bytes, or in bits if {@code isBitField}
     * @param patchedSize in bytes, or in bits if {@code isBitField}
     */
    record Resized(String name, long originalSize, long patchedSize, boolean isBitField) implements MemberChange {}

    /** It has another type of the same size. */
    record Retyped(String name, String originalType, String patchedType) implements MemberChange {}

    /** A member of the same size and type at the same place has another name. */
    record Renamed(String name, String patchedName) implements MemberChange {}

    /** A constant of an enum has another value. New constants are no change: nothing that runs knows them. */
    record ValueChanged(String name, long originalValue, long patchedValue) implements MemberChange {}

    /** A constant of an enum is gone. */
    record EnumeratorRemoved(String name, long originalValue) implements MemberChange {}
}
