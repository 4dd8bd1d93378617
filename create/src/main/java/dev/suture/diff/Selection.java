package dev.suture.diff;

import dev.suture.Refusal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What goes into the payload and why, what is left out and why, and what cannot go live.
 *
 * @param objects all objects of the patch
 * @param chosen what goes in, in the order of objects and pieces
 * @param leftOut what changed and is left out without harm
 * @param refusals reasons why the patch as a whole cannot go live; empty if it can
 */
public record Selection(List<Comparison> objects, List<Chosen> chosen, List<LeftOut> leftOut, List<Refusal> refusals) {

    /** A piece by its object's place in {@link #objects()} and its own place in the patched object. */
    public record PieceId(int object, int piece) implements Comparable<PieceId> {
        @Override
        public int compareTo(PieceId other) {
            return object != other.object ? Integer.compare(object, other.object) : Integer.compare(piece, other.piece);
        }
    }

    /** Why a piece goes in. */
    public enum Why {
        /** A function that does something else than before: calls of the old one are redirected to it. */
        REPLACED,
        /** A function or variable that was not there before. */
        NEW,
        /** Read-only data or code without a name of its own that something in the payload needs. */
        COPY,
        /** A pointer to a function that is to be called around apply or revert. */
        HOOK,
        /** An entry of a special section about code in the payload. */
        ENTRY
    }

    /**
     * A piece that goes in.
     *
     * @param id which
     * @param piece itself, of the patched object
     * @param why it goes in
     * @param original what it replaces
     * @param reason why, in words
     */
    public record Chosen(PieceId id, Piece piece, Why why, Optional<Piece> original, String reason) {}

    /**
     * A change that needs not go in.
     *
     * @param object the object file
     * @param symbol the function or variable
     * @param cause what the decision rests on
     * @param why it may be left out, in words
     */
    public record LeftOut(String object, String symbol, Cause cause, String why) {
        /** What the decision to leave something out rests on. */
        public enum Cause {
            /** It has run, or was used, when the target started, and is not any more. */
            AT_START,
            /** It differs in nothing but line numbers that it reports. */
            LINE_NUMBERS,
            /** What runs does what the patched source says, though that compiles to other code. */
            RUNS_RIGHT
        }
    }

    /** Where a reference of a chosen piece leads. */
    public sealed interface Destination {}

    /** To another piece of the payload. */
    public record InPayload(PieceId id) implements Destination {}

    /** To something that the running target already has, which the original of an object of this patch defines. */
    public record InTarget(int object, Piece original) implements Destination {}

    /** To a global symbol that no object of this patch defines. */
    public record Named(String symbol) implements Destination {}

    /** To no bytes in a section of that name. */
    public record Empty(String section) implements Destination {}

    /** To nothing: a number. */
    public record Fixed() implements Destination {}

    public Selection {
        objects = List.copyOf(objects);
        chosen = List.copyOf(chosen);
        leftOut = List.copyOf(leftOut);
        refusals = List.copyOf(refusals);
    }

    /** {@return what was chosen, by piece} */
    public Map<PieceId, Chosen> byId() {
        return chosen.stream().collect(Collectors.toMap(Chosen::id, piece -> piece));
    }

    /** {@return the functions that replace one of the running target} */
    public List<Chosen> replaced() {
        return chosen.stream().filter(piece -> piece.why() == Why.REPLACED).toList();
    }

    /** {@return whether nothing that runs would change} */
    public boolean isEmpty() {
        return chosen.stream().noneMatch(piece -> piece.why() == Why.REPLACED || piece.why() == Why.HOOK);
    }
}
