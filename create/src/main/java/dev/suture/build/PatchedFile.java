package dev.suture.build;

/**
 * A source file that the patches touch.
 *
 * @param path relative to the root of the tree
 * @param kind whether it is changed, new or removed
 * @param lines where its lines went and what changed; without runs for a new or removed file
 */
public record PatchedFile(String path, ChangedSource.Kind kind, LineMap lines) {}
