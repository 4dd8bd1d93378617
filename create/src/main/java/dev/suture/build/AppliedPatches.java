package dev.suture.build;

import java.util.List;

/**
 * What patches made of a tree's sources.
 *
 * @param sources every file whose text differs from the tree's, ordered by path
 * @param movedHunks hunks that applied at another line than they say
 * @param hunks all hunks, in the order in which they were applied
 */
public record AppliedPatches(List<ChangedSource> sources, List<MovedHunk> movedHunks, List<PlacedHunk> hunks) {
    public AppliedPatches {
        sources = List.copyOf(sources);
        movedHunks = List.copyOf(movedHunks);
        hunks = List.copyOf(hunks);
    }
}
