package dev.suture.process;

import dev.suture.LivePatchException;
import dev.suture.Refusal;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Isa;
import dev.suture.isa.RelocationKind;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Turns the sections of a payload into bytes for a place in a process.
 *
 * <p>The problem: code compiled without knowing its neighbours refers to them by 32-bit distances, and the place it gets
 * may be further than that from a library. So every function that is called gets a jump of our own behind the code,
 * through a slot behind the constants, and whoever asks for a slot ({@code GOTPCREL}) gets one there. For example
 * {@code call puts@PLT} leads to {@code jmp *slot(%rip)} in the same page, and the slot holds the address of puts.
 *
 * <p>The order in memory: the mark of {@link OwnMemory}, code and jumps; constants and slots; variables. Each starts on a page of its own.
 */
final class LinkPayload {
    static final long PAGE = 4096;
    /** Room at the end of the variables for what the program notes about our unwinding information. */
    static final int FRAMES_NOTE_BYTES = 64;

    private static final int STUB_BYTES = 8;
    private static final long MOST_BYTES = 64 << 20;
    private static final Set<String> NOT_LOADED =
            Set.of(".livepatch.depends", ".livepatch.xen_depends", ".livepatch.target", ".modinfo");
    private static final String FRAMES = ".eh_frame";
    private static final int TLSGD = 19;
    private static final int TLSLD = 20;
    private static final int DTPOFF32 = 21;
    private static final int GOTTPOFF = 22;
    private static final int TPOFF32 = 23;
    private static final int DTPOFF64 = 17;
    private static final int TPOFF64 = 18;
    private static final int GOTOFF64 = 25;
    private static final int GOTPC32 = 26;
    private static final int GOTPC64 = 29;
    private static final int GOTPC32_TLSDESC = 34;
    /** {@code mov 8(%rax),%rax; ret}: what the dynamic linker, too, has for variables at a fixed distance. */
    private static final byte[] TLS_DESCRIPTOR = {0x48, (byte) 0x8b, 0x40, 0x08, (byte) 0xc3};

    private static final int SIZE32 = 32;
    private static final int SIZE64 = 33;
    private static final Set<Integer> TO_SLOT = Set.of(9, 28, 41, 42);
    private static final Set<Integer> REFUSED = Set.of(3, 12, 13, 14, 15, 27, 30, 31);

    private final ElfFile elf;
    private final Resolved resolved;
    private final Map<Integer, Long> offsets = new HashMap<>();
    private final Map<String, Long> slots = new LinkedHashMap<>();
    private final Map<Integer, Long> stubs = new TreeMap<>();
    private final List<Refusal> refusals = new ArrayList<>();
    private final Set<String> told = new HashSet<>();
    private long descriptorCode;
    private long codeEnd;
    private long constantsStart;
    private long slotsStart;
    private long constantsEnd;
    private long variablesStart;
    private long end;
    private long frames = -1;
    private long base;
    private byte[] image;

    /** What the symbols of a payload stand for. */
    interface Resolved {
        /** {@return the address of an undefined symbol} */
        long address(Symbol symbol);

        /** {@return whether it is a function} */
        boolean isFunction(Symbol symbol);

        /** {@return the distance from the thread pointer} */
        long threadOffset(Symbol symbol);

        /** {@return the dynamic linker's number for the file} */
        long moduleId(Symbol symbol);
    }

    LinkPayload(ElfFile elf, Resolved resolved) {
        this.elf = elf;
        this.resolved = resolved;
        lay();
    }

    private static boolean isLoaded(Section section) {
        return section.isAllocated()
                && section.sizeBytes() > 0
                && section.type() != Elf.SHT_NOTE
                && !NOT_LOADED.contains(section.name());
    }

    private void lay() {
        long at = OwnMemory.MARK_BYTES;
        for (Section section : elf.sections()) {
            if (isLoaded(section) && section.isCode()) {
                at = put(section, at);
            }
        }
        findSlotsAndStubs();
        for (Map.Entry<Integer, Long> stub : stubs.entrySet()) {
            at = align(at, STUB_BYTES);
            stub.setValue(at);
            at += STUB_BYTES;
        }
        if (slots.keySet().stream().anyMatch(name -> name.startsWith("tls:desc"))) {
            descriptorCode = align(at, STUB_BYTES);
            at = descriptorCode + STUB_BYTES;
        }
        codeEnd = align(at, PAGE);
        constantsStart = codeEnd;
        at = codeEnd;
        for (Section section : elf.sections()) {
            if (isLoaded(section) && !section.isCode() && !section.has(Elf.SHF_WRITE)) {
                at = put(section, at);
                if (section.name().equals(FRAMES)) {
                    frames = offsets.get(section.index());
                    // A word of zeros ends the list for who reads it.
                    at += 4;
                }
            }
        }
        slotsStart = align(at, 8);
        at = slotsStart;
        for (Map.Entry<String, Long> slot : slots.entrySet()) {
            slot.setValue(at);
            at += slot.getKey().startsWith("tls:") ? 16 : 8;
        }
        constantsEnd = align(at, PAGE);
        variablesStart = constantsEnd;
        at = variablesStart;
        for (Section section : elf.sections()) {
            if (isLoaded(section) && !section.isCode() && section.has(Elf.SHF_WRITE)) {
                at = put(section, at);
            }
        }
        if (frames >= 0) {
            at = align(at, 16) + FRAMES_NOTE_BYTES;
        }
        end = align(at, PAGE);
    }

    private long put(Section section, long at) {
        if (section.alignment() > MOST_BYTES || section.sizeBytes() > MOST_BYTES || at > MOST_BYTES) {
            throw new LivePatchException("%s: section %s, of %,d bytes, makes it larger than a payload may be (%,d)"
                    .formatted(elf.name(), section.name(), section.sizeBytes(), MOST_BYTES));
        }
        long start = align(at, Math.max(1, section.alignment()));
        offsets.put(section.index(), start);
        return start + section.sizeBytes();
    }

    static long align(long value, long alignment) {
        return value + alignment - 1 & -alignment;
    }

    private void findSlotsAndStubs() {
        for (Section section : elf.sections()) {
            if (!isLoaded(section)) {
                continue;
            }
            for (Relocation relocation : elf.relocations(section)) {
                Symbol symbol = elf.symbols().get(relocation.symbolIndex());
                RelocationKind kind = Isa.of(Elf.EM_X86_64).relocation(relocation.type());
                if (TO_SLOT.contains(relocation.type()) || relocation.type() == GOTTPOFF) {
                    slots.put(slotName(relocation.type(), symbol), 0L);
                } else if (isThreadSlot(relocation.type())) {
                    slots.put(slotName(relocation.type(), symbol), 0L);
                } else if (symbol.isUndefined() && kind.pcRelative() && kind.sizeBytes() == 4) {
                    stubs.put(symbol.index(), 0L);
                    slots.put(slotName(9, symbol), 0L);
                }
            }
        }
    }

    private static boolean isThreadSlot(int type) {
        return type == TLSGD || type == TLSLD || type == GOTPC32_TLSDESC;
    }

    private static String slotName(int type, Symbol symbol) {
        String kind = switch (type) {
            case TLSLD -> "tls:ld";
            case TLSGD -> "tls:gd";
            case GOTPC32_TLSDESC -> "tls:desc";
            case GOTTPOFF -> "offset";
            default -> "address";
        };
        return kind + " " + symbol.index();
    }

    long sizeBytes() {
        return end;
    }

    long codeBytes() {
        return codeEnd;
    }

    long variablesOffset() {
        return variablesStart;
    }

    /** {@return where the unwinding information is, from the start; negative if there is none} */
    long framesOffset() {
        return frames;
    }

    /** {@return the address for which it was linked} */
    long base() {
        return base;
    }

    /** {@return what {@link #link} made, with what was changed since} */
    byte[] image() {
        return image;
    }

    /** Changes what {@link #link} made. */
    void replaceImage(byte[] changed) {
        image = changed;
    }

    /** {@return linked bytes at an address of the process} */
    MemorySegment at(long address, long sizeBytes) {
        return MemorySegment.ofArray(image).asSlice(address - base, sizeBytes);
    }

    /** {@return the address of a symbol of the payload itself} */
    long address(Symbol symbol) {
        return base + offsets.get(symbol.sectionIndex()) + symbol.value();
    }

    /** {@return whether a symbol is in what is loaded} */
    boolean isLoaded(Symbol symbol) {
        return symbol.isInSection() && offsets.containsKey(symbol.sectionIndex());
    }

    /** {@return the relocated bytes of a section, as they are in the process} */
    MemorySegment contents(Section section) {
        return MemorySegment.ofArray(image).asSlice(offsets.get(section.index()), section.sizeBytes());
    }

    boolean isLoadedSection(Section section) {
        return offsets.containsKey(section.index());
    }

    /**
     * Makes the bytes for a place.
     *
     * @return all of it; {@link #refusals} says whether it can be used
     */
    byte[] link(long address) {
        base = address;
        image = new byte[Math.toIntExact(end)];
        refusals.clear();
        told.clear();
        MemorySegment bytes = MemorySegment.ofArray(image);
        System.arraycopy(OwnMemory.mark(address), 0, image, 0, OwnMemory.MARK_BYTES);
        for (Section section : elf.sections()) {
            if (offsets.containsKey(section.index()) && !section.isNobits()) {
                MemorySegment.copy(section.contents(), 0, bytes, offsets.get(section.index()), section.sizeBytes());
            }
        }
        fillSlots(bytes);
        for (Section section : elf.sections()) {
            if (offsets.containsKey(section.index())) {
                for (Relocation relocation : elf.relocations(section)) {
                    relocate(bytes, section, relocation);
                }
            }
        }
        return image;
    }

    List<Refusal> refusals() {
        return List.copyOf(refusals);
    }

    private void fillSlots(MemorySegment bytes) {
        for (Map.Entry<String, Long> slot : slots.entrySet()) {
            String[] words = slot.getKey().split(" ");
            Symbol symbol = elf.symbols().get(Integer.parseInt(words[1]));
            switch (words[0]) {
                case "address" -> LittleEndian.putU64(bytes, slot.getValue(), value(symbol));
                case "offset" -> LittleEndian.putU64(bytes, slot.getValue(), resolved.threadOffset(symbol));
                case "tls:desc" -> {
                    LittleEndian.putU64(bytes, slot.getValue(), base + descriptorCode);
                    LittleEndian.putU64(bytes, slot.getValue() + 8, resolved.threadOffset(symbol));
                    MemorySegment.copy(
                            MemorySegment.ofArray(TLS_DESCRIPTOR), 0, bytes, descriptorCode, TLS_DESCRIPTOR.length);
                }
                default -> {
                    LittleEndian.putU64(bytes, slot.getValue(), resolved.moduleId(symbol));
                    boolean whole = words[0].equals("tls:ld");
                    LittleEndian.putU64(bytes, slot.getValue() + 8, whole ? 0 : resolved.address(symbol));
                }
            }
        }
        stubs.forEach((symbol, at) -> {
            long slot = slots.get(slotName(9, elf.symbols().get(symbol)));
            LittleEndian.putU16(bytes, at, 0x25ff);
            LittleEndian.putU32(bytes, at + 2, (int) (slot - (at + 6)));
            LittleEndian.putU16(bytes, at + 6, 0xcccc);
        });
    }

    private long value(Symbol symbol) {
        return switch (symbol.place()) {
            case SECTION -> offsets.containsKey(symbol.sectionIndex()) ? address(symbol) : 0;
            case ABSOLUTE -> symbol.value();
            case UNDEFINED -> symbol.index() == 0 ? 0 : resolved.address(symbol);
            case COMMON, RESERVED -> 0;
        };
    }

    private void relocate(MemorySegment bytes, Section section, Relocation relocation) {
        Symbol symbol = elf.symbols().get(relocation.symbolIndex());
        RelocationKind kind = Isa.of(Elf.EM_X86_64).relocation(relocation.type());
        if (kind.sizeBytes() == 0) {
            return;
        }
        if (relocation.sectionOffset() + kind.sizeBytes() > section.sizeBytes()) {
            throw new LivePatchException("%s: a relocation at 0x%x of %s changes what is behind the section"
                    .formatted(elf.name(), relocation.sectionOffset(), section.name()));
        }
        long at = offsets.get(section.index()) + relocation.sectionOffset();
        if (kind.dynamic() || REFUSED.contains(relocation.type())) {
            refuse(
                    section,
                    symbol,
                    "a relocation of kind %s, which only other code models or linkers use".formatted(kind.name()),
                    "Compile the payload with -fPIC -mcmodel=small.");
            return;
        }
        long counted = kind.pcRelative() ? base + at : 0;
        long value = wanted(relocation, symbol) + relocation.addend() - counted;
        // What nobody defines has no address that could be asked for; only a call of it, which nobody makes, may lead
        // on.
        boolean mayLeadOn = kind.throughPlt() || value(symbol) != 0;
        if (!kind.fits(value) && mayLeadOn && stubs.containsKey(symbol.index()) && resolved.isFunction(symbol)) {
            value = base + stubs.get(symbol.index()) + relocation.addend() - counted;
        }
        if (!kind.fits(value)) {
            refuse(
                    section,
                    symbol,
                    "%s is too far away for a relocation of kind %s".formatted(name(symbol), kind.name()),
                    "Compile the payload with -fPIC, so that it reaches what is elsewhere through a table.");
            return;
        }
        if (kind.sizeBytes() == 8) {
            LittleEndian.putU64(bytes, at, value);
        } else {
            LittleEndian.putU32(bytes, at, (int) value);
        }
    }

    private long wanted(Relocation relocation, Symbol symbol) {
        int type = relocation.type();
        if (type == GOTTPOFF || isThreadSlot(type)) {
            return base + slots.get(slotName(type, symbol));
        }
        if (TO_SLOT.contains(type)) {
            return base + slots.get(slotName(9, symbol));
        }
        return switch (type) {
            case GOTPC32, GOTPC64 -> base + slotsStart;
            case GOTOFF64 -> value(symbol) - (base + slotsStart);
            case TPOFF32, TPOFF64 -> resolved.threadOffset(symbol);
            case DTPOFF32, DTPOFF64 -> resolved.address(symbol);
            case SIZE32, SIZE64 -> symbol.sizeBytes();
            default -> value(symbol);
        };
    }

    private String name(Symbol symbol) {
        return symbol.isSectionSymbol()
                ? elf.sections().get(symbol.sectionIndex()).name()
                : symbol.name();
    }

    private void refuse(Section section, Symbol symbol, String what, String remedy) {
        if (told.add(what)) {
            refusals.add(new Refusal(elf.name(), name(symbol), "%s (in %s)".formatted(what, section.name()), remedy));
        }
    }
}
