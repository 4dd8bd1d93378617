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
    private static final int R_X86_64_IRELATIVE = 37;
    private static final Set<Integer> OF_THREADS = Set.of(16, 17, 18, 36);
    private static final int ENDBR64_BYTES = 4;

    /** What a slot holds at run time: the address of a symbol, or an address known already. */
    private record Slot(String symbol, long address) {}

    /**
     * What a slot holds that is about thread-local storage.
     *
     * @param kind of its relocation, such as {@code R_X86_64_TPOFF64}
     * @param symbol the variable; empty if it is in this file and known by its offset alone, or if the slot is about the file
     * @param offset of the variable in the file's block, where the relocation states it
     */
    public record ThreadSlot(int kind, String symbol, long offset) {}

    private final ElfFile elf;
    private final Map<Long, Slot> slots = new HashMap<>();
    /** By the slot's address: the address of the function that is asked for what goes into it. */
    private final Map<Long, Long> chosenSlots = new HashMap<>();
    /** By the slot's address: what of thread-local storage goes into it. */
    private final Map<Long, ThreadSlot> threadSlots = new HashMap<>();

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
            int kind = (int) LittleEndian.u32(entries, at + 8);
            String name =
                    symbol > 0 && symbol < dynamic.size() ? dynamic.get(symbol).name() : "";
            long place = LittleEndian.u64(entries, at);
            long addend = LittleEndian.u64(entries, at + 16);
            if (OF_THREADS.contains(kind)) {
                threadSlots.put(place, new ThreadSlot(kind, name, addend));
            } else if (kind == R_X86_64_IRELATIVE) {
                chosenSlots.put(place, addend);
            } else if (kind == R_X86_64_RELATIVE || !name.isEmpty()) {
                slots.put(place, new Slot(name, addend));
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

    /**
     * {@return whether the slot at an address holds the address of a symbol at run time} The slot of a function that is
     * chosen when the program starts (IFUNC) holds what the function at the symbol's address chooses.
     */
    public boolean slotHolds(long slotAddress, String symbolName, OptionalLong symbolAddress) {
        Slot slot = slots.get(slotAddress);
        if (slot != null) {
            return slot.symbol().isEmpty()
                    ? symbolAddress.isPresent() && symbolAddress.getAsLong() == slot.address()
                    : slot.symbol().equals(symbolName);
        }
        if (chosenSlots.containsKey(slotAddress)) {
            return symbolAddress.isPresent() && chosenSlots.get(slotAddress) == symbolAddress.getAsLong();
        }
        return symbolAddress.isPresent()
                && bytes(slotAddress, 8)
                        .filter(bytes -> LittleEndian.u64(bytes, 0) == symbolAddress.getAsLong())
                        .isPresent();
    }

    /** {@return the symbol whose address the dynamic linker puts into a slot} */
    public Optional<String> importAt(long slotAddress) {
        return Optional.ofNullable(slots.get(slotAddress)).map(Slot::symbol).filter(name -> !name.isEmpty());
    }

    /** {@return the import that the PLT stub at an address, if there is one, leads to} */
    public Optional<String> importOfStub(long address) {
        OptionalLong slot = slotOfStub(address);
        return slot.isPresent() ? importAt(slot.getAsLong()) : Optional.empty();
    }

    /** {@return the slots that the dynamic linker fills with an address of this file, and the address} */
    public Map<Long, Long> relocatedWords() {
        Map<Long, Long> words = new HashMap<>();
        slots.forEach((place, slot) -> {
            if (slot.symbol().isEmpty()) {
                words.put(place, slot.address());
            }
        });
        return words;
    }

    /**
     * {@return whether the eight bytes at an address are, at run time, the address of a symbol and so many bytes more}
     *
     * @param symbolAddress where this file has the symbol, if it does
     */
    public boolean pointsTo(long address, String symbolName, OptionalLong symbolAddress, long distance) {
        Slot slot = slots.get(address);
        if (slot != null && !slot.symbol().isEmpty()) {
            return slot.symbol().equals(symbolName) && slot.address() == distance;
        }
        OptionalLong expected = symbolAddress.isPresent()
                ? OptionalLong.of(symbolAddress.getAsLong() + distance)
                : OptionalLong.empty();
        return slotHolds(address, symbolName, expected);
    }

    /** {@return the address of this file that the eight bytes at an address are at run time} */
    public OptionalLong addressIn(long address) {
        Slot slot = slots.get(address);
        if (slot != null) {
            return slot.symbol().isEmpty() ? OptionalLong.of(slot.address()) : OptionalLong.empty();
        }
        return bytes(address, 8)
                .filter(bytes -> !chosenSlots.containsKey(address) && !threadSlots.containsKey(address))
                .map(bytes -> OptionalLong.of(LittleEndian.u64(bytes, 0)))
                .orElse(OptionalLong.empty());
    }

    /** {@return what of thread-local storage the dynamic linker puts into a slot} */
    public Optional<ThreadSlot> threadSlot(long slotAddress) {
        return Optional.ofNullable(threadSlots.get(slotAddress));
    }

    /** {@return whether so many bytes at an address are of a section that begins as zeros and has nothing in the file} */
    public boolean isZeroFilled(long address, long sizeBytes) {
        return elf.sections().stream()
                .filter(section -> section.isAllocated() && section.isNobits())
                .anyMatch(section ->
                        address >= section.address() && address + sizeBytes <= section.address() + section.sizeBytes());
    }

    /** {@return the address of the slot that a PLT stub jumps through, if there is a stub at that address} */
    public OptionalLong slotOfStub(long address) {
        // The last stub of a section may be one of eight bytes.
        Optional<MemorySegment> found = bytes(address, 16).or(() -> bytes(address, 8));
        if (found.isEmpty()) {
            return OptionalLong.empty();
        }
        MemorySegment stub = found.get();
        int at = LittleEndian.u32(stub, 0) == 0xfa1e_0ff3L ? ENDBR64_BYTES : 0;
        at += LittleEndian.u8(stub, at) == 0xf2 ? 1 : 0;
        if (at + 6 > stub.byteSize() || LittleEndian.u8(stub, at) != 0xff || LittleEndian.u8(stub, at + 1) != 0x25) {
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
