package dev.suture.diff;

import dev.suture.elf.ElfFile;
import dev.suture.elf.Relocation;
import dev.suture.elf.Section;
import dev.suture.elf.Symbol;
import java.lang.foreign.MemorySegment;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * One object cut into pieces.
 *
 * @param name the object's name as its build knows it, such as {@code arch/x86/mm.o}
 * @param elf the object itself
 * @param pieces all of them, in the order of sections and offsets
 * @param references for each piece, in offset order, what its relocations refer to
 * @param attachments for each piece the indexes of the special entries that belong to it, in file order
 * @param pieceOfSymbol for each symbol the index of the piece it lies in; -1 for symbols of no piece
 * @param sourceFile what the compiler called the source ({@code STT_FILE}); empty if it did not say
 */
public record ObjectPieces(
        String name,
        ElfFile elf,
        List<Piece> pieces,
        List<List<Reference>> references,
        List<List<Integer>> attachments,
        int[] pieceOfSymbol,
        String sourceFile) {

    public ObjectPieces {
        pieces = List.copyOf(pieces);
        references = List.copyOf(references);
        attachments = List.copyOf(attachments);
    }

    /** {@return an object of that name with nothing in it: the original of a new one, the patched of a removed one} */
    public static ObjectPieces nothing(String name, ElfFile like) {
        return new ObjectPieces(name, like, List.of(), List.of(), List.of(), new int[0], "");
    }

    /** {@return the same object, of which the compiler would have said that its source has that name} */
    public ObjectPieces withSourceFile(String name) {
        return new ObjectPieces(this.name, elf, pieces, references, attachments, pieceOfSymbol, name);
    }

    /** {@return what the relocations of a piece refer to, in offset order} */
    public List<Reference> references(Piece piece) {
        return references.get(piece.index());
    }

    /** {@return the special entries that belong to a piece, in file order} */
    public List<Piece> attachments(Piece piece) {
        return attachments.get(piece.index()).stream().map(pieces::get).toList();
    }

    /** {@return the piece that begins with the symbol of that name, if this object defines it} */
    public Optional<Piece> named(String symbolName) {
        return pieces.stream()
                .filter(piece -> piece.isNamed()
                        && piece.symbols().stream().map(Symbol::name).anyMatch(symbolName::equals))
                .findFirst();
    }

    /** {@return what a relocation outside of all pieces refers to, such as one of {@code .eh_frame}} */
    public Reference resolve(Relocation relocation) {
        Symbol symbol = elf.symbols().get(relocation.symbolIndex());
        return new Reference(relocation.sectionOffset(), relocation, resolve(symbol, relocation.addend()));
    }

    private Reference.Target resolve(Symbol symbol, long addend) {
        if (!symbol.isInSection()) {
            return symbol.index() == 0 ? new Reference.Constant(addend) : new Reference.Elsewhere(symbol, addend);
        }
        long place = symbol.value() + addend;
        Optional<Piece> found = pieces.stream()
                .filter(piece -> piece.section().index() == symbol.sectionIndex() && piece.sectionOffset() <= place)
                .max(Comparator.comparingLong(Piece::sectionOffset));
        return found.<Reference.Target>map(piece -> new Reference.InPiece(
                        piece.index(), place - piece.sectionOffset(), place - piece.sectionOffset()))
                .orElseGet(() -> new Reference.Nothing(
                        elf.sections().get(symbol.sectionIndex()).name()));
    }

    /** {@return a piece's bytes; empty for what takes none in the file} */
    public MemorySegment contents(Piece piece) {
        Section section = piece.section();
        return section.isNobits()
                ? MemorySegment.ofArray(new byte[0])
                : section.contents().asSlice(piece.sectionOffset(), piece.sizeBytes());
    }
}
