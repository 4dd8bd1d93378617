package dev.suture.diff;

import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.isa.Operation;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/** The instructions of a piece of code and what relocations put into them. Offsets are from the piece's first byte. */
final class DecodedCode {
    private final Isa isa;
    private final Piece piece;
    private final MemorySegment bytes;
    private final NavigableMap<Long, Instruction> instructions = new TreeMap<>();
    private final NavigableMap<Long, Reference> references = new TreeMap<>();
    private final boolean isComplete;

    DecodedCode(ObjectPieces object, Piece piece) {
        this.isa = Isa.of(object.elf().header().machine());
        this.piece = piece;
        this.bytes = object.contents(piece);
        object.references(piece).forEach(reference -> references.put(reference.pieceOffset(), reference));
        long at = 0;
        Optional<Instruction> decoded = isa.decode(bytes, at);
        while (at < bytes.byteSize() && decoded.isPresent()) {
            instructions.put(at, decoded.get());
            at = decoded.get().endOffset();
            decoded = isa.decode(bytes, at);
        }
        isComplete = at == bytes.byteSize();
    }

    Isa isa() {
        return isa;
    }

    Piece piece() {
        return piece;
    }

    MemorySegment bytes() {
        return bytes;
    }

    /** {@return whether all of it are instructions} */
    boolean isComplete() {
        return isComplete;
    }

    /** {@return the instruction that begins there} */
    Optional<Instruction> at(long offset) {
        return Optional.ofNullable(instructions.get(offset));
    }

    /** {@return all of them, in order} */
    Collection<Instruction> instructions() {
        return instructions.values();
    }

    /** {@return the instruction with the byte at an offset} */
    Optional<Instruction> with(long offset) {
        return Optional.ofNullable(instructions.floorEntry(offset))
                .map(Map.Entry::getValue)
                .filter(instruction -> offset < instruction.endOffset());
    }

    Operation operation(Instruction instruction) {
        return isa.operation(instruction, bytes);
    }

    /** {@return what relocations put into an instruction} */
    List<Reference> in(Instruction instruction) {
        return List.copyOf(
                references.subMap(instruction.offset(), instruction.endOffset()).values());
    }

    /** {@return whether a reference is the displacement of its instruction, which leads to the operand in memory} */
    static boolean isDisplacement(Instruction instruction, Reference reference) {
        long from = instruction.offset() + instruction.displacementAt();
        return instruction.displacementBytes() > 0
                && reference.pieceOffset() >= from
                && reference.pieceOffset() < from + instruction.displacementBytes();
    }
}
