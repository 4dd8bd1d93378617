package dev.suture.link;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.Chosen;
import dev.suture.diff.Selection.PieceId;
import dev.suture.diff.UnwindEntries;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Relocation;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Gathers the unwind entries of all code in a payload.
 *
 * <p>An exception, a cancelled thread or a debugger unwinds through replaced functions too. Each entry is copied from its
 * object with what it has in common with others (its CIE) before it, once for each object; only the distance between the
 * two is new.
 *
 * @param bytes the section, with the final zero
 * @param references what its relocations refer to
 */
record CopyUnwindEntries(byte[] bytes, List<Copied> references) {
    /**
     * A relocation of the new section.
     *
     * @param offset in it
     * @param object whose relocation it was
     * @param reference to what; its offset is that in the object's section
     */
    record Copied(long offset, int object, Reference reference) {}

    /** {@return the entries for the code of a selection; without references if there are none} */
    static CopyUnwindEntries of(Selection selection) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        List<Copied> references = new ArrayList<>();
        Set<PieceId> chosen = selection.byId().keySet();
        for (int object = 0; object < selection.objects().size(); object++) {
            ObjectPieces pieces = selection.objects().get(object).patched();
            Optional<UnwindEntries> unwind = UnwindEntries.of(pieces.elf());
            if (unwind.isPresent()) {
                copy(object, pieces, unwind.get(), chosen, bytes, references);
            }
        }
        bytes.writeBytes(new byte[4]);
        return new CopyUnwindEntries(bytes.toByteArray(), List.copyOf(references));
    }

    private static void copy(
            int object,
            ObjectPieces pieces,
            UnwindEntries unwind,
            Set<PieceId> chosen,
            ByteArrayOutputStream bytes,
            List<Copied> references) {
        Map<Long, Long> commons = new HashMap<>();
        for (UnwindEntries.Entry entry : unwind.entries()) {
            Reference code = pieces.resolve(entry.code());
            boolean wanted = code.target() instanceof Reference.InPiece target
                    && pieces.pieces().get(target.pieceIndex()).isCode()
                    && chosen.contains(new PieceId(object, target.pieceIndex()));
            if (!wanted) {
                continue;
            }
            if (!commons.containsKey(entry.common())) {
                commons.put(entry.common(), (long) bytes.size());
                append(object, pieces, unwind, entry.common(), entry.commonBytes(), bytes, references);
            }
            long at = bytes.size();
            append(object, pieces, unwind, entry.sectionOffset(), entry.sizeBytes(), bytes, references);
            byte[] sofar = bytes.toByteArray();
            LittleEndian.putU32(MemorySegment.ofArray(sofar), at + 4, (int) (at + 4 - commons.get(entry.common())));
            bytes.reset();
            bytes.writeBytes(sofar);
        }
    }

    private static void append(
            int object,
            ObjectPieces pieces,
            UnwindEntries unwind,
            long from,
            long size,
            ByteArrayOutputStream bytes,
            List<Copied> references) {
        long at = bytes.size();
        bytes.writeBytes(unwind.section().contents().asSlice(from, size).toArray(ValueLayout.JAVA_BYTE));
        for (Relocation relocation : unwind.relocations(from, size)) {
            references.add(new Copied(at + relocation.sectionOffset() - from, object, pieces.resolve(relocation)));
        }
    }

    /** {@return the piece of the payload that a reference means, if it is one: code and tables move with their entry} */
    static Optional<PieceId> inPayload(Copied copied, Selection selection, Map<PieceId, Chosen> chosen) {
        if (copied.reference().target() instanceof Reference.InPiece target) {
            Piece piece =
                    selection.objects().get(copied.object()).patched().pieces().get(target.pieceIndex());
            PieceId id = new PieceId(copied.object(), piece.index());
            boolean moves = piece.isCode() || piece.kind() == Piece.Kind.SPECIAL_ENTRY;
            return moves && chosen.containsKey(id) ? Optional.of(id) : Optional.empty();
        }
        return Optional.empty();
    }
}
