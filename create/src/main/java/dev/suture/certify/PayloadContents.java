package dev.suture.certify;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Isa;
import dev.suture.isa.RelocationKind;
import dev.suture.payload.PayloadSections;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a payload says it does, as Xen reads it: which functions it replaces by what, and which hooks it has.
 *
 * @param elf the payload
 * @param file its number, as in {@link Place#file}
 * @param functions in file order
 * @param hooks in the order in which Xen runs them
 * @param names where the names of the functions are
 */
record PayloadContents(ElfFile elf, int file, List<Replacement> functions, List<Hook> hooks, List<Prove.Text> names) {
    private static final int ENTRY_BYTES = 104;

    PayloadContents {
        functions = List.copyOf(functions);
        hooks = List.copyOf(hooks);
        names = List.copyOf(names);
    }

    /**
     * An entry of {@code .livepatch.funcs}.
     *
     * @param name by which Xen finds the function
     * @param oldAddress where it says the function is; 0 if Xen looks it up by name
     * @param oldSizeBytes how much of it Xen may overwrite
     * @param newSizeBytes how long the replacement is
     * @param at where it is; empty if the function is only filled with no-ops
     */
    record Replacement(String name, long oldAddress, long oldSizeBytes, long newSizeBytes, Optional<Place> at) {}

    /**
     * A hook.
     *
     * @param section such as {@code .livepatch.hooks.load}
     * @param function where the function is
     */
    record Hook(String section, Place function) {}

    /** {@return whether the payload has that place} */
    boolean has(Place place) {
        return place.file() == file;
    }

    /** {@return the names of the replaced functions as objects have them, local ones without their file} */
    Set<String> replacedNames() {
        return functions.stream()
                .map(function -> function.name().substring(function.name().lastIndexOf('#') + 1))
                .collect(Collectors.toSet());
    }

    /**
     * Reads a payload.
     *
     * @param file its number, from 1 for the lowest
     * @throws LivePatchException if its tables are not what Xen takes
     */
    static PayloadContents read(ElfFile elf, int file) {
        List<Replacement> functions = new ArrayList<>();
        List<Prove.Text> names = new ArrayList<>();
        elf.section(PayloadSections.FUNCTIONS)
                .filter(section -> !section.isNobits())
                .ifPresent(section -> readFunctions(elf, file, section, functions, names));
        List<Hook> hooks = new ArrayList<>();
        for (String kind : PayloadSections.HOOK_KINDS) {
            elf.section(PayloadSections.HOOKS + kind).ifPresent(section -> {
                Map<Long, Relocation> relocations = relocations(elf, section);
                for (long at = 0; at + 8 <= section.sizeBytes(); at += 8) {
                    Place function = place(elf, file, relocations.get(at))
                            .orElseThrow(() -> new LivePatchException(elf.name() + ": " + section.name()
                                    + " holds something else than a pointer to a function"));
                    hooks.add(new Hook(section.name(), function));
                }
            });
        }
        return new PayloadContents(elf, file, functions, hooks, names);
    }

    private static void readFunctions(
            ElfFile elf, int file, Section section, List<Replacement> functions, List<Prove.Text> names) {
        if (section.sizeBytes() % ENTRY_BYTES != 0) {
            throw new LivePatchException("%s: %s has %d bytes, not a multiple of %d: it is for a Xen before 4.14"
                    .formatted(elf.name(), section.name(), section.sizeBytes(), ENTRY_BYTES));
        }
        Map<Long, Relocation> relocations = relocations(elf, section);
        MemorySegment entries = section.contents();
        for (long at = 0; at < section.sizeBytes(); at += ENTRY_BYTES) {
            long entry = at;
            Place name = place(elf, file, relocations.get(at))
                    .orElseThrow(() -> new LivePatchException("%s: the entry at 0x%x of %s names no function"
                            .formatted(elf.name(), entry, section.name())));
            String text = text(elf, name);
            names.add(new Prove.Text(name, text.length() + 1L));
            functions.add(new Replacement(
                    text,
                    relocations.containsKey(at + 16) ? ~0L : LittleEndian.u64(entries, at + 16),
                    LittleEndian.u32(entries, at + 28),
                    LittleEndian.u32(entries, at + 24),
                    place(elf, file, relocations.get(at + 8))));
        }
    }

    private static Map<Long, Relocation> relocations(ElfFile elf, Section section) {
        Map<Long, Relocation> byOffset = new HashMap<>();
        elf.relocations(section).forEach(relocation -> byOffset.put(relocation.sectionOffset(), relocation));
        return byOffset;
    }

    private static Optional<Place> place(ElfFile elf, int file, Relocation relocation) {
        if (relocation == null || !isPointer(elf, relocation)) {
            return Optional.empty();
        }
        Symbol symbol = elf.symbols().get(relocation.symbolIndex());
        return symbol.isInSection()
                ? Optional.of(new Place(file, symbol.sectionIndex(), symbol.value() + relocation.addend()))
                : Optional.empty();
    }

    private static boolean isPointer(ElfFile elf, Relocation relocation) {
        RelocationKind kind = Isa.of(elf.header().machine()).relocation(relocation.type());
        return kind.sizeBytes() == 8 && !kind.pcRelative() && !kind.throughGot();
    }

    private static String text(ElfFile elf, Place at) {
        MemorySegment contents = elf.sections().get(at.section()).contents();
        StringBuilder text = new StringBuilder();
        for (long i = at.offset(); i >= 0 && i < contents.byteSize() && LittleEndian.u8(contents, i) != 0; i++) {
            text.append((char) LittleEndian.u8(contents, i));
        }
        return text.toString();
    }
}
