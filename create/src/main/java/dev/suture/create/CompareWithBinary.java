package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.build.Disassemble;
import dev.suture.diff.Comparison;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.Image.ImageSymbol;
import dev.suture.image.LinkedCode;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Makes sure that the source is what the program was built from: each function that is to be replaced must be in the
 * program, byte for byte, as the source without the patch compiles.
 *
 * <p>What the linker filled in is compared by what it leads to ({@link BinaryReferences}), and what it rewrote by what it
 * is made from ({@link RelaxedInstructions}). Whatever is in neither counts as a difference.
 */
final class CompareWithBinary {
    private final Image image;
    private final LinkedCode linked;
    private final BinaryReferences references;
    private final RelaxedInstructions relaxed;
    private final Map<String, Path> asLinked;
    private final Path workDirectory;
    private final Map<String, ObjectPieces> objects = new LinkedHashMap<>();
    private final List<Refusal> refusals = new ArrayList<>();

    private CompareWithBinary(Image image, Map<String, Path> asLinked, CopiedPaths paths, Path workDirectory) {
        this.image = image;
        this.asLinked = asLinked;
        this.workDirectory = workDirectory;
        linked = new LinkedCode(image.elf());
        references = new BinaryReferences(image, linked, paths);
        relaxed = new RelaxedInstructions(references);
    }

    /**
     * {@return for each function that is to be replaced and differs in the program, where and why}
     *
     * @param asLinked the objects as the program's own build makes them, by name
     * @param paths where they are made
     * @param workDirectory a place for files
     */
    static List<Refusal> check(
            Selection selection, Image image, Map<String, Path> asLinked, CopiedPaths paths, Path workDirectory) {
        CompareWithBinary compare = new CompareWithBinary(image, asLinked, paths, workDirectory);
        selection.replaced().forEach(chosen -> compare.check(chosen, selection));
        return compare.refusals;
    }

    /** {@return for each function of one object that differs in the program, where and why} */
    static List<Refusal> everyFunction(Path object, Image image, CopiedPaths paths, Path workDirectory) {
        String name = object.getFileName().toString();
        CompareWithBinary compare = new CompareWithBinary(image, Map.of(name, object), paths, workDirectory);
        ObjectPieces pieces = SplitObject.split(name, ElfFile.read(object), SpecialSections.process());
        for (Piece piece : pieces.pieces()) {
            if (piece.kind() == Piece.Kind.FUNCTION) {
                compare.checkWithHalves(pieces, piece);
            }
        }
        return compare.refusals;
    }

    private void check(Chosen chosen, Selection selection) {
        Piece original = chosen.original().orElseThrow();
        Comparison comparison = selection
                .objects()
                .get(HomeOfPiece.of(selection.objects(), chosen.id().object(), original));
        if (!asLinked.containsKey(comparison.name())) {
            // An object that a payload below brought: that none of its functions can be replaced is found out by
            // linking.
            return;
        }
        ObjectPieces object = objects.computeIfAbsent(
                comparison.name(),
                name -> SplitObject.split(name, ElfFile.read(asLinked.get(name)), SpecialSections.process()));
        Set<String> names = original.symbols().stream().map(Symbol::name).collect(Collectors.toSet());
        boolean found = false;
        for (Piece piece : object.pieces()) {
            boolean named = piece.symbols().stream().map(Symbol::name).anyMatch(names::contains);
            if (piece.isCode() && named) {
                checkWithHalves(object, piece);
                found = true;
            }
        }
        if (!found && isInProgram(original, object)) {
            refusals.add(new Refusal(
                    object.name(),
                    original.name(),
                    "`%s` is to be replaced, and the source compiles without it as the build command says"
                            .formatted(original.name()),
                    LikelyCause.of(image, object.elf())));
        }
    }

    private boolean isInProgram(Piece original, ObjectPieces object) {
        return original.symbols().stream()
                .map(symbol ->
                        symbol.isLocal() ? Image.targetNameOfLocal(object.sourceFile(), symbol.name()) : symbol.name())
                .anyMatch(name -> !image.all(name).isEmpty());
    }

    /** The half of a function that is seldom run ({@code f.cold}) is a part of it. */
    private void checkWithHalves(ObjectPieces object, Piece piece) {
        int before = refusals.size();
        Set<Piece> halves = new LinkedHashSet<>();
        for (Reference reference : object.references(piece)) {
            if (reference.target() instanceof Reference.InPiece target) {
                Piece half = object.pieces().get(target.pieceIndex());
                if (half.kind() == Piece.Kind.FRAGMENT && !half.symbols().isEmpty()) {
                    halves.add(half);
                }
            }
        }
        check(object, piece);
        for (Piece half : halves) {
            if (refusals.size() == before) {
                check(object, half);
            }
        }
    }

    private void check(ObjectPieces object, Piece piece) {
        Symbol symbol = piece.symbols().getFirst();
        String name = symbol.isLocal() ? Image.targetNameOfLocal(object.sourceFile(), symbol.name()) : symbol.name();
        Optional<ImageSymbol> found = image.find(name);
        if (found.isEmpty()) {
            // That the program has no such function, or several, is found out when the payload is linked.
            return;
        }
        // What follows a function in a section of its own was moved out of its way by the compiler, and belongs to it.
        MemorySegment code = object.contents(piece);
        long atHand = found.get().sizeBytes() + code.byteSize() - piece.statedSizeBytes();
        MemorySegment binary = linked.bytes(found.get().address(), atHand).orElse(MemorySegment.ofArray(new byte[0]));
        RelaxedInstructions.Both both =
                new RelaxedInstructions.Both(code, binary, found.get().address());
        long difference = firstDifference(object, piece, both);
        if (difference >= 0) {
            report(object, piece, difference, code, found.get(), binary);
        }
    }

    /** {@return the offset of the first instruction that differs; -1 if none does} */
    private long firstDifference(ObjectPieces object, Piece piece, RelaxedInstructions.Both both) {
        Isa isa = Isa.of(image.elf().header().machine());
        List<Reference> all = object.references(piece);
        MemorySegment code = both.code();
        int next = 0;
        long at = 0;
        while (at < code.byteSize()) {
            Optional<Instruction> instruction = isa.decode(code, at);
            long end = instruction.map(Instruction::endOffset).orElse(at + 1);
            while (next < all.size() && all.get(next).pieceOffset() < at) {
                next++;
            }
            List<Reference> own = new ArrayList<>();
            for (int i = next; i < all.size() && all.get(i).pieceOffset() < end; i++) {
                own.add(all.get(i));
            }
            if (end > both.binary().byteSize()) {
                return at;
            }
            long skip = relaxed.endOfSequence(object, own, both, at);
            if (skip > at) {
                end = Math.min(skip, code.byteSize());
            } else if (!sameInstruction(object, own, both, at, end)
                    || own.isEmpty() && !leadsToNeighbour(object, piece, instruction, both)) {
                return at;
            }
            at = end;
        }
        return both.binary().byteSize() == code.byteSize() ? -1 : at;
    }

    private boolean sameInstruction(
            ObjectPieces object, List<Reference> own, RelaxedInstructions.Both both, long at, long end) {
        Isa isa = Isa.of(image.elf().header().machine());
        long from = at;
        boolean plain = true;
        for (Reference reference : own) {
            plain &= both.equal(from, reference.pieceOffset());
            from = reference.pieceOffset()
                    + isa.relocation(reference.relocation().type()).sizeBytes();
        }
        plain &= both.equal(from, end);
        if (own.isEmpty()) {
            return plain;
        }
        for (Reference reference : own) {
            long offset = reference.pieceOffset();
            boolean fits = plain
                            && references.holds(
                                    object,
                                    reference,
                                    both.address() + offset,
                                    both.binary().asSlice(offset))
                    || own.size() == 1 && relaxed.isRelaxed(object, reference, both, at, end);
            if (!fits) {
                return false;
            }
        }
        return true;
    }

    /** A jump or call to something else in its section, which the assembler resolved, has to lead to the same in the program. */
    private boolean leadsToNeighbour(
            ObjectPieces object, Piece piece, Optional<Instruction> instruction, RelaxedInstructions.Both both) {
        OptionalLong target =
                instruction.map(known -> known.branchTarget(both.code())).orElse(OptionalLong.empty());
        boolean stays = target.isEmpty()
                || target.getAsLong() >= 0 && target.getAsLong() < both.code().byteSize();
        if (stays) {
            return true;
        }
        long inSection = piece.sectionOffset() + target.getAsLong();
        return object.pieces().stream()
                .filter(other -> other.section().index() == piece.section().index()
                        && other.sectionOffset() <= inSection
                        && inSection < other.endOffset())
                .anyMatch(other -> references
                        .symbols()
                        .addresses(object, other.symbols())
                        .contains(both.address() + target.getAsLong() - (inSection - other.sectionOffset())));
    }

    private void report(
            ObjectPieces object, Piece piece, long at, MemorySegment code, ImageSymbol found, MemorySegment binary) {
        String what =
                "`%s` is not in %s as the source compiles without the patch (%d bytes there, %d here): first difference at +0x%x, %s there, %s here"
                        .formatted(
                                piece.name(),
                                image.name(),
                                found.sizeBytes(),
                                code.byteSize(),
                                at,
                                show(binary, at, found.address()),
                                show(code, at, 0));
        refusals.add(new Refusal(object.name(), piece.name(), what, LikelyCause.of(image, object.elf())));
    }

    private String show(MemorySegment code, long at, long address) {
        if (at >= code.byteSize()) {
            return "its end";
        }
        Isa isa = Isa.of(image.elf().header().machine());
        long end = isa.decode(code, at).map(Instruction::endOffset).orElse(Math.min(at + 8, code.byteSize()));
        byte[] bytes = code.asSlice(at, end - at).toArray(ValueLayout.JAVA_BYTE);
        String hex = HexFormat.ofDelimiter(" ").formatHex(bytes);
        return Disassemble.first(bytes, address + at, workDirectory)
                .map(text -> "%s (%s)".formatted(hex, text))
                .orElse(hex);
    }
}
