package dev.suture.create;

import dev.suture.diff.Selection;
import java.util.List;

/**
 * What a payload leaves as it runs, though the patched program has something else there, on the word of who selected it:
 * no other check of Suture's came to the same.
 *
 * @param symbol the function
 * @param object the object file
 * @param why in words: what differs, and what is said for leaving it
 */
public record Unproved(String symbol, String object, String why) {
    /** {@return all that a selection leaves because it runs right as it is, where nothing else asked} */
    static List<Unproved> of(Selection selection) {
        return selection.leftOut().stream()
                .filter(left -> left.cause() == Selection.LeftOut.Cause.RUNS_RIGHT)
                .map(left -> new Unproved(left.symbol(), left.object(), left.why()))
                .toList();
    }
}
