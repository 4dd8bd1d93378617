package dev.suture.dwarf;

/** Reads a debug section; what is bad in it is said with the file and the offset. */
final class Cursor extends ByteCursor {
    private final String file;
    private final String section;

    Cursor(String file, String section, byte[] bytes) {
        super(bytes);
        this.file = file;
        this.section = section;
    }

    @Override
    protected DwarfFormatException bad(String found) {
        return new DwarfFormatException(file, section, position(), found);
    }
}
