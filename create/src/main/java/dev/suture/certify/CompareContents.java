package dev.suture.certify;

import dev.suture.diff.LineNumbers;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.OnlyLineNumbers;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.diff.SpecialSection;
import dev.suture.elf.LittleEndian;
import dev.suture.isa.Instruction;
import dev.suture.isa.RelocationKind;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/** Compares one piece with the bytes at a place, but for its relocated fields, and says where these lead there. */
final class CompareContents {
    /** {@code BUG_DISP_WIDTH} and {@code BUG_LINE_LO_WIDTH} of Xen's bug.h. */
    private static final int BUG_DISTANCE_BITS = 24;

    private static final int BUG_LINE_BITS = 7;

    private final RunningSystem system;
    private final Tolerance tolerance;

    CompareContents(RunningSystem system, Tolerance tolerance) {
        this.system = system;
        this.tolerance = tolerance;
    }

    /**
     * A reference as it is in the running system.
     *
     * @param pieceOffset where in its piece it is, in bytes
     * @param target what the object says it refers to
     * @param place where it leads
     * @param kind of the relocation
     * @param distance what is added to the symbol for {@code place}
     * @param meant whether {@code place} is the place that is meant; else it is what the relocation states
     */
    record Lead(
            long pieceOffset, Reference.Target target, Place place, RelocationKind kind, long distance, boolean meant) {
        /** {@return how far from the first byte of a piece a reference that leads to {@link #place} is} */
        long statedDelta(Reference.InPiece piece) {
            return meant ? piece.delta() : piece.statedDelta();
        }

        String mismatch(String expected, RunningSystem system) {
            String found = system.describe(place.plus(kind.pcRelative() && !meant ? 4 : 0));
            return "at +0x%x it leads to %s, not to %s".formatted(pieceOffset, found, expected);
        }
    }

    /**
     * What a comparison gave.
     *
     * @param difference the first one; empty if there is none
     * @param onlyLineNumbers whether numbers of moved lines differ
     * @param leads where the references lead, if there is no difference
     */
    record Found(String difference, boolean onlyLineNumbers, List<Lead> leads) {
        static Found differs(String difference) {
            return new Found(difference, false, List.of());
        }
    }

    Found compare(ObjectPieces object, Piece piece, Place at) {
        Optional<MemorySegment> there = system.bytes(at, piece.sizeBytes());
        if (there.isEmpty()) {
            return Found.differs("there are not %d bytes at its place".formatted(piece.sizeBytes()));
        }
        byte[] running = there.get().toArray(ValueLayout.JAVA_BYTE);
        byte[] wanted = piece.section().isNobits()
                ? new byte[running.length]
                : object.contents(piece).toArray(ValueLayout.JAVA_BYTE);
        Optional<SpecialSection> table = piece.kind() == Piece.Kind.SPECIAL_ENTRY
                ? system.tables().table(piece.section().name())
                : Optional.empty();
        List<Lead> leads = new ArrayList<>();
        for (Reference reference : object.references(piece)) {
            RelocationKind kind = system.isa().relocation(reference.relocation().type());
            Optional<Lead> lead = lead(reference, kind, table, at);
            if (lead.isEmpty()) {
                return Found.differs("at +0x%x there is no reference of the kind %s"
                        .formatted(reference.pieceOffset(), kind.name()));
            }
            leads.add(lead.get());
            for (int i = 0; i < kind.sizeBytes(); i++) {
                running[(int) reference.pieceOffset() + i] = 0;
                wanted[(int) reference.pieceOffset() + i] = 0;
            }
        }
        boolean movedLine = false;
        MemorySegment was = MemorySegment.ofArray(running);
        MemorySegment is = MemorySegment.ofArray(wanted);
        long mismatch = was.mismatch(is);
        if (mismatch >= 0) {
            LineNumbers lines = tolerance.lines(at);
            movedLine = piece.isCode() && new OnlyLineNumbers(system.isa(), lines).differ(was, is);
            if (!movedLine) {
                return Found.differs("it has %s at +0x%x, not %s"
                        .formatted(Prove.hex(was.asSlice(mismatch)), mismatch, Prove.hex(is.asSlice(mismatch))));
            }
        }
        if (table.isPresent()) {
            OptionalLong moved = movedLineOfBugFrame(object, piece, table.get(), at);
            if (moved.isPresent() && moved.getAsLong() != 0) {
                return Found.differs("it is about line %d".formatted(moved.getAsLong()));
            }
            movedLine |= moved.isPresent();
        }
        leads.addAll(neighbours(object, piece, at, is));
        return new Found("", movedLine, leads);
    }

    private Optional<Lead> lead(Reference reference, RelocationKind kind, Optional<SpecialSection> table, Place at) {
        long offset = reference.pieceOffset();
        Optional<SpecialSection.Field> field = table.flatMap(known -> known.fields().stream()
                .filter(candidate -> candidate.offset() == offset)
                .findFirst());
        Optional<Place> place =
                field.isPresent() ? system.meant(at, field.get(), kind) : system.destination(at.plus(offset), kind);
        long addend = reference.relocation().addend();
        long distance = field.map(known -> known.distance(addend) - (known.fromEntry() ? offset : 0))
                .orElse(addend);
        return place.map(found -> new Lead(offset, reference.target(), found, kind, distance, field.isPresent()));
    }

    /**
     * {@return empty if a bug frame is of the same line as that of the object; 0 if of the line that the object's was
     * before the patch; else its line}
     */
    private OptionalLong movedLineOfBugFrame(ObjectPieces object, Piece piece, SpecialSection table, Place at) {
        List<SpecialSection.Field> fields = table.fields();
        if (fields.stream().noneMatch(field -> field.addendBits() == BUG_DISTANCE_BITS)) {
            return OptionalLong.empty();
        }
        long here = 0;
        long there = 0;
        for (SpecialSection.Field field : fields.subList(0, 2)) {
            Reference reference = object.references(piece).stream()
                    .filter(candidate -> candidate.pieceOffset() == field.offset())
                    .findFirst()
                    .orElseThrow();
            RelocationKind kind = system.isa().relocation(reference.relocation().type());
            Place stated = system.destination(at.plus(field.offset()), kind).orElseThrow();
            Place place = at.plus(field.offset());
            long running = at.isInImage()
                    ? stated.offset() - place.offset()
                    : system.addend(place).orElse(0);
            here = here << BUG_LINE_BITS
                    | lineBits(field, reference.relocation().addend());
            there = there << BUG_LINE_BITS | lineBits(field, running);
        }
        if (here == there) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(tolerance.lines(at).moved(there, here) ? 0 : there);
    }

    private static long lineBits(SpecialSection.Field field, long value) {
        return (value - field.distance(value)) >> BUG_DISTANCE_BITS & (1 << BUG_LINE_BITS) - 1;
    }

    /** Jumps to other pieces of the section, which the assembler resolved itself. */
    private List<Lead> neighbours(ObjectPieces object, Piece piece, Place at, MemorySegment code) {
        List<Lead> leads = new ArrayList<>();
        if (!piece.isCode() || piece.sizeBytes() == piece.section().sizeBytes()) {
            return leads;
        }
        Set<Long> relocated =
                object.references(piece).stream().map(Reference::pieceOffset).collect(Collectors.toSet());
        long next = 0;
        while (next < code.byteSize()) {
            Optional<Instruction> decoded = system.isa().decode(code, next);
            if (decoded.isEmpty()) {
                next++;
                continue;
            }
            Instruction jump = decoded.get();
            OptionalLong target = jump.branchTarget(code);
            boolean leaves = target.isPresent()
                    && !relocated.contains(next + jump.immediateAt())
                    && (target.getAsLong() < 0 || target.getAsLong() >= code.byteSize());
            if (leaves) {
                long inSection = piece.sectionOffset() + target.getAsLong();
                object.pieces().stream()
                        .filter(other ->
                                other.section().index() == piece.section().index()
                                        && other.sectionOffset() <= inSection
                                        && inSection < other.endOffset())
                        .findFirst()
                        .ifPresent(other -> {
                            long delta = inSection - other.sectionOffset();
                            leads.add(new Lead(
                                    jump.offset(),
                                    new Reference.InPiece(other.index(), delta, delta),
                                    at.plus(target.getAsLong()),
                                    system.isa().relocation(2),
                                    delta,
                                    true));
                        });
            }
            next = jump.endOffset();
        }
        return leads;
    }

    /** {@return whether a text is at a place, from the byte on that is {@code from} behind its beginning} */
    boolean sameText(ObjectPieces object, Piece string, long from, Place at) {
        MemorySegment whole = object.contents(string);
        // What leads to the end of a text, where a loop ends, means all of it.
        long first = from < 0 || from >= whole.byteSize() ? 0 : from;
        MemorySegment wanted = whole.asSlice(first);
        Optional<MemorySegment> there = system.bytes(at.plus(first), wanted.byteSize());
        if (there.isPresent() && there.get().mismatch(wanted) < 0) {
            return true;
        }
        return tolerance.stamps().entrySet().stream()
                .filter(stamp -> (stamp.getValue() + "\0").equals(plain(wanted)))
                .anyMatch(stamp -> system.bytes(at.plus(first), stamp.getKey().length() + 1L)
                        .filter(bytes -> plain(bytes).equals(stamp.getKey() + "\0"))
                        .isPresent());
    }

    private static String plain(MemorySegment bytes) {
        StringBuilder text = new StringBuilder();
        for (long at = 0; at < bytes.byteSize(); at++) {
            text.append((char) LittleEndian.u8(bytes, at));
        }
        return text.toString();
    }

    /** {@return a string as a message shows it} */
    String text(ObjectPieces object, Piece string, long from) {
        MemorySegment contents = object.contents(string);
        String text = plain(contents.asSlice(Math.clamp(from, 0, contents.byteSize())));
        return "the text \"" + text.replaceAll("[^ -~]", ".").replaceAll("\\.$", "") + "\"";
    }
}
