package dev.suture.elf;

import dev.suture.LivePatchException;

/** Bytes that are not the ELF file they claim to be. The message names the file, the place, what is there and why not. */
public final class ElfFormatException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    private final String file;
    private final long fileOffset;

    /**
     * @param file the file's name as the user knows it
     * @param fileOffset where in the file the wrong value stands, in bytes
     * @param found what is wrong with it
     */
    public ElfFormatException(String file, long fileOffset, String found) {
        super("%s: not a usable ELF file: at offset 0x%x: %s".formatted(file, fileOffset, found));
        this.file = file;
        this.fileOffset = fileOffset;
    }

    /** {@return the file's name as the user knows it} */
    public String file() {
        return file;
    }

    /** {@return where in the file the wrong value stands, in bytes} */
    public long fileOffset() {
        return fileOffset;
    }
}
