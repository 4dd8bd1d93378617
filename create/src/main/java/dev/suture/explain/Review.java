package dev.suture.explain;

import dev.suture.explain.PatchLines.PatchLine;
import java.util.List;

/**
 * What a page tells a reviewer beside the explanation itself.
 *
 * @param facts where it was made from and what it is for, a sentence each
 * @param effects when what goes in takes effect, a sentence each; empty if nobody asked
 * @param warnings what an author should know, a sentence each
 * @param hunks the source patch, in its order; empty if it is not known
 */
public record Review(List<String> facts, List<String> effects, List<String> warnings, List<ShownHunk> hunks) {
    public Review {
        facts = List.copyOf(facts);
        effects = List.copyOf(effects);
        warnings = List.copyOf(warnings);
        hunks = List.copyOf(hunks);
    }

    /** {@return what there is to say when only these facts are known} */
    public static Review of(List<String> facts) {
        return new Review(facts, List.of(), List.of(), List.of());
    }

    /**
     * One hunk of the source patch.
     *
     * @param file relative to the root of the tree
     * @param line the first line of the patched file that it shows, from 1
     * @param text its lines, each with {@code +}, {@code -} or a space before it
     * @param touched the lines that it adds and removes, as debug information leads to them
     */
    public record ShownHunk(String file, int line, List<String> text, List<PatchLine> touched) {
        public ShownHunk {
            text = List.copyOf(text);
            touched = List.copyOf(touched);
        }

        boolean reaches(ExplainedFunction function) {
            return function.patchLines().stream().anyMatch(touched::contains);
        }
    }
}
