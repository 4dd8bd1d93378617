package dev.suture.create;

import dev.suture.build.BuildResult;
import dev.suture.build.MovedHunk;
import dev.suture.build.UnreachedFile;
import dev.suture.diff.KeptAddresses;
import dev.suture.diff.Selection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What an author should know about a build. */
final class BuildWarnings {
    private BuildWarnings() {}

    /** {@return the warnings; more may be added} */
    static List<String> of(BuildResult build, CheckTypes.Found types, Selection selection) {
        List<String> warnings = new ArrayList<>(types.warnings());
        warnings.addAll(KeptAddresses.warnings(selection));
        if (!build.linesNeutral()) {
            warnings.add(
                    "line numbers could not be kept: the patch compiles only without #line directives, so functions "
                            + "that report their line may be in the payload for that alone");
        }
        if (!build.pairs().isEmpty()) {
            for (UnreachedFile file : build.unreached()) {
                warnings.add("%s: %s".formatted(file.path(), file.why()));
            }
        }
        Map<String, List<MovedHunk>> moved =
                build.movedHunks().stream().collect(Collectors.groupingBy(MovedHunk::path, TreeMap::new, Collectors.toList()));
        moved.forEach((path, hunks) -> warnings.add(hunks.size() == 1 ? one(path, hunks.getFirst()) : several(path, hunks)));
        return warnings;
    }

    private static String one(String path, MovedHunk hunk) {
        return "%s: hunk %d applies %d lines %s where the patch says"
                .formatted(path, hunk.number(), Math.abs(hunk.offsetLines()), hunk.offsetLines() < 0 ? "above" : "below");
    }

    private static String several(String path, List<MovedHunk> hunks) {
        int least = hunks.stream().mapToInt(MovedHunk::offsetLines).min().orElseThrow();
        int most = hunks.stream().mapToInt(MovedHunk::offsetLines).max().orElseThrow();
        String lines = least == most ? Integer.toString(least) : "%d to %d".formatted(least, most);
        return "%s: %d hunks apply elsewhere than the patch says (by %s lines)".formatted(path, hunks.size(), lines);
    }
}
