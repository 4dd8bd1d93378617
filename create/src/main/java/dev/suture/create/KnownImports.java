package dev.suture.create;

import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
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
    private static final int FILE_AT = 4;
    private static final int FIRST_AT = 8;
    private static final int NEXT_AT = 12;
    private static final int INDEX_AT = 6;
    private static final int NEXT_VERSION_AT = 12;
    private static final int NEED_BYTES = 16;

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
        Set<String> known = new HashSet<>(imports(program, LIBRARIES));
        known.retainAll(KEEP_NOTHING);
        return known;
    }

    /** {@return all that a program takes from the C library, or the one of C++} */
    static Set<String> ofLibraries(ElfFile program) {
        return imports(program, WITH_OTHERS);
    }

    private static Set<String> imports(ElfFile program, Set<String> libraries) {
        Optional<Section> versions = program.section(".gnu.version");
        Set<Integer> ofLibrary = versionsOf(program, libraries);
        Set<String> known = new HashSet<>();
        List<Symbol> symbols = program.dynamicSymbols();
        for (int i = 0; versions.isPresent() && i < symbols.size(); i++) {
            Symbol symbol = symbols.get(i);
            boolean isOfLibrary = 2L * i + 2 <= versions.get().contents().byteSize()
                    && ofLibrary.contains(LittleEndian.u16(versions.get().contents(), 2L * i));
            if (isOfLibrary && symbol.isUndefined()) {
                known.add(symbol.name());
            }
        }
        return known;
    }

    private static Set<Integer> versionsOf(ElfFile program, Set<String> libraries) {
        Set<Integer> found = new HashSet<>();
        Optional<MemorySegment> needs = program.section(".gnu.version_r").map(Section::contents);
        Optional<MemorySegment> names = program.section(".dynstr").map(Section::contents);
        if (needs.isEmpty() || names.isEmpty()) {
            return found;
        }
        long need = 0;
        long next = NEED_BYTES;
        while (next != 0 && need >= 0 && need + NEED_BYTES <= needs.get().byteSize()) {
            if (libraries.contains(text(names.get(), LittleEndian.u32(needs.get(), need + FILE_AT)))) {
                addVersions(needs.get(), need + LittleEndian.u32(needs.get(), need + FIRST_AT), found);
            }
            next = LittleEndian.u32(needs.get(), need + NEXT_AT);
            need += next;
        }
        return found;
    }

    private static void addVersions(MemorySegment needs, long first, Set<Integer> found) {
        long at = first;
        long next = NEED_BYTES;
        while (next != 0 && at + NEED_BYTES <= needs.byteSize()) {
            found.add(LittleEndian.u16(needs, at + INDEX_AT));
            next = LittleEndian.u32(needs, at + NEXT_VERSION_AT);
            at += next;
        }
    }

    private static String text(MemorySegment names, long at) {
        long end = at;
        while (end < names.byteSize() && LittleEndian.u8(names, end) != 0) {
            end++;
        }
        byte[] bytes = new byte[(int) (end - Math.min(at, end))];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) LittleEndian.u8(names, at + i);
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
