package dev.suture.create;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.elf.LittleEndian;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.image.LinkedCode;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * Tells whether a field of a linked program holds what a relocation of an object asks for.
 *
 * <p>For example {@code call puts} in the object has a PLT32 relocation; in the program the field leads to a stub that
 * jumps through a slot, and the slot's own relocation names {@code puts}. What has no name is compared by its contents.
 */
final class BinaryReferences {
    private static final int PC32 = 2;
    private static final int PLT32 = 4;
    private static final int R_32 = 10;
    private static final int R_32S = 11;
    private static final int GOTTPOFF = 22;
    private static final int TPOFF32 = 23;
    private static final int DTPOFF32 = 21;
    static final Set<Integer> GOT_KINDS = Set.of(9, 41, 42);
    static final Set<Integer> RELAXED_TLS = Set.of(GOTTPOFF);

    private final Image image;
    private final LinkedCode linked;
    private final Map<String, Long> dynamic = new HashMap<>();

    BinaryReferences(Image image, LinkedCode linked) {
        this.image = image;
        this.linked = linked;
        for (Symbol symbol : image.elf().dynamicSymbols()) {
            if (symbol.isInSection()) {
                dynamic.putIfAbsent(symbol.name(), symbol.value());
            }
        }
    }

    /**
     * {@return whether the field at {@code fieldAddress} holds what {@code reference} asks for, as far as anybody can
     * tell}
     *
     * @param field from there on, at least as long as the relocation's
     */
    boolean holds(ObjectPieces object, Reference reference, long fieldAddress, MemorySegment field) {
        int type = reference.relocation().type();
        long value = LittleEndian.s32(field, 0);
        return switch (type) {
            case PC32 -> leadsTo(object, reference, fieldAddress + value);
            case PLT32 ->
                leadsTo(object, reference, fieldAddress + value)
                        || isStubOf(
                                object,
                                reference,
                                fieldAddress + value - reference.relocation().addend());
            case R_32, R_32S -> leadsTo(object, reference, value);
            case 9, 41, 42 ->
                isSlotOf(
                        object,
                        reference,
                        fieldAddress + value - reference.relocation().addend());
            case TPOFF32, DTPOFF32 ->
                isThreadOffset(object, reference, value, reference.relocation().addend());
            default -> true;
        };
    }

    /** {@return whether a field holds what is left when the linker does without the slot of a GOT-relative reference} */
    boolean holdsRelaxed(ObjectPieces object, Reference reference, long fieldAddress, MemorySegment field) {
        long value = LittleEndian.s32(field, 0);
        long stated = reference.relocation().addend();
        if (reference.relocation().type() == GOTTPOFF) {
            // The stated addend counts from the end of the field.
            return isThreadOffset(object, reference, value, stated + 4);
        }
        return addresses(object, reference).isEmpty()
                || addresses(object, reference).contains(fieldAddress + value - stated)
                || addresses(object, reference).contains(value);
    }

    /** {@return whether a jump to {@code address} leads to what the reference is to} */
    boolean leadsToSymbol(ObjectPieces object, Reference reference, long address) {
        return addresses(object, reference).isEmpty()
                || addresses(object, reference).contains(address);
    }

    /** Where symbol plus addend of the relocation lie, {@code place}, is where the piece plus its distance is. */
    private boolean leadsTo(ObjectPieces object, Reference reference, long place) {
        return switch (reference.target()) {
            case Reference.InPiece target -> {
                Piece piece = object.pieces().get(target.pieceIndex());
                Set<Long> expected = addresses(object, piece.symbols());
                long found = place - target.statedDelta();
                yield piece.symbols().isEmpty()
                        ? sameContents(object, piece, found)
                        : expected.isEmpty() || expected.contains(found);
            }
            case Reference.Elsewhere target -> {
                Set<Long> expected = addresses(object, List.of(target.symbol()));
                yield expected.isEmpty() || expected.contains(place - target.addend());
            }
            case Reference.Constant constant -> true;
            case Reference.Nothing nothing -> true;
        };
    }

    private boolean isStubOf(ObjectPieces object, Reference reference, long stub) {
        OptionalLong slot = linked.slotOfStub(stub);
        return slot.isPresent() && isSlotOf(object, reference, slot.getAsLong());
    }

    private boolean isSlotOf(ObjectPieces object, Reference reference, long slot) {
        Symbol symbol = symbolOf(object, reference);
        Set<Long> known = addresses(object, reference);
        if (known.isEmpty()) {
            return linked.slotHolds(slot, symbol.name(), OptionalLong.empty())
                    || !linked.imports().contains(symbol.name());
        }
        return known.stream().anyMatch(address -> linked.slotHolds(slot, symbol.name(), OptionalLong.of(address)));
    }

    /** The distance is from the module's block, or in a program's own block from the thread pointer. */
    private boolean isThreadOffset(ObjectPieces object, Reference reference, long value, long addend) {
        Set<Long> offsets = addresses(object, reference);
        long fromThread = linked.threadPointerOffset().orElse(0);
        return offsets.isEmpty() || offsets.contains(value - addend) || offsets.contains(value - addend - fromThread);
    }

    private static Symbol symbolOf(ObjectPieces object, Reference reference) {
        return object.elf().symbols().get(reference.relocation().symbolIndex());
    }

    private Set<Long> addresses(ObjectPieces object, Reference reference) {
        return addresses(object, List.of(symbolOf(object, reference)));
    }

    /** {@return where the program has any of these symbols of an object} */
    private Set<Long> addresses(ObjectPieces object, List<Symbol> symbols) {
        Set<Long> found = new TreeSet<>();
        for (Symbol symbol : symbols) {
            String name =
                    symbol.isLocal() ? Image.targetNameOfLocal(object.sourceFile(), symbol.name()) : symbol.name();
            image.all(name).forEach(known -> found.add(known.address()));
            if (!symbol.isLocal() && dynamic.containsKey(name)) {
                found.add(dynamic.get(name));
            }
        }
        return found;
    }

    private boolean sameContents(ObjectPieces object, Piece piece, long address) {
        MemorySegment wanted = object.contents(piece);
        if (piece.section().isNobits()) {
            return true;
        }
        MemorySegment found = linked.bytes(address, wanted.byteSize()).orElse(MemorySegment.NULL);
        if (found.byteSize() < wanted.byteSize()) {
            return false;
        }
        boolean[] relocated = new boolean[(int) wanted.byteSize() + 8];
        for (Reference reference : object.references(piece)) {
            int size = reference.relocation().type() == 1 ? 8 : 4;
            for (int i = 0; i < size; i++) {
                relocated[(int) reference.pieceOffset() + i] = true;
            }
        }
        boolean path = piece.kind() == Piece.Kind.STRING && isPath(wanted);
        for (int i = 0; i < wanted.byteSize() && !path; i++) {
            if (!relocated[i] && LittleEndian.u8(wanted, i) != LittleEndian.u8(found, i)) {
                return false;
            }
        }
        return true;
    }

    /** The name of a source, which depends on where it was built: {@code __FILE__}. */
    private static boolean isPath(MemorySegment text) {
        StringBuilder characters = new StringBuilder();
        for (long at = 0; at < text.byteSize() - 1; at++) {
            characters.append((char) LittleEndian.u8(text, at));
        }
        return characters.toString().matches("(.*/)?[^/ %]+\\.(c|cc|cpp|cxx|h|hh|hpp|hxx)");
    }
}
