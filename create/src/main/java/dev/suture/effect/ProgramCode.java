package dev.suture.effect;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.LinkedCode;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.isa.X86SystemCalls;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The code of a linked program, cut at its symbols. What lies between two functions and has no symbol is a part of its own,
 * without a name.
 */
final class ProgramCode {
    private static final int STUB_BYTES = 16;

    private final ElfFile elf;
    private final Isa isa;
    private final Imports imports;
    private final List<Section> sections;
    private final TreeMap<Long, Part> parts = new TreeMap<>();
    private final Set<Long> stubs = new HashSet<>();
    private final Map<Long, PartInstructions> decoded = new HashMap<>();

    /**
     * A run of code from one symbol to its end.
     *
     * @param name by which the target knows it; empty if it has no symbol
     * @param start address of its first byte
     * @param end address of the byte behind it
     */
    record Part(String name, long start, long end, Section section) {
        boolean contains(long address) {
            return address >= start && address < end;
        }
    }

    ProgramCode(Image image, LinkedCode linked) {
        elf = image.elf();
        isa = Isa.of(elf.header().machine());
        imports = Imports.of(elf);
        sections = elf.sections().stream()
                .filter(section -> section.isAllocated() && section.isCode() && !section.isNobits())
                .toList();
        readSymbols(image.symbolsFrom());
        nameStubs(linked);
        fillGaps();
    }

    /** What the linker made for calls of imports is called like them. */
    private void nameStubs(LinkedCode linked) {
        for (Section section : sections) {
            for (long at = 0; section.name().startsWith(".plt") && at + STUB_BYTES <= section.sizeBytes(); at += 8) {
                long address = section.address() + at;
                linked.importOfStub(address).ifPresent(name -> {
                    stubs.add(address);
                    parts.putIfAbsent(address, new Part(name, address, address + STUB_BYTES, section));
                });
            }
        }
    }

    private void readSymbols(ElfFile symbolsFrom) {
        String file = "";
        List<Part> labels = new ArrayList<>();
        for (Symbol symbol : symbolsFrom.symbols()) {
            if (symbol.type() == Elf.STT_FILE) {
                file = symbol.name();
                continue;
            }
            boolean isCode = symbol.isFunction()
                    || symbol.type() == Elf.STT_GNU_IFUNC
                    || symbol.type() == Elf.STT_NOTYPE && !symbol.name().isEmpty();
            Optional<Section> section = isCode && symbol.isInSection() ? section(symbol.value()) : Optional.empty();
            if (section.isEmpty()) {
                continue;
            }
            String name = symbol.isLocal() ? Image.targetNameOfLocal(file, symbol.name()) : symbol.name();
            long end = symbol.value() + symbol.sizeBytes();
            Part part = new Part(name, symbol.value(), end, section.get());
            if (symbol.sizeBytes() == 0) {
                labels.add(part);
            } else if (end <= endOf(section.get())) {
                parts.merge(part.start(), part, (one, other) -> one.end() >= other.end() ? one : other);
            }
        }
        for (Part label : labels) {
            Map.Entry<Long, Part> before = parts.floorEntry(label.start());
            if (before == null || before.getValue().end() <= label.start()) {
                parts.put(label.start(), new Part(label.name(), label.start(), label.start(), label.section()));
            }
        }
    }

    /** A label reaches up to the next one; what no symbol covers becomes a part without a name. */
    private void fillGaps() {
        List<Part> known = new ArrayList<>(parts.values());
        for (int i = 0; i < known.size(); i++) {
            Part part = known.get(i);
            long limit = endOf(part.section());
            Part next = i + 1 < known.size() ? known.get(i + 1) : null;
            long until = next != null && next.start() < limit ? next.start() : limit;
            if (part.end() == part.start()) {
                parts.put(part.start(), new Part(part.name(), part.start(), until, part.section()));
            } else if (part.end() < until) {
                parts.put(part.end(), new Part("", part.end(), until, part.section()));
            }
        }
        for (Section section : sections) {
            Map.Entry<Long, Part> first = parts.ceilingEntry(section.address());
            long until = first != null && first.getKey() < endOf(section) ? first.getKey() : endOf(section);
            if (until > section.address()) {
                parts.put(section.address(), new Part("", section.address(), until, section));
            }
        }
    }

    private static long endOf(Section section) {
        return section.address() + section.sizeBytes();
    }

    private Optional<Section> section(long address) {
        for (Section section : sections) {
            if (address >= section.address() && address < endOf(section)) {
                return Optional.of(section);
            }
        }
        return Optional.empty();
    }

    ElfFile elf() {
        return elf;
    }

    Isa isa() {
        return isa;
    }

    Imports imports() {
        return imports;
    }

    /** {@return whether a part makes a process: by what it imports, or by asking the kernel itself} */
    boolean makesProcess(Part part) {
        boolean asks = X86SystemCalls.makesProcess(
                isa,
                bytes(part),
                part.start() - part.section().address(),
                part.end() - part.section().address());
        return asks || stubs.contains(part.start()) && imports.makesProcesses(part.name());
    }

    List<Section> sections() {
        return sections;
    }

    /** {@return whether calls may come back in another place than behind them: in landing pads} */
    boolean throwsExceptions() {
        return elf.section(".gcc_except_table").isPresent();
    }

    /** {@return all parts, by address} */
    TreeMap<Long, Part> parts() {
        return parts;
    }

    /** {@return the part with the byte at an address} */
    Optional<Part> with(long address) {
        return Optional.ofNullable(parts.floorEntry(address))
                .map(Map.Entry::getValue)
                .filter(part -> part.contains(address));
    }

    /** {@return the instruction of a part with the byte at an address; empty where not all before it are instructions} */
    Optional<Instruction> instructionWith(Part part, long address) {
        return decoded(part).startOf(address - part.start()).stream()
                .mapToObj(start -> isa.decode(
                        bytes(part), part.start() + start - part.section().address()))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** {@return where the instructions of a part are, which is found out once} */
    PartInstructions decoded(Part part) {
        return decoded.computeIfAbsent(part.start(), _ -> PartInstructions.of(isa, part));
    }

    /** {@return the bytes of the section that a part is in} */
    static MemorySegment bytes(Part part) {
        return part.section().contents();
    }
}
