package dev.suture.image;

import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Segment;
import dev.suture.elf.Symbol;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The code and data of a linked x86-64 program by address, and what its indirections lead to.
 *
 * <p>A call of {@code puts} in an object is a call of {@code puts@plt} in the program: a stub that jumps through a slot
 * which the dynamic linker fills with the address of {@code puts}. The slot's dynamic relocation tells the name.
 */
public final class LinkedCode {
    private static final int PT_TLS = 7;
    private static final int R_X86_64_RELATIVE = 8;
    /** The slot gets what the function at an address returns, which is the address of a symbol of type STT_GNU_IFUNC. */
    private static final int R_X86_64_IRELATIVE = 37;
    private static final int ENDBR64_BYTES = 4;

    /** What a slot holds at run time: the address of a symbol, or an address known already. */
    private record Slot(String symbol, long address) {}

    private final ElfFile elf;
    private final Map<Long, Slot> slots = new HashMap<>();
    private final Set<String> imports = new HashSet<>();

    public LinkedCode(ElfFile elf) {
        this.elf = elf;
        List<Symbol> dynamic = elf.dynamicSymbols();
        for (Symbol symbol : dynamic) {
            if (symbol.isUndefined() && !symbol.name().isEmpty()) {
                imports.add(symbol.name());
            }
        }
        for (Section section : elf.sections()) {
            if (section.name().equals(".rela.dyn") || section.name().equals(".rela.plt")) {
                readSlots(section, dynamic);
            }
        }
    }

    private void readSlots(Section section, List<Symbol> dynamic) {
        MemorySegment entries = section.contents();
        for (long at = 0; at + 24 <= entries.byteSize(); at += 24) {
            int symbol = (int) LittleEndian.u32(entries, at + 12);
            long type = LittleEndian.u32(entries, at + 8);
            boolean relative = type == R_X86_64_RELATIVE || type == R_X86_64_IRELATIVE;
            String name =
                    symbol > 0 && symbol < dynamic.size() ? dynamic.get(symbol).name() : "";
            if (relative || !name.isEmpty()) {
                slots.put(LittleEndian.u64(entries, at), new Slot(name, LittleEndian.u64(entries, at + 16)));
            }
        }
    }

    /** {@return the names that the dynamic linker finds for it in other files} */
    public Set<String> imports() {
        return Set.copyOf(imports);
    }

    /** {@return the bytes at an address, if the file has that many there} */
    public Optional<MemorySegment> bytes(long address, long sizeBytes) {
        for (Section section : elf.sections()) {
            long offset = address - section.address();
            boolean inside = section.isAllocated() && offset >= 0 && offset <= section.sizeBytes() - sizeBytes;
            if (inside
                    && !section.isNobits()
                    && sizeBytes >= 0
                    && offset + sizeBytes <= section.contents().byteSize()) {
                return Optional.of(section.contents().asSlice(offset, sizeBytes));
            }
        }
        return Optional.empty();
    }

    /** {@return whether the slot at an address holds the address of a symbol at run time} */
    public boolean slotHolds(long slotAddress, String symbolName, OptionalLong symbolAddress) {
        Slot slot = slots.get(slotAddress);
        if (slot != null) {
            return slot.symbol().isEmpty()
                    ? symbolAddress.isPresent() && symbolAddress.getAsLong() == slot.address()
                    : slot.symbol().equals(symbolName);
        }
        return symbolAddress.isPresent()
                && bytes(slotAddress, 8)
                        .filter(bytes -> LittleEndian.u64(bytes, 0) == symbolAddress.getAsLong())
                        .isPresent();
    }

    /** {@return the address of the slot that a PLT stub jumps through, if there is a stub at that address} */
    public OptionalLong slotOfStub(long address) {
        Optional<MemorySegment> found = bytes(address, 16);
        if (found.isEmpty()) {
            return OptionalLong.empty();
        }
        MemorySegment stub = found.get();
        int at = LittleEndian.u32(stub, 0) == 0xfa1e_0ff3L ? ENDBR64_BYTES : 0;
        at += LittleEndian.u8(stub, at) == 0xf2 ? 1 : 0;
        if (LittleEndian.u8(stub, at) != 0xff || LittleEndian.u8(stub, at + 1) != 0x25) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(address + at + 6 + LittleEndian.s32(stub, at + 2));
    }

    /** {@return what is added to the offset of a thread-local variable for its distance from the thread pointer} */
    public OptionalLong threadPointerOffset() {
        for (Segment segment : elf.segments()) {
            if (segment.type() == PT_TLS) {
                long alignment = Math.max(1, segment.alignment());
                return OptionalLong.of(-((segment.memorySizeBytes() + alignment - 1) & -alignment));
            }
        }
        return OptionalLong.empty();
    }
}
