package dev.suture.linked;

import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The versions of a file's dynamic symbols.
 *
 * @see "Linux Standard Base, Core, 10.7 Symbol Versioning: Elf64_Verdef, Elf64_Verneed"
 */
final class SymbolVersions {
    private static final int HIDDEN = 0x8000;

    private SymbolVersions() {}

    /** {@return whether a program imports a name in a version; in any, if that is empty} */
    static boolean asks(ElfFile elf, String name, String version) {
        List<String> versions = of(elf);
        return version.isEmpty()
                || elf.dynamicSymbols().stream()
                        .filter(symbol -> symbol.isUndefined() && symbol.name().equals(name))
                        .anyMatch(symbol -> symbol.index() >= versions.size()
                                || versions.get(symbol.index()).equals(version));
    }

    /** {@return for each dynamic symbol its version, with a mark in front if it is not the default one; empty if none} */
    static List<String> of(ElfFile elf) {
        Optional<Section> table = elf.section(".gnu.version");
        if (table.isEmpty()) {
            return List.of();
        }
        Map<Integer, String> names = new HashMap<>();
        elf.section(".gnu.version_d").ifPresent(section -> readDefined(elf, section, names));
        elf.section(".gnu.version_r").ifPresent(section -> readNeeded(elf, section, names));
        MemorySegment indexes = table.get().contents();
        List<String> versions = new ArrayList<>();
        for (long at = 0; at + 2 <= indexes.byteSize(); at += 2) {
            int index = LittleEndian.u16(indexes, at);
            int plain = index & ~HIDDEN;
            String name = plain < 2 ? "" : names.getOrDefault(plain, "version " + plain);
            versions.add((index & HIDDEN) != 0 && !name.isEmpty() ? "hidden " + name : name);
        }
        return versions;
    }

    private static void readDefined(ElfFile elf, Section section, Map<Integer, String> names) {
        MemorySegment bytes = section.contents();
        long at = 0;
        while (at + 20 <= bytes.byteSize()) {
            long first = at + LittleEndian.u32(bytes, at + 12);
            if (first + 8 <= bytes.byteSize()) {
                names.put(LittleEndian.u16(bytes, at + 4), text(elf, section, LittleEndian.u32(bytes, first)));
            }
            long next = LittleEndian.u32(bytes, at + 16);
            if (next == 0) {
                return;
            }
            at += next;
        }
    }

    private static void readNeeded(ElfFile elf, Section section, Map<Integer, String> names) {
        MemorySegment bytes = section.contents();
        long at = 0;
        while (at + 16 <= bytes.byteSize()) {
            String file = text(elf, section, LittleEndian.u32(bytes, at + 4));
            long entry = at + LittleEndian.u32(bytes, at + 8);
            int count = LittleEndian.u16(bytes, at + 2);
            for (int i = 0; i < count && entry + 16 <= bytes.byteSize(); i++) {
                String version = text(elf, section, LittleEndian.u32(bytes, entry + 8));
                names.put(LittleEndian.u16(bytes, entry + 6) & ~HIDDEN, version + " of " + file);
                entry += LittleEndian.u32(bytes, entry + 12);
            }
            long next = LittleEndian.u32(bytes, at + 12);
            if (next == 0) {
                return;
            }
            at += next;
        }
    }

    private static String text(ElfFile elf, Section section, long offset) {
        if (section.link() <= 0 || section.link() >= elf.sections().size()) {
            return "";
        }
        MemorySegment strings = elf.sections().get(section.link()).contents();
        long end = offset;
        while (end < strings.byteSize() && LittleEndian.u8(strings, end) != 0) {
            end++;
        }
        return offset >= strings.byteSize()
                ? ""
                : new String(
                        strings.asSlice(offset, end - offset).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE),
                        StandardCharsets.ISO_8859_1);
    }
}
