package dev.suture.linked;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The names in an object that gcc compiles when it is linked; its ELF symbols need not have them.
 *
 * @see "GCC lto-streamer-out.cc, produce_symtab(), and include/plugin-api.h, ld_plugin_symbol_kind"
 */
final class CompiledWhenLinked {
    private static final String PREFIX = ".gnu.lto_";
    private static final String TABLE = ".gnu.lto_.symtab";
    /** Behind both names: kind, visibility, size, slot. */
    private static final int REST_BYTES = 1 + 1 + 8 + 4;

    private CompiledWhenLinked() {}

    /** {@return the names that it defines or uses, none for an ordinary object; empty if that cannot be told} */
    static Optional<Set<String>> names(ElfFile object) {
        Set<String> names = new HashSet<>();
        boolean tables = false;
        boolean later = false;
        for (Section section : object.sections()) {
            later |= section.name().startsWith(PREFIX);
            boolean table = section.name().equals(TABLE) || section.name().startsWith(TABLE + ".");
            if (table) {
                tables = true;
                if (!read(section.bytes(), names)) {
                    return Optional.empty();
                }
            }
        }
        return later && !tables ? Optional.empty() : Optional.of(names);
    }

    private static boolean read(byte[] bytes, Set<String> names) {
        int at = 0;
        while (at < bytes.length) {
            int name = end(bytes, at);
            int group = end(bytes, name + 1);
            if (group + 1 + REST_BYTES > bytes.length || bytes[group + 1] < 0 || bytes[group + 1] > 4) {
                return false;
            }
            names.add(new String(bytes, at, name - at, StandardCharsets.ISO_8859_1));
            at = group + 1 + REST_BYTES;
        }
        return true;
    }

    private static int end(byte[] bytes, int from) {
        int at = from;
        while (at < bytes.length && bytes[at] != 0) {
            at++;
        }
        return at;
    }
}
