package dev.suture.build.watch;

/**
 * Flags of {@code open} that say what becomes of the file.
 *
 * @see "linux include/uapi/asm-generic/fcntl.h"
 */
final class OpenFlags {
    static final int ACCESS_MODE = 3;
    static final int READ_ONLY = 0;
    static final int WRITE_ONLY = 1;
    static final int CREATE = 0x40;
    static final int TRUNCATE = 0x200;
    static final int PATH = 0x200000;

    private OpenFlags() {}
}
