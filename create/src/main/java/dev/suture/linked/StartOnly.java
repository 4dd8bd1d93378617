package dev.suture.linked;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Proves on a linked program that a function has run when somebody can load anything, and never runs again: nothing in the
 * program's bytes leads to it but the tables of what is called at the start, and code of which the same is true.
 *
 * <p>For example {@code setup()} is a constructor, in {@code .init_array} alone, and {@code table()} is called by {@code
 * setup()} alone: both are over. If {@code main()} calls {@code setup()} as well, or a variable holds its address, or other
 * files find it by name, neither is. What only {@code main()} calls is not proved: when {@code main()} is at which of its
 * calls, the program's bytes do not tell.
 *
 * <p>Whatever could lead there counts, in code each field of each instruction, in data each word at any offset, unless it
 * is known to be something else; a mistake is always that something is not proved.
 */
final class StartOnly {
    private static final int DT_INIT = 12;
    private static final int SHT_DYNAMIC = 6;
    private static final int SHT_INIT_ARRAY = 14;
    private static final int SHT_PREINIT_ARRAY = 16;

    private final ElfFile elf;
    private final Isa isa;
    private final TreeMap<Long, Code> functions = new TreeMap<>();
    private final Set<Long> exported = new HashSet<>();
    private final Set<Long> initialisers = new HashSet<>();
    /** What the loader, or whoever reads the file's tables, is told to run at another time. */
    private final Set<Long> runAtOtherTimes = new HashSet<>();

    private final EndsByItself ends;
    private final Map<Long, Boolean> known = new HashMap<>();

    /** A function: from where to where it reaches in its section. */
    private record Code(long start, long end, Section section) {
        boolean contains(long address) {
            return address >= start && address < end;
        }
    }

    /** Who may lead to a function. */
    private sealed interface Way {
        record From(Code code) implements Way {}

        record AtStart() implements Way {}

        record NotKnown() implements Way {}
    }

    StartOnly(ElfFile elf) {
        this.elf = elf;
        isa = Isa.of(elf.header().machine());
        for (Symbol symbol : elf.symbols()) {
            boolean code = symbol.isFunction() && symbol.isInSection() && symbol.sizeBytes() > 0;
            if (code) {
                Section section = elf.sections().get(symbol.sectionIndex());
                Code function = new Code(symbol.value(), symbol.value() + symbol.sizeBytes(), section);
                functions.merge(symbol.value(), function, (one, other) -> one.end() >= other.end() ? one : other);
            }
        }
        elf.dynamicSymbols().stream()
                .filter(symbol -> symbol.index() > 0 && symbol.isInSection())
                .forEach(symbol -> exported.add(symbol.value()));
        elf.sections().stream()
                .filter(section -> section.type() == SHT_DYNAMIC && !section.isNobits())
                .forEach(this::readDynamic);
        runAtOtherTimes.add(elf.header().entryAddress());
        ends = new EndsByItself(
                isa,
                address -> Optional.ofNullable(functions.get(address))
                        .map(code -> new EndsByItself.Code(code.section(), code.start(), code.end())));
    }

    private void readDynamic(Section section) {
        MemorySegment bytes = section.contents();
        for (long at = 0; at + 16 <= bytes.byteSize(); at += 16) {
            boolean first = LittleEndian.u64(bytes, at) == DT_INIT;
            (first ? initialisers : runAtOtherTimes).add(LittleEndian.u64(bytes, at + 8));
        }
    }

    /** {@return whether the function at an address has run and does not run again} */
    boolean proves(long function) {
        Boolean result = known.get(function);
        if (result == null) {
            Set<Long> asked = new HashSet<>();
            result = prove(function, asked);
            // Of what was found on the way only what does not rest on the question itself is known.
            if (result) {
                asked.forEach(one -> known.put(one, true));
            } else {
                known.put(function, false);
            }
        }
        return result;
    }

    /** Functions that call each other in a circle are over if nobody else leads to any of them. */
    private boolean prove(long function, Set<Long> asked) {
        if (Boolean.FALSE.equals(known.get(function))) {
            return false;
        }
        if (!asked.add(function)) {
            return true;
        }
        Code code = functions.get(function);
        if (code == null || exported.contains(function) || runAtOtherTimes.contains(function)) {
            return false;
        }
        Set<Way> ways = ways(code);
        if (initialisers.contains(function)) {
            ways.add(new Way.AtStart());
        }
        return !ways.isEmpty()
                && ways.stream().allMatch(way -> switch (way) {
                    case Way.From(Code from) -> prove(from.start(), asked);
                    case Way.AtStart() -> ends.proves(function);
                    case Way.NotKnown() -> false;
                });
    }

    private Set<Way> ways(Code target) {
        Set<Way> ways = new HashSet<>();
        for (Section section : elf.sections()) {
            if (section.isAllocated() && !section.isNobits()) {
                if (section.isCode()) {
                    waysInCode(target, section, ways);
                } else if (section.type() == Elf.SHT_RELA) {
                    waysInRelocations(target, section, ways);
                } else if (isData(section)) {
                    waysInData(target, section, ways);
                }
            }
        }
        return ways;
    }

    /** Tables for the unwinder name each function, and lead nobody there. */
    private static boolean isData(Section section) {
        boolean unwinds = section.name().equals(".eh_frame") || section.name().equals(".eh_frame_hdr");
        boolean loaded = section.type() == Elf.SHT_PROGBITS || isStartArray(section) || section.type() == 15;
        return loaded && !unwinds;
    }

    private static boolean isStartArray(Section section) {
        return section.type() == SHT_INIT_ARRAY || section.type() == SHT_PREINIT_ARRAY;
    }

    private void waysInData(Code target, Section section, Set<Way> ways) {
        MemorySegment bytes = section.contents();
        for (long at = 0; at + 4 <= bytes.byteSize(); at++) {
            boolean absolute = at + 8 <= bytes.byteSize() && LittleEndian.u64(bytes, at) == target.start();
            boolean relative = section.address() + at + LittleEndian.s32(bytes, at) == target.start();
            if (absolute || relative) {
                ways.add(isStartArray(section) && at % 8 == 0 && absolute ? new Way.AtStart() : new Way.NotKnown());
            }
        }
    }

    private void waysInRelocations(Code target, Section section, Set<Way> ways) {
        MemorySegment entries = section.contents();
        for (long at = 0; at + 24 <= entries.byteSize(); at += 24) {
            if (LittleEndian.u64(entries, at + 16) == target.start()) {
                long place = LittleEndian.u64(entries, at);
                boolean isStart = LittleEndian.u32(entries, at + 8) == LinkedFile.RELATIVE
                        && elf.sections().stream()
                                .anyMatch(other -> isStartArray(other)
                                        && place >= other.address()
                                        && place < other.address() + other.sizeBytes());
                ways.add(isStart ? new Way.AtStart() : new Way.NotKnown());
            }
        }
    }

    private void waysInCode(Code target, Section section, Set<Way> ways) {
        MemorySegment bytes = section.contents();
        long base = section.address();
        for (long at = 0; at < bytes.byteSize(); at++) {
            if (!target.contains(base + at) && mayLeadThere(target, bytes, base, at)) {
                way(target, section, base + at).ifPresent(ways::add);
            }
        }
    }

    private static boolean mayLeadThere(Code target, MemorySegment bytes, long base, long at) {
        long left = bytes.byteSize() - at;
        // A branch of one byte.
        if (target.contains(base + at + 1 + (byte) LittleEndian.u8(bytes, at))) {
            return true;
        }
        if (left < 4) {
            return false;
        }
        long word = LittleEndian.s32(bytes, at);
        // Up to 4 bytes of an immediate may stand behind a displacement.
        for (int behind = 0; behind <= 4; behind++) {
            if (target.contains(base + at + 4 + behind + word)) {
                return true;
            }
        }
        return target.contains(word & 0xffff_ffffL) || left >= 8 && target.contains(LittleEndian.u64(bytes, at));
    }

    /** {@return who leads there by the field at an address; empty if it is no such field} */
    private Optional<Way> way(Code target, Section section, long site) {
        Map.Entry<Long, Code> before = functions.floorEntry(site);
        if (before == null || !before.getValue().contains(site)) {
            return isDecodedOtherwise(target, section, base(before, section), site)
                    ? Optional.empty()
                    : Optional.of(new Way.NotKnown());
        }
        Code code = before.getValue();
        Optional<Instruction> instruction = instructionWith(section, code.start(), site);
        if (instruction.isEmpty()) {
            return Optional.of(new Way.NotKnown());
        }
        if (!leadsThere(target, section, instruction.get(), site)) {
            return Optional.empty();
        }
        boolean branches = instruction.get().branchTarget(section.contents()).isPresent();
        return Optional.of(branches ? new Way.From(code) : new Way.NotKnown());
    }

    /** Between functions are stubs and padding. */
    private static long base(Map.Entry<Long, Code> before, Section section) {
        boolean here = before != null && before.getValue().end() >= section.address();
        return here ? before.getValue().end() : section.address();
    }

    private boolean isDecodedOtherwise(Code target, Section section, long from, long site) {
        Optional<Instruction> instruction = instructionWith(section, from, site);
        return instruction.isPresent() && !leadsThere(target, section, instruction.get(), site);
    }

    private Optional<Instruction> instructionWith(Section section, long from, long site) {
        MemorySegment bytes = section.contents();
        long at = from - section.address();
        while (at <= site - section.address()) {
            Optional<Instruction> decoded = isa.decode(bytes, at);
            if (decoded.isEmpty()) {
                return Optional.empty();
            }
            if (section.address() + decoded.get().endOffset() > site) {
                return decoded;
            }
            at = decoded.get().endOffset();
        }
        return Optional.empty();
    }

    private static boolean leadsThere(Code target, Section section, Instruction instruction, long site) {
        MemorySegment bytes = section.contents();
        long base = section.address();
        long start = base + instruction.offset();
        boolean isImmediate = instruction.immediateBytes() > 0 && site == start + instruction.immediateAt();
        boolean isDisplacement = instruction.displacementBytes() > 0 && site == start + instruction.displacementAt();
        if (isImmediate && instruction.branchTarget(bytes).isPresent()) {
            return target.contains(base + instruction.branchTarget(bytes).getAsLong());
        }
        if (!isImmediate && !isDisplacement) {
            return false;
        }
        int size = isImmediate ? instruction.immediateBytes() : instruction.displacementBytes();
        if (size < 4) {
            return false;
        }
        long at = site - base;
        if (isDisplacement && instruction.ripRelative()) {
            return target.contains(base + instruction.endOffset() + LittleEndian.s32(bytes, at));
        }
        return target.contains(LittleEndian.u32(bytes, at))
                || target.contains(LittleEndian.s32(bytes, at))
                || size == 8 && target.contains(LittleEndian.u64(bytes, at));
    }
}
