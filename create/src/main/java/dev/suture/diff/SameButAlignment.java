package dev.suture.diff;

import dev.suture.isa.Instruction;
import dev.suture.isa.Isa;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BiPredicate;

/**
 * Tells whether two versions of a function differ only in the no-ops that align its loops.
 *
 * <p>How many there are depends on where the function is in its section, if it shares that with others. Where a loop begins
 * at a multiple of 32 and functions at one of 16, a patch that makes the function before it 16 bytes longer changes the
 * no-ops of a function that nobody touched, and with them the distances of its jumps. Only no-ops that end at a multiple of 8
 * in both versions, no more than an alignment takes, count as such; those that somebody wrote somewhere are a change, and so
 * is {@code int3}, with which compilers stop speculation.
 */
final class SameButAlignment {
    /** In bytes. Compilers align loops and jumps to at least that; a lone no-op of somebody's seldom ends there. */
    private static final int LEAST_ALIGNMENT = 8;

    /** In bytes. */
    private static final int MOST_PADDING = 63;

    /** An instruction that does something, and how many bytes of no-ops are before it. */
    private record Step(Instruction instruction, List<Reference> references, long paddingBytes) {}

    private final Correlation correlation;
    private final Isa isa;
    private final BiPredicate<Reference, Reference> sameReference;

    SameButAlignment(Correlation correlation, Isa isa, BiPredicate<Reference, Reference> sameReference) {
        this.correlation = correlation;
        this.isa = isa;
        this.sameReference = sameReference;
    }

    boolean holds(Piece before, Piece after) {
        if (before.kind() != Piece.Kind.FUNCTION || after.kind() != Piece.Kind.FUNCTION) {
            return false;
        }
        Optional<List<Step>> original = steps(correlation.original(), before);
        Optional<List<Step>> patched = steps(correlation.patched(), after);
        if (original.isEmpty()
                || patched.isEmpty()
                || original.get().size() != patched.get().size()) {
            return false;
        }
        Map<Long, Integer> indexBefore = indexByOffset(original.get());
        Map<Long, Integer> indexAfter = indexByOffset(patched.get());
        for (int at = 0; at < original.get().size(); at++) {
            Step was = original.get().get(at);
            Step is = patched.get().get(at);
            boolean same = samePadding(before, was, after, is)
                    && sameReferences(before, was, after, is)
                    && sameInstruction(before, was, indexBefore, after, is, indexAfter);
            if (!same) {
                return false;
            }
        }
        return true;
    }

    /** {@return the instructions that do something; empty if there is data among them, or they end with padding} */
    private Optional<List<Step>> steps(ObjectPieces object, Piece piece) {
        DecodedCode code = new DecodedCode(object, piece);
        if (!code.isComplete()) {
            return Optional.empty();
        }
        List<Step> steps = new ArrayList<>();
        long padding = 0;
        long at = 0;
        while (at < code.bytes().byteSize()) {
            Instruction instruction = code.at(at).orElseThrow();
            List<Reference> references = code.in(instruction);
            boolean fills = references.isEmpty()
                    && instruction.flow() == Instruction.Flow.NEXT
                    && isa.isPadding(instruction, code.bytes());
            if (fills) {
                padding += instruction.sizeBytes();
            } else {
                steps.add(new Step(instruction, references, padding));
                padding = 0;
            }
            at = instruction.endOffset();
        }
        return padding == 0 ? Optional.of(steps) : Optional.empty();
    }

    /** A jump to the padding before an instruction is one to the instruction. */
    private static Map<Long, Integer> indexByOffset(List<Step> steps) {
        Map<Long, Integer> indexes = new HashMap<>();
        for (int at = 0; at < steps.size(); at++) {
            Step step = steps.get(at);
            indexes.put(step.instruction().offset(), at);
            indexes.put(step.instruction().offset() - step.paddingBytes(), at);
        }
        return indexes;
    }

    private boolean samePadding(Piece before, Step was, Piece after, Step is) {
        MemorySegment oldPadding = padding(correlation.original(), before, was);
        MemorySegment newPadding = padding(correlation.patched(), after, is);
        return oldPadding.mismatch(newPadding) < 0 || isAlignment(before, was) && isAlignment(after, is);
    }

    private static MemorySegment padding(ObjectPieces object, Piece piece, Step step) {
        return object.contents(piece).asSlice(step.instruction().offset() - step.paddingBytes(), step.paddingBytes());
    }

    private static boolean isAlignment(Piece piece, Step step) {
        return step.paddingBytes() <= MOST_PADDING
                && (piece.sectionOffset() + step.instruction().offset()) % LEAST_ALIGNMENT == 0;
    }

    private boolean sameReferences(Piece before, Step was, Piece after, Step is) {
        if (was.references().size() != is.references().size()) {
            return false;
        }
        for (int at = 0; at < was.references().size(); at++) {
            Reference old = was.references().get(at);
            Reference now = is.references().get(at);
            boolean samePlace = old.pieceOffset() - was.instruction().offset()
                    == now.pieceOffset() - is.instruction().offset();
            if (!samePlace || leadsInto(before, old) || leadsInto(after, now) || !sameReference.test(old, now)) {
                return false;
            }
        }
        return true;
    }

    /** {@return whether a function refers to its own inside, where things are elsewhere now} */
    private static boolean leadsInto(Piece piece, Reference reference) {
        return reference.target() instanceof Reference.InPiece target
                && target.pieceIndex() == piece.index()
                && target.delta() != 0;
    }

    private boolean sameInstruction(
            Piece before,
            Step was,
            Map<Long, Integer> indexBefore,
            Piece after,
            Step is,
            Map<Long, Integer> indexAfter) {
        MemorySegment oldCode = correlation.original().contents(before);
        MemorySegment newCode = correlation.patched().contents(after);
        OptionalLong oldTarget = was.instruction().branchTarget(oldCode);
        OptionalLong newTarget = is.instruction().branchTarget(newCode);
        boolean isBranch = oldTarget.isPresent()
                && newTarget.isPresent()
                && was.references().isEmpty();
        if (!isBranch) {
            return cut(oldCode, was).mismatch(cut(newCode, is)) < 0;
        }
        boolean sameKind = was.instruction().flow() == is.instruction().flow()
                && isa.branchOpcode(was.instruction(), oldCode) == isa.branchOpcode(is.instruction(), newCode);
        Integer oldIndex = indexBefore.get(oldTarget.getAsLong());
        Integer newIndex = indexAfter.get(newTarget.getAsLong());
        boolean leaves = oldIndex == null && newIndex == null;
        return sameKind
                && (leaves
                        ? NeighbourJumps.sameNeighbour(
                                correlation, before, oldTarget.getAsLong(), after, newTarget.getAsLong())
                        : oldIndex != null && oldIndex.equals(newIndex));
    }

    private static MemorySegment cut(MemorySegment code, Step step) {
        return code.asSlice(step.instruction().offset(), step.instruction().sizeBytes());
    }
}
