package dev.suture.explain;

import dev.suture.diff.Correlation.MatchedBy;
import dev.suture.explain.PatchLines.PatchLine;
import dev.suture.explain.Row.Mark;
import java.util.List;
import java.util.Optional;

/**
 * A function that the patch changes or adds, and what becomes of it.
 *
 * @param object the object file it is in
 * @param name of the function, after the patch
 * @param decision whether it goes into the payload, and as what
 * @param reason why it goes in, or why it may stay out, in words
 * @param originalName its name before the patch, which compilers may number otherwise; empty for a new one
 * @param matchedBy how the two were found to be the same function; empty for a new one
 * @param originalSizeBytes 0 for a new one
 * @param patchedSizeBytes as its symbol says
 * @param chain for what comes along: what refers to what, from a function that changed to this one; else empty
 * @param patchLines the lines of the patch that its differing instructions are made from
 * @param inlinedOtherwise what speaks for it that only the compiler's choice what to inline changed it, a sentence without
 *     a full stop; empty if nothing does, or if it is known
 * @param listings the two versions side by side: the function, then its parts put elsewhere
 */
public record ExplainedFunction(
        String object,
        String name,
        Decision decision,
        String reason,
        String originalName,
        Optional<MatchedBy> matchedBy,
        long originalSizeBytes,
        long patchedSizeBytes,
        List<String> chain,
        List<PatchLine> patchLines,
        String inlinedOtherwise,
        List<Listing> listings) {
    /** What becomes of a function. */
    public enum Decision {
        /** The payload replaces the running target's. */
        REPLACED,
        /** The payload brings it. */
        NEW,
        /** It differs, and the payload does without. */
        LEFT_OUT
    }

    public ExplainedFunction {
        chain = List.copyOf(chain);
        patchLines = List.copyOf(patchLines);
        listings = List.copyOf(listings);
    }

    /** {@return the first row that differs, in the function itself or else in its parts} */
    public Optional<Row> firstDifference() {
        for (Listing listing : listings) {
            if (listing.firstDifference().isPresent()) {
                return Optional.of(listing.rows().get(listing.firstDifference().getAsInt()));
            }
        }
        return Optional.empty();
    }

    /** {@return how many rows of all its listings have that mark} */
    public long count(Mark mark) {
        return listings.stream().mapToLong(listing -> listing.count(mark)).sum();
    }
}
