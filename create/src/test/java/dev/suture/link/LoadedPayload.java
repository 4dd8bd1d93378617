package dev.suture.link;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;

/** A payload in memory, as Xen would load it: sections placed, symbols resolved, relocations applied. */
final class LoadedPayload {
    /** A program's memory and its symbols. */
    interface World {
        /** {@return the address of a symbol by the name that the target knows it by} */
        long address(String targetName);
    }

    private final ElfFile elf;
    private final World image;
    private final byte[] memory;
    private final long base;
    private final Map<Integer, Long> placeOfSection = new HashMap<>();

    LoadedPayload(byte[] payload, World image, long base) {
        this.elf = ElfFile.read("payload", payload);
        this.image = image;
        this.base = base;
        long end = base;
        for (Section section : elf.sections()) {
            if (section.isAllocated()) {
                long alignment = Math.max(1, section.alignment());
                end = (end + alignment - 1) / alignment * alignment;
                placeOfSection.put(section.index(), end);
                end += section.sizeBytes();
            }
        }
        memory = new byte[(int) (end - base)];
        for (Section section : elf.sections()) {
            if (section.isAllocated() && section.type() != Elf.SHT_NOBITS) {
                System.arraycopy(section.bytes(), 0, memory, (int) (place(section) - base), section.bytes().length);
            }
        }
        for (Section section : elf.sections()) {
            if (section.isAllocated()) {
                elf.relocations(section).forEach(relocation -> apply(section, relocation));
            }
        }
    }

    private long place(Section section) {
        return placeOfSection.get(section.index());
    }

    /** As Xen's xen/arch/x86/livepatch.c, arch_livepatch_perform_rela(). */
    private void apply(Section section, Relocation relocation) {
        Symbol symbol = elf.symbols().get(relocation.symbolIndex());
        assertThat(relocation.symbolIndex()).as("a relocation without a symbol").isNotZero();
        long value = address(symbol) + relocation.addend();
        long at = place(section) + relocation.sectionOffset();
        MemorySegment bytes = MemorySegment.ofArray(memory);
        switch (relocation.type()) {
            case 0 -> {}
            case 1 -> LittleEndian.putU64(bytes, at - base, value);
            case 2, 4 -> {
                long distance = value - at;
                assertThat(distance).as("overflow at 0x%x", at).isEqualTo((int) distance);
                LittleEndian.putU32(bytes, at - base, (int) distance);
            }
            default -> throw new AssertionError("relocation type " + relocation.type());
        }
    }

    private long address(Symbol symbol) {
        return switch (symbol.place()) {
            case UNDEFINED -> image.address(symbol.name());
            case ABSOLUTE -> symbol.value();
            case SECTION -> placeOfSection.get(symbol.sectionIndex()) + symbol.value();
            case COMMON, RESERVED -> throw new AssertionError("symbol " + symbol);
        };
    }

    boolean contains(long address) {
        return address >= base && address < base + memory.length;
    }

    MemorySegment bytes(long address, long sizeBytes) {
        return MemorySegment.ofArray(memory).asSlice(address - base, sizeBytes);
    }

    /** {@return the names that the payload gives its own code and data, by address} */
    TreeMap<Long, Symbol> symbols() {
        TreeMap<Long, Symbol> symbols = new TreeMap<>();
        for (Symbol symbol : elf.symbols()) {
            if (symbol.isInSection() && !symbol.name().isEmpty() && placeOfSection.containsKey(symbol.sectionIndex())) {
                symbols.put(address(symbol), symbol);
            }
        }
        return symbols;
    }

    long section(String name) {
        return place(elf.section(name).orElseThrow());
    }

    ElfFile elf() {
        return elf;
    }
}
