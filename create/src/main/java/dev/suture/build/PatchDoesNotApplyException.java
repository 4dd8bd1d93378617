package dev.suture.build;

import dev.suture.LivePatchException;
import java.util.List;

/** A patch does not fit the tree. The message names every hunk that does not, and where it might. */
public final class PatchDoesNotApplyException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    PatchDoesNotApplyException(SourcePatch patch, List<String> problems) {
        super("%s does not apply:\n  %s\n%s"
                .formatted(patch.file(), String.join("\n  ", problems), nextStep(problems)));
    }

    private static String nextStep(List<String> problems) {
        if (problems.stream().allMatch(problem -> problem.contains(PlaceHunks.ALREADY_APPLIED))) {
            return "The source has this fix. If the running system has not, give the tree that system was built from.";
        }
        return "Make the patch against the very source the tree was built from.";
    }
}
