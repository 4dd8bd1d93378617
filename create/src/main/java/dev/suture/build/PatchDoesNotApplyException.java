package dev.suture.build;

import dev.suture.LivePatchException;
import java.util.List;

/** A patch does not fit the tree. The message names every hunk that does not, and where it might. */
public final class PatchDoesNotApplyException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    PatchDoesNotApplyException(SourcePatch patch, List<String> problems) {
        super("%s does not apply:\n  %s\nMake the patch against the very source the tree was built from."
                .formatted(patch.file(), String.join("\n  ", problems)));
    }
}
