package dev.suture.build;

import java.util.Optional;

/**
 * A source file that the patches touch.
 *
 * @param path relative to the root of the tree
 * @param kind whether it is changed, new or removed
 * @param lines where its lines went and what changed; without runs for a new or removed file
 * @param original its text before the patches; empty for a new file
 * @param patched its text with them, as their author wrote it; empty for a removed file
 */
public record PatchedFile(
        String path,
        ChangedSource.Kind kind,
        LineMap lines,
        Optional<SourceText> original,
        Optional<SourceText> patched) {
    public PatchedFile(ChangedSource source, LineMap lines) {
        this(source.path(), source.kind(), lines, source.original(), source.patched());
    }

    /** A file of which only its lines are known. */
    public PatchedFile(String path, ChangedSource.Kind kind, LineMap lines) {
        this(path, kind, lines, Optional.empty(), Optional.empty());
    }
}
