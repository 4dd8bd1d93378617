package dev.suture.create;

import dev.suture.build.BuildResult;
import dev.suture.build.MovedHunk;
import dev.suture.build.UnreachedFile;
import dev.suture.diff.KeptAddresses;
import dev.suture.diff.Selection;
import dev.suture.diff.TargetTraits;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What an author should know about a build. */
final class BuildWarnings {
    private BuildWarnings() {}

    /** {@return the warnings; more may be added} */
    static List<String> of(BuildResult build, CheckTypes.Found types, Selection selection, TargetTraits traits) {
        List<String> warnings = new ArrayList<>(types.warnings());
        warnings.addAll(KeptAddresses.warnings(selection, traits));
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
        warnings.addAll(moved(build.movedHunks()));
        return warnings;
    }

    /** {@return one line for each file with hunks that apply at another line than they say} */
    static List<String> moved(List<MovedHunk> all) {
        Map<String, List<MovedHunk>> byFile = new LinkedHashMap<>();
        all.forEach(hunk ->
                byFile.computeIfAbsent(hunk.path(), _ -> new ArrayList<>()).add(hunk));
        return byFile.entrySet().stream()
                .map(file -> file.getKey() + ": " + ofOneFile(file.getValue()))
                .toList();
    }

    private static String ofOneFile(List<MovedHunk> hunks) {
        if (hunks.size() == 1) {
            return "hunk %d applies %s where the patch says"
                    .formatted(hunks.getFirst().number(), lines(hunks.getFirst()));
        }
        List<String> distances =
                hunks.stream().map(BuildWarnings::lines).distinct().toList();
        String where = distances.size() == 1
                ? distances.getFirst() + " where"
                : "up to %d lines from where".formatted(farthest(hunks));
        return "%d hunks (%s) apply %s the patch says"
                .formatted(
                        hunks.size(),
                        hunks.stream()
                                .map(hunk -> String.valueOf(hunk.number()))
                                .collect(Collectors.joining(", ")),
                        where);
    }

    private static int farthest(List<MovedHunk> hunks) {
        return hunks.stream()
                .mapToInt(hunk -> Math.abs(hunk.offsetLines()))
                .max()
                .orElse(0);
    }

    private static String lines(MovedHunk hunk) {
        int distance = Math.abs(hunk.offsetLines());
        return "%d line%s %s".formatted(distance, distance == 1 ? "" : "s", hunk.offsetLines() < 0 ? "above" : "below");
    }
}
