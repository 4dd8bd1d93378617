package dev.suture.diff;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import dev.suture.isa.Isa;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

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
    private static final TreeSet<Long> NO_STARTS = new TreeSet<>();

    private final ElfFile elf;
    private final Isa isa;
    private final SpecialSections specialSections;
    private final RelocationsBySection relocations;
    private final List<Piece> pieces;
    private final List<List<Integer>> piecesOfSection;
    private final int[] pieceOfSymbol;
    private final Map<Integer, TreeSet<Long>> tableStarts = new HashMap<>();

    ResolveReferences(
            ElfFile elf,
            Isa isa,
            SpecialSections specialSections,
            RelocationsBySection relocations,
            List<Piece> pieces,
            List<List<Integer>> piecesOfSection,
            int[] pieceOfSymbol) {
        this.elf = elf;
        this.isa = isa;
        this.specialSections = specialSections;
        this.relocations = relocations;
        this.pieces = pieces;
        this.piecesOfSection = piecesOfSection;
        this.pieceOfSymbol = pieceOfSymbol;
    }

    /** {@return for each piece what its relocations refer to, in offset order} */
    List<List<Reference>> references() {
        List<List<Reference>> references = new ArrayList<>();
        pieces.forEach(piece -> references.add(List.of()));
        // Code first: it tells where in nameless data a table begins.
        for (boolean code : new boolean[] {true, false}) {
            for (Section section : elf.sections()) {
                List<Integer> ofSection = piecesOfSection.get(section.index());
                if (section.isCode() == code && !ofSection.isEmpty()) {
                    resolveSection(section, ofSection, references);
                }
            }
        }
        return references;
    }

    private void resolveSection(Section section, List<Integer> ofSection, List<List<Reference>> references) {
        List<Relocation> ofThis = relocations.of(section);
        Optional<SpecialSection> table = specialSections.table(section.name());
        int next = 0;
        while (next < ofThis.size()) {
            Piece piece = pieces.get(
                    SplitObject.pieceAt(pieces, ofSection, ofThis.get(next).sectionOffset()));
            int end = next + 1;
            while (end < ofThis.size()
                    && SplitObject.pieceAt(pieces, ofSection, ofThis.get(end).sectionOffset()) == piece.index()) {
                end++;
            }
            references.set(piece.index(), resolvePiece(piece, ofThis.subList(next, end), table));
            next = end;
        }
    }

    private List<Reference> resolvePiece(Piece piece, List<Relocation> ofThis, Optional<SpecialSection> table) {
        List<Reference> references = new ArrayList<>(ofThis.size());
        WalkInstructions walk = new WalkInstructions(isa, piece);
        for (Relocation relocation : ofThis) {
            long pieceOffset = relocation.sectionOffset() - piece.sectionOffset();
            long countsFrom = 0;
            if (isa.relocation(relocation.type()).pcRelative()) {
                if (piece.isCode()) {
                    countsFrom = endOfInstruction(walk, relocation) - relocation.sectionOffset();
                } else if (piece.kind() == Piece.Kind.NAMELESS_DATA) {
                    countsFrom = tableStart(piece, pieceOffset) - pieceOffset;
                }
            }
            references.add(
                    new Reference(pieceOffset, relocation, target(piece, relocation, countsFrom, table, pieceOffset)));
        }
        if (piece.isCode()) {
            references.forEach(this::noteTableStart);
        }
        return List.copyOf(references);
    }

    private long endOfInstruction(WalkInstructions walk, Relocation relocation) {
        long fieldEnd =
                relocation.sectionOffset() + isa.relocation(relocation.type()).sizeBytes();
        return Math.max(fieldEnd, walk.endOfInstructionWith(relocation.sectionOffset()));
    }

    /** Entries of a jump table count from its first byte, which is where the code that uses it refers to. */
    private void noteTableStart(Reference reference) {
        if (reference.target() instanceof Reference.InPiece target
                && pieces.get(target.pieceIndex()).kind() == Piece.Kind.NAMELESS_DATA) {
            tableStarts
                    .computeIfAbsent(target.pieceIndex(), index -> new TreeSet<>())
                    .add(target.delta());
        }
    }

    private long tableStart(Piece piece, long pieceOffset) {
        Long start = tableStarts.getOrDefault(piece.index(), NO_STARTS).floor(pieceOffset);
        return start == null ? 0 : start;
    }

    private Reference.Target target(
            Piece piece, Relocation relocation, long countsFrom, Optional<SpecialSection> table, long pieceOffset) {
        if (relocation.symbolIndex() == 0) {
            return new Reference.Constant(relocation.addend());
        }
        Symbol symbol = elf.symbols().get(relocation.symbolIndex());
        return switch (symbol.place()) {
            case UNDEFINED, COMMON, RESERVED -> new Reference.Elsewhere(symbol, relocation.addend());
            case ABSOLUTE -> new Reference.Constant(symbol.value() + relocation.addend());
            case SECTION -> {
                long distance = relocation.addend() + countsFrom;
                Optional<SpecialSection.Field> field = table.flatMap(known -> known.fieldAt(pieceOffset));
                // The field points behind the replacement before it, which is about other code.
                if (field.isPresent()
                        && pieceOffset != 0
                        && CutFragments.isEmpty(piece.section(), table.get(), piece.sectionOffset())) {
                    yield new Reference.Nothing(
                            elf.sections().get(symbol.sectionIndex()).name());
                }
                if (field.isPresent()) {
                    distance = field.get().distance(relocation.addend());
                    distance -= field.get().fromEntry() ? pieceOffset : 0;
                }
                yield inSection(symbol, distance, relocation.addend());
            }
        };
    }

    private Reference.Target inSection(Symbol symbol, long distance, long addend) {
        List<Integer> ofSection = piecesOfSection.get(symbol.sectionIndex());
        if (ofSection.isEmpty()) {
            return new Reference.Nothing(
                    elf.sections().get(symbol.sectionIndex()).name());
        }
        long meant = symbol.value() + distance;
        int anchored = pieceOfSymbol[symbol.index()];
        int index = anchored >= 0 ? anchored : SplitObject.pieceAt(pieces, ofSection, meant);
        Piece piece = pieces.get(index);
        return new Reference.InPiece(
                index, meant - piece.sectionOffset(), symbol.value() + addend - piece.sectionOffset());
    }

    /** {@return for each piece the indexes of the special entries that belong to it} */
    List<List<Integer>> attachments(List<List<Reference>> references) {
        List<List<Integer>> attachments = new ArrayList<>();
        pieces.forEach(piece -> attachments.add(List.of()));
        for (Piece piece : pieces) {
            if (piece.kind() == Piece.Kind.SPECIAL_ENTRY) {
                owner(references.get(piece.index())).ifPresent(owner -> {
                    if (attachments.get(owner).isEmpty()) {
                        attachments.set(owner, new ArrayList<>(4));
                    }
                    attachments.get(owner).add(piece.index());
                });
            }
        }
        UnwindEntries.of(elf).ifPresent(unwind -> unwind.entries().forEach(entry -> attachTable(entry, attachments)));
        return attachments;
    }

    /** A function's exception table is one of its entries, though only {@code .eh_frame} refers to it. */
    private void attachTable(UnwindEntries.Entry entry, List<List<Integer>> attachments) {
        int code = pieceWith(entry.code());
        int table = entry.table().map(this::pieceWith).orElse(-1);
        boolean known = code >= 0 && table >= 0 && pieces.get(table).kind() == Piece.Kind.SPECIAL_ENTRY;
        if (known && !attachments.get(code).contains(table)) {
            List<Integer> more = new ArrayList<>(attachments.get(code));
            more.add(table);
            attachments.set(code, more);
        }
    }

    /** {@return the index of the piece with the place that a relocation states; -1 if there is none} */
    private int pieceWith(Relocation relocation) {
        Symbol symbol = elf.symbols().get(relocation.symbolIndex());
        return symbol.isInSection()
                ? SplitObject.pieceAt(
                        pieces, piecesOfSection.get(symbol.sectionIndex()), symbol.value() + relocation.addend())
                : -1;
    }

    private static Optional<Integer> owner(List<Reference> ofEntry) {
        return ofEntry.stream()
                .filter(reference -> reference.pieceOffset() == 0)
                .filter(reference -> reference.target() instanceof Reference.InPiece)
                .map(reference -> ((Reference.InPiece) reference.target()).pieceIndex())
                .findFirst();
    }
}
