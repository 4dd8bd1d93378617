package dev.suture.diff;

import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Cuts {@code .altinstr_replacement} and {@code .fixup} where entries of tables refer to.
 *
 * <p>A fix-up that would run on into the next one is joined with it. An entry whose replacement has no bytes cuts
 * nothing: it has nothing to do with what is at the place it refers to.
 */
final class CutFragments {
    private final ElfFile elf;
    private final Isa isa;
    private final SpecialSections specialSections;
    private final RelocationsBySection relocations;
    /** For each section with fragments the places that entries refer to. */
    private final TreeMap<Integer, TreeSet<Long>> starts = new TreeMap<>();

    CutFragments(ElfFile elf, Isa isa, SpecialSections specialSections, RelocationsBySection relocations) {
        this.elf = elf;
        this.isa = isa;
        this.specialSections = specialSections;
        this.relocations = relocations;
        for (Section section : elf.sections()) {
            specialSections.table(section.name()).ifPresent(table -> readTable(section, table));
        }
    }

    /** A run of bytes. */
    record Cut(long from, long to) {}

    /** {@return the fragments of a section in order; together they are all of it} */
    List<Cut> cut(Section section, List<Symbol> symbols) {
        TreeSet<Long> places = new TreeSet<>(starts.getOrDefault(section.index(), new TreeSet<>()));
        places.add(0L);
        symbols.forEach(symbol -> places.add(symbol.value()));
        Set<Long> joined = section.name().equals(".fixup") ? runInto(section) : Set.of();
        List<Long> begins = places.stream()
                .filter(at -> at >= 0 && at < section.sizeBytes())
                .filter(at -> at == 0 || !joined.contains(at))
                .toList();
        List<Cut> cuts = new ArrayList<>();
        for (int i = 0; i < begins.size(); i++) {
            cuts.add(new Cut(begins.get(i), i + 1 < begins.size() ? begins.get(i + 1) : section.sizeBytes()));
        }
        return cuts;
    }

    private void readTable(Section section, SpecialSection table) {
        for (Relocation relocation : relocations.of(section)) {
            long entryOffset = relocation.sectionOffset() % table.entryBytes();
            Optional<SpecialSection.Field> field = table.fieldAt(entryOffset);
            Symbol symbol = elf.symbols().get(relocation.symbolIndex());
            if (entryOffset == 0 || field.isEmpty() || !symbol.isInSection()) {
                continue;
            }
            Section holder = elf.sections().get(symbol.sectionIndex());
            boolean isEmpty = isEmpty(section, table, relocation.sectionOffset() - entryOffset);
            if (specialSections.holdsFragments(holder.name()) && !isEmpty) {
                starts.computeIfAbsent(holder.index(), index -> new TreeSet<>())
                        .add(symbol.value() + relocation.addend());
            }
        }
    }

    /** {@return whether an entry says that the code which its second field refers to has no bytes} */
    static boolean isEmpty(Section section, SpecialSection table, long entryOffset) {
        long at = entryOffset + table.lengthAt();
        return table.lengthAt() > 0
                && at < section.contents().byteSize()
                && LittleEndian.u8(section.contents(), at) == 0;
    }

    /** {@return the places that the code before them runs into, and those in the middle of an instruction} */
    private Set<Long> runInto(Section section) {
        Set<Long> joined = new HashSet<>();
        long at = 0;
        boolean runs = false;
        while (at < section.contents().byteSize()) {
            Optional<Instruction> decoded = isa.decode(section.contents(), at);
            long end = decoded.map(Instruction::endOffset).orElse(at + 1);
            if (decoded.isEmpty()) {
                runs = true;
            } else {
                runs = switch (decoded.get().flow()) {
                    case JUMP, INDIRECT_JUMP, RETURN, TRAP -> false;
                    case NEXT, CALL, CONDITIONAL, INDIRECT_CALL ->
                        runs || !isa.isPadding(decoded.get(), section.contents());
                };
            }
            for (long inside = at + 1; inside < end; inside++) {
                joined.add(inside);
            }
            if (runs) {
                joined.add(end);
            }
            at = end;
        }
        return joined;
    }
}
