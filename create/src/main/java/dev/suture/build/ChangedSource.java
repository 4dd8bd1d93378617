package dev.suture.build;

import java.util.Optional;

/**
 * A source file before and after all patches.
 *
 * @param path relative to the root of the tree, with {@code /} between the parts
 * @param original its text before; empty for a new file
 * @param patched its text after; empty for a removed file
 */
public record ChangedSource(String path, Optional<SourceText> original, Optional<SourceText> patched) {
    /** What became of a file. */
    public enum Kind {
        CHANGED,
        NEW,
        REMOVED
    }

    /** {@return what became of the file} */
    public Kind kind() {
        if (original.isEmpty()) {
            return Kind.NEW;
        }
        return patched.isEmpty() ? Kind.REMOVED : Kind.CHANGED;
    }
}
