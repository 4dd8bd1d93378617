package dev.suture.diff;

import dev.suture.elf.ElfFile;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Finds out what each relocation refers to.
 *
 * <p>Assemblers replace most local symbols by their section's symbol plus an offset, and a reference relative to the
 * instruction pointer counts from the end of its instruction. So {@code cmpb $1, flag(%rip)} with {@code flag} at
 * {@code .data.read_mostly+8} appears as {@code .data.read_mostly+3}: the offset less the four bytes of the field and
 * the one byte of the immediate behind it. Only decoding the instruction tells that this is {@code flag} and not the
 * variable before it.
 */
final class ResolveReferences {
    private final ElfFile elf;
    private final Isa isa;
    private final SpecialSections specialSections;
    private final List<Piece> pieces;
    private final List<List<Integer>> piecesOfSection;
    private final int[] pieceOfSymbol;

    ResolveReferences(
            ElfFile elf,
            Isa isa,
            SpecialSections specialSections,
            List<Piece> pieces,
            List<List<Integer>> piecesOfSection,
            int[] pieceOfSymbol) {
        this.elf = elf;
        this.isa = isa;
        this.specialSections = specialSections;
        this.pieces = pieces;
        this.piecesOfSection = piecesOfSection;
        this.pieceOfSymbol = pieceOfSymbol;
    }

    /** {@return for each piece what its relocations refer to, in offset order} */
    List<List<Reference>> references() {
        List<List<Reference>> references = new ArrayList<>();
        pieces.forEach(piece -> references.add(new ArrayList<>()));
        for (Section section : elf.sections()) {
            List<Integer> ofSection = piecesOfSection.get(section.index());
            if (!ofSection.isEmpty() && elf.hasRelocations(section)) {
                resolveSection(section, ofSection, references);
            }
        }
        return references.stream().map(List::copyOf).toList();
    }

    private void resolveSection(Section section, List<Integer> ofSection, List<List<Reference>> references) {
        List<Relocation> relocations = elf.relocations(section).stream()
                .sorted(Comparator.comparingLong(Relocation::sectionOffset))
                .toList();
        Optional<SpecialSection> table = specialSections.table(section.name());
        long at = 0;
        Piece inCode = null;
        for (Relocation relocation : relocations) {
            Piece piece = pieces.get(SplitObject.pieceAt(pieces, ofSection, relocation.sectionOffset()));
            long countsFrom = 0;
            if (piece.isCode() && isa.relocation(relocation.type()).pcRelative()) {
                if (piece != inCode) {
                    inCode = piece;
                    at = piece.sectionOffset();
                }
                at = instructionWith(section, at, relocation.sectionOffset());
                countsFrom = endOfInstruction(section, at, relocation) - relocation.sectionOffset();
            }
            long pieceOffset = relocation.sectionOffset() - piece.sectionOffset();
            Reference.Target target = target(section, relocation, countsFrom, table, pieceOffset);
            references.get(piece.index()).add(new Reference(pieceOffset, relocation, target));
        }
    }

    /** {@return the start of the instruction that holds the byte at {@code offset}, decoding on from {@code start}} */
    private long instructionWith(Section section, long start, long offset) {
        long at = start;
        while (true) {
            Optional<Instruction> instruction = isa.decode(section.contents(), at);
            // Data among code: go on byte by byte until it makes sense again.
            long next = instruction.map(Instruction::endOffset).orElse(at + 1);
            if (next > offset) {
                return at;
            }
            at = next;
        }
    }

    private long endOfInstruction(Section section, long start, Relocation relocation) {
        long fieldEnd =
                relocation.sectionOffset() + isa.relocation(relocation.type()).sizeBytes();
        return isa.decode(section.contents(), start)
                .map(Instruction::endOffset)
                .filter(end -> end >= fieldEnd)
                .orElse(fieldEnd);
    }

    private Reference.Target target(
            Section section, Relocation relocation, long countsFrom, Optional<SpecialSection> table, long pieceOffset) {
        Symbol symbol = elf.symbols().get(relocation.symbolIndex());
        if (relocation.symbolIndex() == 0) {
            return new Reference.Constant(relocation.addend());
        }
        return switch (symbol.place()) {
            case UNDEFINED, COMMON, RESERVED -> new Reference.Elsewhere(symbol, relocation.addend());
            case ABSOLUTE -> new Reference.Constant(symbol.value() + relocation.addend());
            case SECTION -> {
                long distance = relocation.addend() + countsFrom;
                Optional<SpecialSection.Field> field = table.flatMap(known -> known.fieldAt(pieceOffset));
                if (field.isPresent() && isEmpty(section, relocation, table.get(), pieceOffset)) {
                    yield new Reference.Nothing(
                            elf.sections().get(symbol.sectionIndex()).name());
                }
                if (field.isPresent()) {
                    distance = field.get().distance(relocation.addend());
                    distance -= field.get().fromEntry() ? pieceOffset : 0;
                }
                yield inSection(symbol, distance, symbol.value() + relocation.addend());
            }
        };
    }

    /**
     * {@return whether an entry says that the code which its second field refers to has no bytes: the field points
     * behind the replacement before it, which is about other code}
     */
    private static boolean isEmpty(Section section, Relocation relocation, SpecialSection table, long pieceOffset) {
        long entry = relocation.sectionOffset() - pieceOffset;
        return table.lengthAt() > 0
                && pieceOffset > 0
                && LittleEndian.u8(section.contents(), entry + table.lengthAt()) == 0;
    }

    private Reference.Target inSection(Symbol symbol, long distance, long stated) {
        List<Integer> ofSection = piecesOfSection.get(symbol.sectionIndex());
        if (ofSection.isEmpty()) {
            return new Reference.Nothing(
                    elf.sections().get(symbol.sectionIndex()).name());
        }
        long meant = symbol.value() + distance;
        int anchored = pieceOfSymbol[symbol.index()];
        int index = anchored >= 0 ? anchored : SplitObject.pieceAt(pieces, ofSection, meant);
        Piece piece = pieces.get(index);
        return new Reference.InPiece(index, meant - piece.sectionOffset(), stated - piece.sectionOffset());
    }

    /** {@return for each piece the indexes of the special entries that belong to it} */
    List<List<Integer>> attachments(List<List<Reference>> references) {
        List<List<Integer>> attachments = new ArrayList<>();
        pieces.forEach(piece -> attachments.add(new ArrayList<>()));
        for (Piece piece : pieces) {
            if (piece.kind() == Piece.Kind.SPECIAL_ENTRY) {
                owner(references.get(piece.index()))
                        .ifPresent(owner -> attachments.get(owner).add(piece.index()));
            }
        }
        return attachments.stream().map(List::copyOf).toList();
    }

    private static Optional<Integer> owner(List<Reference> ofEntry) {
        return ofEntry.stream()
                .filter(reference -> reference.pieceOffset() == 0)
                .filter(reference -> reference.target() instanceof Reference.InPiece)
                .map(reference -> ((Reference.InPiece) reference.target()).pieceIndex())
                .findFirst();
    }
}
