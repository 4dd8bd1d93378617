package dev.suture.elf;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * One entry of a note section.
 *
 * @param name its owner, such as {@code GNU}, without the final NUL
 * @param type its owner's own numbering, such as {@link Elf#NT_GNU_BUILD_ID}
 * @param description what it says; copied, in and out
 */
public record Note(String name, int type, byte[] description) {
    public Note {
        description = description.clone();
    }

    @Override
    public byte[] description() {
        return description.clone();
    }

    /** {@return whether this is a build id} */
    public boolean isBuildId() {
        return type == Elf.NT_GNU_BUILD_ID && name.equals("GNU");
    }

    /** {@return the description in lower-case hexadecimal digits} */
    public String hex() {
        return HexFormat.of().formatHex(description);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Note note
                && type == note.type
                && name.equals(note.name)
                && Arrays.equals(description, note.description);
    }

    @Override
    public int hashCode() {
        return 31 * name.hashCode() + 17 * type + Arrays.hashCode(description);
    }

    @Override
    public String toString() {
        return "%s %d %s".formatted(name, type, hex());
    }
}
