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
import dev.suture.elf.LittleEndian;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes sure that the source is what the program was built from: each function that is to be replaced must be in the
 * program, byte for byte, as the source without the patch compiles.
 *
 * <p>What the linker filled in is compared by what it leads to ({@link BinaryReferences}). Linkers also rewrite some
 * instructions: where a symbol turns out to be near, {@code mov f@GOTPCREL(%rip), %rax} becomes {@code lea f(%rip), %rax},
 * and {@code call *f@GOTPCREL(%rip)} becomes {@code addr32 call f}. These count as the same.
 *
 * @see "System V ABI, AMD64 Architecture Processor Supplement, B.2 Optimize GOTPCRELX Relocations"
 */
final class CompareWithBinary {
    private static final int TLSGD = 19;
    private static final int TLSLD = 20;

    private final Image image;
    private final LinkedCode linked;
    private final BinaryReferences references;
    private final Map<String, Path> asLinked;
    private final Path workDirectory;
    private final Map<String, ObjectPieces> objects = new LinkedHashMap<>();
    private final List<Refusal> refusals = new ArrayList<>();

    private CompareWithBinary(Image image, Map<String, Path> asLinked, Path workDirectory) {
        this.image = image;
        this.asLinked = asLinked;
        this.workDirectory = workDirectory;
        linked = new LinkedCode(image.elf());
        references = new BinaryReferences(image, linked);
    }

    /**
     * {@return for each function that is to be replaced and differs in the program, where and why}
     *
     * @param asLinked the objects as the program's own build makes them, by name
     * @param workDirectory a place for files
     */
    static List<Refusal> check(Selection selection, Image image, Map<String, Path> asLinked, Path workDirectory) {
        CompareWithBinary compare = new CompareWithBinary(image, asLinked, workDirectory);
        selection.replaced().forEach(chosen -> compare.check(chosen, selection));
        return compare.refusals;
    }

    private void check(Chosen chosen, Selection selection) {
        Piece original = chosen.original().orElseThrow();
        Comparison comparison = selection.objects().get(chosen.id().object());
        ObjectPieces object = objects.computeIfAbsent(
                comparison.name(),
                name -> SplitObject.split(name, ElfFile.read(asLinked.get(name)), SpecialSections.process()));
        List<String> names = original.symbols().stream().map(Symbol::name).toList();
        for (Piece piece : object.pieces()) {
            String name = piece.symbols().isEmpty() ? "" : piece.name();
            boolean cold = name.endsWith(".cold") && names.contains(name.substring(0, name.length() - 5));
            if (piece.isCode() && (names.contains(name) || cold)) {
                check(object, piece);
                if (!refusals.isEmpty() && refusals.getLast().symbol().equals(name)) {
                    return;
                }
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
        long size = piece.statedSizeBytes();
        MemorySegment code = object.contents(piece).asSlice(0, size);
        long atHand = found.get().sizeBytes();
        Optional<MemorySegment> binary = linked.bytes(found.get().address(), atHand);
        if (binary.isEmpty()) {
            return;
        }
        long difference = firstDifference(object, piece, code, found.get().address(), binary.get());
        if (difference >= 0) {
            report(object, piece, difference, code, found.get(), binary.get());
        }
    }

    /** {@return the offset of the first instruction that differs; -1 if none does} */
    private long firstDifference(
            ObjectPieces object, Piece piece, MemorySegment code, long address, MemorySegment binary) {
        Isa isa = Isa.of(image.elf().header().machine());
        List<Reference> all = object.references(piece);
        int next = 0;
        long at = 0;
        while (at < code.byteSize()) {
            long end = isa.decode(code, at).map(Instruction::endOffset).orElse(at + 1);
            while (next < all.size() && all.get(next).pieceOffset() < at) {
                next++;
            }
            List<Reference> own = new ArrayList<>();
            for (int i = next; i < all.size() && all.get(i).pieceOffset() < end; i++) {
                own.add(all.get(i));
            }
            if (end > binary.byteSize()) {
                return at;
            }
            long skip = skippedSequence(own, code, binary, at, end);
            if (skip > 0) {
                end = Math.min(skip, code.byteSize());
            } else if (!sameInstruction(object, own, code, binary, at, end, address)) {
                return at;
            }
            at = end;
        }
        return binary.byteSize() == code.byteSize() ? -1 : at;
    }

    /**
     * {@return where a rewritten call for the address of a thread-local variable ends; 0 if there is none}
     *
     * @see "ELF Handling For Thread-Local Storage, 5.5 and 5.6, x86-64 linker optimizations"
     */
    private static long skippedSequence(
            List<Reference> own, MemorySegment code, MemorySegment binary, long at, long end) {
        for (Reference reference : own) {
            int type = reference.relocation().type();
            boolean rewritten = !equal(code, binary, at, reference.pieceOffset());
            if (type == TLSGD && rewritten) {
                return reference.pieceOffset() + 12;
            }
            if (type == TLSLD && rewritten) {
                return end + 5;
            }
        }
        return 0;
    }

    private boolean sameInstruction(
            ObjectPieces object,
            List<Reference> own,
            MemorySegment code,
            MemorySegment binary,
            long at,
            long end,
            long address) {
        if (own.isEmpty()) {
            return equal(code, binary, at, end);
        }
        long from = at;
        boolean plain = true;
        for (Reference reference : own) {
            int size =
                    reference.relocation().type() == 1 || reference.relocation().type() == 24 ? 8 : 4;
            plain &= equal(code, binary, from, reference.pieceOffset());
            from = reference.pieceOffset() + size;
        }
        plain &= equal(code, binary, from, end);
        for (Reference reference : own) {
            long offset = reference.pieceOffset();
            MemorySegment field = binary.asSlice(offset);
            boolean relaxable =
                    BinaryReferences.GOT_KINDS.contains(reference.relocation().type())
                            || BinaryReferences.RELAXED_TLS.contains(
                                    reference.relocation().type());
            boolean fits = plain
                    ? references.holds(object, reference, address + offset, field)
                    : relaxable && isRelaxed(object, reference, binary, at, end, address);
            if (!fits) {
                return false;
            }
        }
        return true;
    }

    private boolean isRelaxed(
            ObjectPieces object, Reference reference, MemorySegment binary, long at, long end, long address) {
        long offset = reference.pieceOffset();
        boolean shortenedJump = LittleEndian.u8(binary, at) == 0xe9;
        if (shortenedJump) {
            long target = address + at + 5 + LittleEndian.s32(binary, at + 1);
            return references.leadsToSymbol(object, reference, target);
        }
        return end - offset >= 4
                && references.holdsRelaxed(object, reference, address + offset, binary.asSlice(offset));
    }

    private static boolean equal(MemorySegment one, MemorySegment other, long from, long to) {
        long end = Math.min(to, Math.min(one.byteSize(), other.byteSize()));
        return end >= to && MemorySegment.mismatch(one, from, to, other, from, to) < 0;
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
