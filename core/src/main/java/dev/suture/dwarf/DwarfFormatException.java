package dev.suture.dwarf;

import dev.suture.LivePatchException;

/** Debug information that cannot be used. The message names the file, the section, the place and what is wrong there. */
public final class DwarfFormatException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    private final String file;
    private final String section;
    private final long sectionOffset;

    /**
     * @param file the file's name as the user knows it
     * @param section such as {@code .debug_info}
     * @param sectionOffset where the wrong value stands, in bytes from the start of the section after decompression; of
     *     several sections of the same name, as if they followed one another
     * @param found what is wrong with it
     */
    public DwarfFormatException(String file, String section, long sectionOffset, String found) {
        super("%s: debug information cannot be used: %s at 0x%x: %s".formatted(file, section, sectionOffset, found));
        this.file = file;
        this.section = section;
        this.sectionOffset = sectionOffset;
    }

    /** {@return the file's name as the user knows it} */
    public String file() {
        return file;
    }

    /** {@return the section, such as {@code .debug_info}} */
    public String section() {
        return section;
    }

    /** {@return where in the section the wrong value stands, in bytes} */
    public long sectionOffset() {
        return sectionOffset;
    }
}
