package dev.suture.elf;

/**
 * One entry of a symbol table.
 *
 * @param index its place in the symbol table
 * @param name from the string table; empty for section symbols
 * @param value in a relocatable file the offset in its section, in others an address
 * @param sizeBytes 0 if the compiler or assembler did not say
 * @param binding such as {@link Elf#STB_LOCAL}
 * @param type such as {@link Elf#STT_FUNC}
 * @param other {@code st_other}: its low two bits are the visibility
 * @param place whether and how it is defined
 * @param sectionIndex the section it is defined in; 0 unless {@code place} is {@link Place#SECTION}
 */
public record Symbol(
        int index,
        String name,
        long value,
        long sizeBytes,
        int binding,
        int type,
        int other,
        Place place,
        int sectionIndex) {

    /** How a symbol is defined. */
    public enum Place {
        /** Not here ({@link Elf#SHN_UNDEF}). */
        UNDEFINED,
        /** In a section, whose index may be larger than 16 bits. */
        SECTION,
        /** As a fixed value ({@link Elf#SHN_ABS}). */
        ABSOLUTE,
        /** As a common block not yet given a place ({@link Elf#SHN_COMMON}). */
        COMMON,
        /** In a way that is the processor's or the system's own. */
        RESERVED
    }

    /** {@return whether it is visible in its own file only} */
    public boolean isLocal() {
        return binding == Elf.STB_LOCAL;
    }

    /** {@return whether it is a function} */
    public boolean isFunction() {
        return type == Elf.STT_FUNC;
    }

    /** {@return whether it is a variable} */
    public boolean isObject() {
        return type == Elf.STT_OBJECT;
    }

    /** {@return whether it stands for its whole section} */
    public boolean isSectionSymbol() {
        return type == Elf.STT_SECTION;
    }

    /** {@return whether it is defined in some section of its file} */
    public boolean isInSection() {
        return place == Place.SECTION;
    }

    /** {@return whether it has to be found elsewhere} */
    public boolean isUndefined() {
        return place == Place.UNDEFINED;
    }

    /** {@return the {@code STV_} visibility} */
    public int visibility() {
        return other & 3;
    }
}
