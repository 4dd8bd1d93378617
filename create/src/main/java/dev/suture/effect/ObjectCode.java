package dev.suture.effect;

import dev.suture.diff.ObjectPieces;
import dev.suture.diff.Piece;
import dev.suture.diff.Reference;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import dev.suture.isa.Operation;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The instructions of one piece of code of an object, and what its relocations are for. */
final class ObjectCode {
    private final ObjectPieces object;
    private final Piece piece;
    private final Isa isa;
    private final MemorySegment bytes;
    private final TreeMap<Long, Instruction> instructions = new TreeMap<>();

    ObjectCode(ObjectPieces object, Piece piece) {
        this.object = object;
        this.piece = piece;
        isa = Isa.of(object.elf().header().machine());
        bytes = object.contents(piece);
        long at = 0;
        while (at < bytes.byteSize()) {
            Optional<Instruction> decoded = isa.decode(bytes, at);
            if (decoded.isEmpty()) {
                break;
            }
            instructions.put(at, decoded.get());
            at = decoded.get().endOffset();
        }
    }

    /** {@return the instruction that a reference is an operand of} */
    Optional<Instruction> with(Reference reference) {
        return Optional.ofNullable(instructions.floorEntry(reference.pieceOffset()))
                .map(Map.Entry::getValue)
                .filter(instruction -> reference.pieceOffset() < instruction.endOffset());
    }

    /** {@return whether a reference only leads there: a call or jump, also one through the linker's table} */
    boolean isBranch(Reference reference) {
        return with(reference)
                .filter(instruction -> instruction.flow() != Instruction.Flow.NEXT)
                .isPresent();
    }

    /** {@return whether a reference may be for more than to read what is there} */
    boolean mayWrite(Reference reference) {
        Optional<Instruction> found = with(reference);
        if (found.isEmpty()) {
            return true;
        }
        Operation operation = isa.operation(found.get(), bytes);
        boolean isOperand =
                reference.pieceOffset() >= found.get().offset() + found.get().displacementAt()
                        && found.get().displacementBytes() > 0;
        return !operation.isKnown() || !isOperand || operation.memory() != Operation.Memory.READ;
    }

    /** {@return the symbol that the first call behind a reference is of, if one follows before the code branches} */
    Optional<String> callBehind(Reference reference) {
        for (Instruction instruction :
                instructions.tailMap(reference.pieceOffset()).values()) {
            switch (instruction.flow()) {
                case NEXT -> {}
                case CALL, INDIRECT_CALL, JUMP, INDIRECT_JUMP -> {
                    return object.references(piece).stream()
                            .filter(other -> other.pieceOffset() >= instruction.offset()
                                    && other.pieceOffset() < instruction.endOffset())
                            .findFirst()
                            .filter(other -> other.target() instanceof Reference.Elsewhere)
                            .map(other -> ((Reference.Elsewhere) other.target())
                                    .symbol()
                                    .name());
                }
                case CONDITIONAL, RETURN, TRAP -> {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }
}
