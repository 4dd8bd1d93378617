package dev.suture.explain;

import dev.suture.Refusal;
import dev.suture.diff.Correlation.MatchedBy;
import dev.suture.diff.Piece;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.diff.Selection.Why;
import java.util.List;

/**
 * Why a payload is what it is.
 *
 * @param functions the functions that the patch changes or adds: in the payload, and left out
 * @param pieces what else is in the payload
 * @param leftOut what changed, is no function with code to show, and is left out
 * @param sameThough functions that are not the same in the file and do the same
 * @param renumbered what the compiler gave another number
 * @param refusals why the patch cannot go live; empty if it can
 * @param references what in the payload refers to what
 * @param knowsPatch whether it was known which lines the patch touches
 * @param knowsSource whether debug information told source lines
 */
public record ExplainedPatch(
        List<ExplainedFunction> functions,
        List<ExplainedPiece> pieces,
        List<LeftOut> leftOut,
        List<SameThough> sameThough,
        List<Renumbered> renumbered,
        List<Refusal> refusals,
        List<ReferenceLine> references,
        boolean knowsPatch,
        boolean knowsSource) {

    /**
     * Something in the payload that is not a function.
     *
     * @param object the object file it is from
     * @param name its own, or its section and offset
     * @param kind what it is
     * @param why it goes in
     * @param reason the same in words
     * @param sizeBytes its size
     * @param contents a string as text, other constants in hexadecimal if they are short; else empty
     * @param chain what refers to what, from something that changed to this
     */
    public record ExplainedPiece(
            String object,
            String name,
            Piece.Kind kind,
            Why why,
            String reason,
            long sizeBytes,
            String contents,
            List<String> chain) {
        public ExplainedPiece {
            chain = List.copyOf(chain);
        }
    }

    /**
     * A function whose bytes or relocations are not the same and that does the same.
     *
     * @param object the object file it is in
     * @param name of the function
     * @param what is not the same and why that does not matter, in words
     */
    public record SameThough(String object, String name, List<String> what) {
        public SameThough {
            what = List.copyOf(what);
        }
    }

    /**
     * Something with a number in its name that has another one after the patch.
     *
     * @param object the object file it is in
     * @param originalName its name before the patch
     * @param patchedName its name after it
     * @param matchedBy how the two were found to be the same
     */
    public record Renumbered(String object, String originalName, String patchedName, MatchedBy matchedBy) {}

    /**
     * One thing of the payload refers to another thing.
     *
     * @param from what refers
     * @param to what is referred to
     * @param count how often
     */
    public record ReferenceLine(Thing from, Thing to, int count) {}

    /**
     * An end of a reference.
     *
     * @param id tells things of one name apart
     * @param name as a reader knows it
     * @param place where it is
     */
    public record Thing(String id, String name, Place place) {}

    /** Where a thing is. */
    public enum Place {
        /** In the payload, in the place of one of the target. */
        REPLACED,
        /** In the payload, to be called around apply and revert. */
        HOOK,
        /** In the payload. */
        PAYLOAD,
        /** In the running target. */
        TARGET
    }

    public ExplainedPatch {
        functions = List.copyOf(functions);
        pieces = List.copyOf(pieces);
        leftOut = List.copyOf(leftOut);
        sameThough = List.copyOf(sameThough);
        renumbered = List.copyOf(renumbered);
        refusals = List.copyOf(refusals);
        references = List.copyOf(references);
    }
}
