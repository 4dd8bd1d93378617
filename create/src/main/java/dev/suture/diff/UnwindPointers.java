package dev.suture.diff;

import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.util.List;
import java.util.Optional;

/**
 * Variables that compilers make for unwind tables: each holds the address of a symbol that may be a library's, and nothing
 * but such tables refers to it. Each object has its own and the linker keeps one; nobody writes them, and which of several
 * is used does not matter.
 *
 * @see "GCC gcc/dwarf2asm.cc, dw2_output_indirect_constant_1()"
 */
public final class UnwindPointers {
    private static final int R_X86_64_64 = 1;

    private UnwindPointers() {}

    /** {@return what such a variable holds the address of; empty if it is none} */
    public static Optional<Symbol> target(ObjectPieces object, Piece variable) {
        List<Reference> references = object.references(variable);
        boolean isPointer = variable.kind() == Piece.Kind.DATA
                && variable.sizeBytes() == Long.BYTES
                && variable.symbols().size() == 1
                && references.size() == 1;
        if (!isPointer) {
            return Optional.empty();
        }
        Symbol symbol = variable.symbols().getFirst();
        Relocation relocation = references.getFirst().relocation();
        boolean isOneOfSeveral = symbol.binding() == Elf.STB_WEAK && symbol.visibility() == Elf.STV_HIDDEN;
        boolean isWhole = relocation.type() == R_X86_64_64 && relocation.addend() == 0;
        return isOneOfSeveral && isWhole && onlyTablesReferTo(object.elf(), symbol)
                ? Optional.of(object.elf().symbols().get(relocation.symbolIndex()))
                : Optional.empty();
    }

    private static boolean onlyTablesReferTo(ElfFile elf, Symbol variable) {
        boolean any = false;
        for (Section section : elf.sections()) {
            for (Relocation relocation : section.isAllocated() ? elf.relocations(section) : List.<Relocation>of()) {
                Symbol symbol = elf.symbols().get(relocation.symbolIndex());
                boolean refers = symbol.index() == variable.index()
                        || symbol.isInSection() && symbol.sectionIndex() == variable.sectionIndex();
                if (refers && !isTable(section.name())) {
                    return false;
                }
                any |= refers;
            }
        }
        return any;
    }

    private static boolean isTable(String section) {
        return section.equals(".eh_frame")
                || section.equals(".gcc_except_table")
                || section.startsWith(".gcc_except_table.");
    }
}
