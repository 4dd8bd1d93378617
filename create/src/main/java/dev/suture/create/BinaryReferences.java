package dev.suture.create;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.LinkedCode;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Tells whether a field of a linked program holds what a relocation of an object asks for.
 *
 * <p>For example {@code call puts} in the object has a PLT32 relocation; in the program the field leads to a stub that
 * jumps through a slot, and the slot's own relocation names {@code puts}. What has no name is compared by its contents,
 * fields included. What is not understood does not hold.
 *
 * @see "System V ABI, AMD64 Architecture Processor Supplement, 4.4.1 Relocation Types"
 */
final class BinaryReferences {
    private static final int THREAD_MODULE = 16;
    private static final int THREAD_OFFSET = 18;
    private static final int THREAD_DESCRIPTOR = 36;

    private final LinkedCode linked;
    private final BinarySymbols symbols;
    private final CopiedPaths paths;
    /** What has been found to be at a place, or is being compared with it: what refers to itself differs elsewhere or not at all. */
    private final Set<Claim> compared = new HashSet<>();

    /** That a piece is at an address. */
    private record Claim(String object, int piece, long address) {}

    BinaryReferences(Image image, LinkedCode linked, CopiedPaths paths) {
        this.linked = linked;
        this.paths = paths;
        symbols = new BinarySymbols(image);
    }

    BinarySymbols symbols() {
        return symbols;
    }

    /**
     * {@return whether the field at {@code fieldAddress} holds what {@code reference} asks for}
     *
     * @param field from there on, at least as long as the relocation's
     */
    boolean holds(ObjectPieces object, Reference reference, long fieldAddress, MemorySegment field) {
        long addend = reference.relocation().addend();
        return switch (reference.relocation().type()) {
            // R_X86_64_NONE, TLSDESC_CALL: these change no byte.
            case 0, 35 -> true;
            // 64: in a file that is loaded anywhere the dynamic linker fills it in.
            case 1 ->
                isPointer(object, reference, fieldAddress)
                        || near(object, reference, LittleEndian.u64(field, 0), addend);
            // PC32, PLT32, PC64, PC16, PC8
            case 2, 4 -> near(object, reference, fieldAddress + LittleEndian.s32(field, 0), addend);
            case 24 -> near(object, reference, fieldAddress + LittleEndian.u64(field, 0), addend);
            case 13 -> leadsTo(object, reference, fieldAddress + (short) LittleEndian.u16(field, 0));
            case 15 -> leadsTo(object, reference, fieldAddress + (byte) LittleEndian.u8(field, 0));
            // 32, 32S, 16, 8
            case 10 -> near(object, reference, LittleEndian.u32(field, 0), addend);
            case 11 -> near(object, reference, LittleEndian.s32(field, 0), addend);
            case 12 -> leadsTo(object, reference, LittleEndian.u16(field, 0));
            case 14 -> leadsTo(object, reference, LittleEndian.u8(field, 0));
            // GOTPCREL, GOTPCRELX, REX_GOTPCRELX, GOTPCREL64
            case 9, 41, 42 -> isSlotOf(object, reference, fieldAddress + LittleEndian.s32(field, 0) - addend);
            case 28 -> isSlotOf(object, reference, fieldAddress + LittleEndian.u64(field, 0) - addend);
            // GOTPC32, GOTPC64: where the table is.
            case 26 -> isTable(fieldAddress + LittleEndian.s32(field, 0) - addend);
            case 29 -> isTable(fieldAddress + LittleEndian.u64(field, 0) - addend);
            // GOTOFF64, GOT64, PLTOFF64: counted from there.
            case 25 -> fromTable(table -> leadsTo(object, reference, table + LittleEndian.u64(field, 0)));
            case 27 -> fromTable(table -> isSlotOf(object, reference, table + LittleEndian.u64(field, 0) - addend));
            case 31 -> fromTable(table -> near(object, reference, table + LittleEndian.u64(field, 0), addend));
            // TLSGD, TLSLD, GOTTPOFF, GOTPC32_TLSDESC
            case 19, 20, 22, 34 -> isThreadSlot(object, reference, fieldAddress + LittleEndian.s32(field, 0) - addend);
            // DTPOFF32, TPOFF32
            case 21, 23 -> isThreadOffset(object, reference, LittleEndian.s32(field, 0) - addend);
            default -> false;
        };
    }

    /** {@return whether a symbol is at an address, in this file} */
    boolean isAt(ObjectPieces object, Reference reference, long address) {
        return symbols.addresses(object, symbolOf(object, reference)).contains(address);
    }

    /** {@return whether a distance from the thread pointer is that of a variable} */
    boolean isThreadOffset(ObjectPieces object, Reference reference, long distance) {
        Set<Long> offsets = symbols.addresses(object, symbolOf(object, reference));
        OptionalLong fromThread = linked.threadPointerOffset();
        return offsets.contains(distance)
                || fromThread.isPresent() && offsets.contains(distance - fromThread.getAsLong());
    }

    /** {@return whether the slot at an address holds a thread-local variable's distance from the thread pointer} */
    boolean holdsThreadOffset(ObjectPieces object, Reference reference, long slot) {
        return isThreadSlot(object, reference, slot, THREAD_OFFSET);
    }

    private boolean isTable(long address) {
        return symbols.table().stream().anyMatch(known -> known == address);
    }

    private interface FromTable {
        boolean holds(long table);
    }

    private boolean fromTable(FromTable holds) {
        OptionalLong table = symbols.table();
        return table.isPresent() && holds.holds(table.getAsLong());
    }

    /** To the thing itself, or to a stub that leads there. */
    private boolean near(ObjectPieces object, Reference reference, long place, long addend) {
        OptionalLong slot = linked.slotOfStub(place - addend);
        return leadsTo(object, reference, place) || slot.isPresent() && isSlotOf(object, reference, slot.getAsLong());
    }

    /** Where symbol plus addend of the relocation lie, {@code place}, is where the piece plus its distance is. */
    private boolean leadsTo(ObjectPieces object, Reference reference, long place) {
        return switch (reference.target()) {
            case Reference.InPiece target -> {
                Piece piece = object.pieces().get(target.pieceIndex());
                Set<Long> expected = symbols.addresses(object, piece.symbols());
                long found = place - target.statedDelta();
                yield expected.isEmpty() ? sameContents(object, piece, found) : expected.contains(found);
            }
            case Reference.Elsewhere target ->
                symbols.addresses(object, target.symbol()).contains(place - target.addend());
            case Reference.Constant constant -> place == constant.value();
            // A place where nothing is has no contents to tell it by.
            case Reference.Nothing _ -> false;
        };
    }

    private boolean isPointer(ObjectPieces object, Reference reference, long address) {
        return switch (reference.target()) {
            case Reference.InPiece target -> {
                Piece piece = object.pieces().get(target.pieceIndex());
                OptionalLong value = linked.addressIn(address);
                yield value.isPresent() && leadsTo(object, reference, value.getAsLong())
                        || piece.symbols().stream()
                                .anyMatch(symbol -> linked.pointsTo(
                                        address, symbol.name(), OptionalLong.empty(), target.statedDelta()));
            }
            case Reference.Elsewhere target -> {
                String name = target.symbol().name();
                yield linked.pointsTo(address, name, OptionalLong.empty(), target.addend())
                        || symbols.addresses(object, target.symbol()).stream()
                                .anyMatch(known ->
                                        linked.pointsTo(address, name, OptionalLong.of(known), target.addend()));
            }
            case Reference.Constant _, Reference.Nothing _ -> false;
        };
    }

    private boolean isSlotOf(ObjectPieces object, Reference reference, long slot) {
        Symbol symbol = symbolOf(object, reference);
        return linked.slotHolds(slot, symbol.name(), OptionalLong.empty())
                || symbols.addresses(object, symbol).stream()
                        .anyMatch(address -> linked.slotHolds(slot, symbol.name(), OptionalLong.of(address)));
    }

    private boolean isThreadSlot(ObjectPieces object, Reference reference, long slot) {
        return switch (reference.relocation().type()) {
            case 22 -> isThreadSlot(object, reference, slot, THREAD_OFFSET);
            case 34 -> isThreadSlot(object, reference, slot, THREAD_DESCRIPTOR);
            case 20 ->
                linked.threadSlot(slot)
                        .filter(known ->
                                known.kind() == THREAD_MODULE && known.symbol().isEmpty())
                        .isPresent();
            default -> isModuleAndOffset(object, reference, slot);
        };
    }

    private boolean isThreadSlot(ObjectPieces object, Reference reference, long slot, int kind) {
        Symbol symbol = symbolOf(object, reference);
        return linked.threadSlot(slot)
                .filter(known -> known.kind() == kind
                        && (known.symbol().isEmpty()
                                ? symbols.addresses(object, symbol).contains(known.offset())
                                : known.symbol().equals(symbol.name()) && known.offset() == 0))
                .isPresent();
    }

    /** Two slots: which file's block it is, and where in it the variable is. */
    private boolean isModuleAndOffset(ObjectPieces object, Reference reference, long slot) {
        Symbol symbol = symbolOf(object, reference);
        Optional<LinkedCode.ThreadSlot> module = linked.threadSlot(slot).filter(known -> known.kind() == THREAD_MODULE);
        if (module.isEmpty()) {
            return false;
        }
        return module.get().symbol().isEmpty()
                ? linked.bytes(slot + 8, 8)
                        .filter(bytes -> symbols.addresses(object, symbol).contains(LittleEndian.u64(bytes, 0)))
                        .isPresent()
                : module.get().symbol().equals(symbol.name());
    }

    private static Symbol symbolOf(ObjectPieces object, Reference reference) {
        return object.elf().symbols().get(reference.relocation().symbolIndex());
    }

    private boolean sameContents(ObjectPieces object, Piece piece, long address) {
        if (!compared.add(new Claim(object.name(), piece.index(), address))) {
            return true;
        }
        boolean same = piece.section().isNobits()
                ? linked.isZeroFilled(address, piece.sizeBytes())
                : linked.bytes(address, piece.sizeBytes())
                        .filter(found -> sameContents(object, piece, address, found))
                        .isPresent();
        if (!same) {
            // What was found on the way may have counted on this.
            compared.clear();
        }
        return same;
    }

    private boolean sameContents(ObjectPieces object, Piece piece, long address, MemorySegment found) {
        MemorySegment wanted = object.contents(piece);
        long from = 0;
        for (Reference reference : object.references(piece)) {
            long at = reference.pieceOffset();
            long end =
                    at + symbols.isa().relocation(reference.relocation().type()).sizeBytes();
            if (at < from
                    || end > wanted.byteSize()
                    || MemorySegment.mismatch(wanted, from, at, found, from, at) >= 0) {
                return false;
            }
            if (!holds(
                    object,
                    reference,
                    address + at,
                    linked.bytes(address + at, end - at).orElseThrow())) {
                return false;
            }
            from = end;
        }
        boolean same = MemorySegment.mismatch(wanted, from, wanted.byteSize(), found, from, wanted.byteSize()) < 0;
        return same || piece.kind() == Piece.Kind.STRING && paths.isSameFile(wanted, address, linked);
    }
}
