package dev.suture.create;

import dev.suture.elf.ElfFile;
import dev.suture.image.ImportedFrom;
import java.util.HashSet;
import java.util.Set;

/**
 * Which functions of the C library a program calls, as far as it is certain that they are that library's.
 *
 * <p>A name alone says nothing: a program may have a {@code printf} of its own. The version that the linker noted says from
 * which library it took the name.
 *
 * @see "Linux Standard Base Core 5.0, 10.7 Symbol Versioning"
 */
final class KnownImports {
    private static final Set<String> LIBRARIES = Set.of("libc.so.6");
    private static final Set<String> WITH_OTHERS =
            Set.of("libc.so.6", "libpthread.so.0", "libstdc++.so.6", "libc++abi.so.1");

    /**
     * Functions that keep no address they are given, and return none of those they read from. Some are given none: their
     * declarations have no parameters, whatever the registers hold; {@code __assert_fail} prints its text, and what it
     * leaves for a core dump is a copy.
     *
     * @see "ISO C 7.2, 7.21, 7.22.4.1 and 7.24; glibc debug/, for what _FORTIFY_SOURCE makes of them, and assert/assert.c;
     *     Linux Standard Base Core 5.0, 10.2, on __stack_chk_fail and __assert_fail"
     */
    private static final Set<String> KEEP_NOTHING = Set.of(
            "memcpy",
            "memmove",
            "memset",
            "mempcpy",
            "stpcpy",
            "stpncpy",
            "memcmp",
            "strcpy",
            "strncpy",
            "strcat",
            "strncat",
            "strcmp",
            "strncmp",
            "strcasecmp",
            "strncasecmp",
            "strcoll",
            "strlen",
            "strnlen",
            "strspn",
            "strcspn",
            "strdup",
            "strndup",
            "strlcpy",
            "strlcat",
            "atoi",
            "atol",
            "printf",
            "fprintf",
            "sprintf",
            "snprintf",
            "puts",
            "fputs",
            "fwrite",
            "write",
            "send",
            "__stack_chk_fail",
            "abort",
            "__assert_fail",
            "__memcpy_chk",
            "__mempcpy_chk",
            "__stpcpy_chk",
            "__memmove_chk",
            "__memset_chk",
            "__strcpy_chk",
            "__strncpy_chk",
            "__strcat_chk",
            "__printf_chk",
            "__fprintf_chk",
            "__sprintf_chk",
            "__snprintf_chk");

    private KnownImports() {}

    /** {@return those that keep no address which they are given} */
    static Set<String> keepNothing(ElfFile program) {
        Set<String> known = new HashSet<>(ImportedFrom.libraries(program, LIBRARIES));
        known.retainAll(KEEP_NOTHING);
        return known;
    }

    /** {@return all that a program takes from the C library, or the one of C++} */
    static Set<String> ofLibraries(ElfFile program) {
        return ImportedFrom.libraries(program, WITH_OTHERS);
    }
}
