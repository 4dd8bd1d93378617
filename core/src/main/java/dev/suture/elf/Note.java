package dev.suture.elf;

import java.util.HexFormat;

/**
 * One entry of a note section.
 *
 * @param name its owner, such as {@code GNU}, without the final NUL
 * @param type its owner's own numbering, such as {@link Elf#NT_GNU_BUILD_ID}
 * @param description what it says
 */
public record Note(String name, int type, byte[] description) {
    /** {@return whether this is a build id} */
    public boolean isBuildId() {
        return type == Elf.NT_GNU_BUILD_ID && name.equals("GNU");
    }

    /** {@return the description in lower-case hexadecimal digits} */
    public String hex() {
        return HexFormat.of().formatHex(description);
    }
}
