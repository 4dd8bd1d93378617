package dev.suture.linked;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.payload.PayloadSections;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** A payload as it will be loaded: places in its sections, and what its relocations lead to. */
final class PayloadFile {
    private static final int ENTRY_BYTES = 104;
    private static final int OLD_ADDRESS = 16;

    private final ElfFile elf;
    private final Map<Integer, TreeMap<Long, Relocation>> relocations = new HashMap<>();
    private final List<Replacement> replacements = new ArrayList<>();
    private final Map<Place, Long> names = new HashMap<>();
    private final List<String> odd = new ArrayList<>();

    /** A place in a section. */
    record Place(int section, long offset) {}

    /**
     * A function that is replaced.
     *
     * @param name by which the running program knows it
     * @param oldSizeBytes of the running one
     * @param newSizeBytes of what takes its place
     * @param at where that is; empty if the running one is only filled with no-ops
     */
    record Replacement(String name, long oldSizeBytes, long newSizeBytes, Optional<Place> at) {}

    PayloadFile(ElfFile elf) {
        this.elf = elf;
        for (Section section : elf.sections()) {
            if (section.isAllocated()) {
                TreeMap<Long, Relocation> ofThis = new TreeMap<>();
                for (Relocation relocation : elf.relocations(section)) {
                    if (ofThis.put(relocation.sectionOffset(), relocation) != null) {
                        throw new LivePatchException("%s: two relocations at 0x%x of %s"
                                .formatted(elf.name(), relocation.sectionOffset(), section.name()));
                    }
                }
                relocations.put(section.index(), ofThis);
            }
        }
        elf.section(PayloadSections.FUNCTIONS).ifPresent(this::readFunctions);
    }

    private void readFunctions(Section table) {
        MemorySegment entries = table.contents();
        TreeMap<Long, Relocation> ofTable = relocations.getOrDefault(table.index(), new TreeMap<>());
        Set<String> seen = new HashSet<>();
        for (long at = 0; at + ENTRY_BYTES <= entries.byteSize(); at += ENTRY_BYTES) {
            Place name = place(ofTable.get(at))
                    .orElseThrow(
                            () -> new LivePatchException(elf.name() + ": an entry of .livepatch.funcs has no name"));
            String text = text(name);
            names.put(name, (long) text.length() + 1);
            replacements.add(new Replacement(
                    text,
                    LittleEndian.u32(entries, at + 28),
                    LittleEndian.u32(entries, at + 24),
                    place(ofTable.get(at + 8))));
            if (!seen.add(text)) {
                odd.add("the payload replaces `%s` twice".formatted(text));
            }
            Set<Long> fields =
                    new HashSet<>(ofTable.subMap(at, at + ENTRY_BYTES).keySet());
            fields.removeAll(Set.of(at, at + 8));
            boolean plain = fields.isEmpty()
                    && LittleEndian.u64(entries, at) == 0
                    && LittleEndian.u64(entries, at + 8) == 0
                    && LittleEndian.u64(entries, at + OLD_ADDRESS) == 0;
            if (!plain) {
                odd.add("the payload says of `%s` at which address it is".formatted(text));
            }
        }
        if (entries.byteSize() != table.sizeBytes() || entries.byteSize() % ENTRY_BYTES != 0) {
            odd.add("its table of functions is cut off");
        }
    }

    /** {@return what its table of functions has and payloads have not} */
    List<String> odd() {
        return odd;
    }

    /** {@return where the names of what it replaces are, with their sizes in bytes, the final NUL included} */
    Map<Place, Long> names() {
        return names;
    }

    private Optional<Place> place(Relocation relocation) {
        if (relocation == null) {
            return Optional.empty();
        }
        Symbol symbol = symbol(relocation);
        return symbol.isInSection()
                ? Optional.of(new Place(symbol.sectionIndex(), symbol.value() + relocation.addend()))
                : Optional.empty();
    }

    private String text(Place at) {
        MemorySegment contents = elf.sections().get(at.section()).contents();
        StringBuilder text = new StringBuilder();
        for (long i = at.offset(); i >= 0 && i < contents.byteSize() && LittleEndian.u8(contents, i) != 0; i++) {
            text.append((char) LittleEndian.u8(contents, i));
        }
        return text.toString();
    }

    ElfFile elf() {
        return elf;
    }

    List<Replacement> replacements() {
        return replacements;
    }

    Symbol symbol(Relocation relocation) {
        return elf.symbols().get(relocation.symbolIndex());
    }

    Section section(Place place) {
        return elf.sections().get(place.section());
    }

    /** {@return the bytes at a place; empty if the section has not that many there} */
    Optional<MemorySegment> bytes(Place place, long sizeBytes) {
        Section section = section(place);
        if (!section.isAllocated() || place.offset() < 0 || place.offset() > section.sizeBytes() - sizeBytes) {
            return Optional.empty();
        }
        return Optional.of(
                section.isNobits()
                        ? MemorySegment.ofArray(new byte[(int) sizeBytes])
                        : section.contents().asSlice(place.offset(), sizeBytes));
    }

    /** {@return the relocations of so many bytes, in their order} */
    List<Relocation> relocations(Place place, long sizeBytes) {
        TreeMap<Long, Relocation> all = relocations.getOrDefault(place.section(), new TreeMap<>());
        return List.copyOf(
                all.subMap(place.offset(), place.offset() + sizeBytes).values());
    }
}
