package dev.suture.create;

import dev.suture.build.BuildResult;
import dev.suture.build.UnreachedFile;
import dev.suture.diff.KeptAddresses;
import dev.suture.diff.Selection;
import java.util.ArrayList;
import java.util.List;

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
        build.movedHunks()
                .forEach(hunk -> warnings.add("%s: hunk %d applies %d lines %s where the patch says"
                        .formatted(
                                hunk.path(),
                                hunk.number(),
                                Math.abs(hunk.offsetLines()),
                                hunk.offsetLines() < 0 ? "above" : "below")));
        return warnings;
    }
}
