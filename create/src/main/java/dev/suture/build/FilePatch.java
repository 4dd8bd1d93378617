package dev.suture.build;

import java.util.List;

/**
 * What a patch does to one file.
 *
 * @param kind what happens to the file as a whole
 * @param originalPath the file's name before, as written in the patch (usually with {@code a/} in front)
 * @param patchedPath the file's name after, as written in the patch (usually with {@code b/} in front)
 * @param hunks the changes to its text, in file order; may be empty for a rename or a change of mode
 */
public record FilePatch(Kind kind, String originalPath, String patchedPath, List<Hunk> hunks) {
    /** What happens to a file as a whole. */
    public enum Kind {
        CHANGE,
        CREATE,
        DELETE,
        RENAME,
        COPY
    }

    public FilePatch {
        hunks = List.copyOf(hunks);
    }
}
