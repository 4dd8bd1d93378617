package dev.suture.diff;

import dev.suture.Refusal;
import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/** Whether a function can be replaced at all: room for the jump, and an end. */
final class JumpRoom {
    private JumpRoom() {}

    /** {@return why the jump to the replacement does not fit into the original, if it does not} */
    static Optional<Refusal> refusal(Comparison comparison, Piece original) {
        Isa isa = Isa.of(comparison.patched().elf().header().machine());
        MemorySegment code = original.section().contents().asSlice(original.sectionOffset(), original.sizeBytes());
        int needed = isa.entryMarkBytes(code) + isa.jumpBytes();
        return original.statedSizeBytes() >= needed
                ? Optional.empty()
                : Optional.of(Refusals.tooSmall(comparison.name(), original, needed));
    }

    /**
     * {@return why a piece of code cannot be moved on its own, if it cannot}
     *
     * <p>A compiler puts each function into its own section and lets relocations say what it refers to. In assembly,
     * functions share a section, run on into each other and jump to each other without a relocation.
     */
    static Optional<Refusal> selfContained(Comparison comparison, Piece piece) {
        ObjectPieces object = comparison.patched();
        boolean alone = piece.sizeBytes() == piece.section().sizeBytes();
        if (alone || !piece.isCode()) {
            return Optional.empty();
        }
        Isa isa = Isa.of(object.elf().header().machine());
        MemorySegment code = object.contents(piece);
        Set<Long> relocated =
                object.references(piece).stream().map(Reference::pieceOffset).collect(Collectors.toSet());
        // A replacement of an alternative is copied over the original, and what runs on, or jumps to its end, goes on
        // behind that.
        boolean isReplacement = piece.section().name().equals(".altinstr_replacement");
        long end = isReplacement ? code.byteSize() + 1 : code.byteSize();
        boolean runsOn = true;
        long at = 0;
        while (at < code.byteSize()) {
            Optional<Instruction> decoded = isa.decode(code, at);
            if (decoded.isEmpty()) {
                return Optional.of(
                        Refusals.leavesItself(comparison.name(), piece, "holds bytes that are no instruction"));
            }
            Instruction instruction = decoded.get();
            OptionalLong target = instruction.branchTarget(code);
            boolean hasRelocation = false;
            for (long byteAt = at; byteAt < instruction.endOffset(); byteAt++) {
                hasRelocation |= relocated.contains(byteAt);
            }
            if (target.isPresent() && !hasRelocation && (target.getAsLong() < 0 || target.getAsLong() >= end)) {
                return Optional.of(Refusals.leavesItself(
                        comparison.name(),
                        piece,
                        "jumps to its neighbour at +0x%x without a relocation".formatted(at)));
            }
            runsOn = switch (instruction.flow()) {
                case JUMP, INDIRECT_JUMP, RETURN, TRAP -> false;
                case NEXT, CALL, CONDITIONAL, INDIRECT_CALL -> true;
            };
            at = instruction.endOffset();
        }
        return runsOn && !isReplacement
                ? Optional.of(Refusals.leavesItself(comparison.name(), piece, "runs on into what follows it"))
                : Optional.empty();
    }
}
