package dev.suture.image;

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
 * Which names a linked program takes from which libraries, as far as it is certain.
 *
 * <p>A name alone says nothing: a program, or another library, may have a {@code printf} of its own. The version that the
 * linker noted says from which library it took the name.
 *
 * @see "Linux Standard Base Core 5.0, 10.7 Symbol Versioning"
 */
public final class ImportedFrom {
    private static final int FILE_AT = 4;
    private static final int FIRST_AT = 8;
    private static final int NEXT_AT = 12;
    private static final int INDEX_AT = 6;
    private static final int NEXT_VERSION_AT = 12;
    private static final int NEED_BYTES = 16;

    private ImportedFrom() {}

    /**
     * {@return the names that a program takes from some libraries; none from those whose symbols have no versions}
     *
     * @param libraries by the names that the program asks the dynamic linker for, such as {@code libc.so.6}
     */
    public static Set<String> libraries(ElfFile program, Set<String> libraries) {
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
