package dev.suture.build;

import java.util.List;

/**
 * One hunk of a unified diff.
 *
 * @param number its place among the hunks of its file, from 1
 * @param originalStart the line of the original file it starts at, from 1; for a hunk that only inserts into an empty
 *     place, the line after which it inserts
 * @param original the lines it expects: context and removed lines
 * @param patched the lines it leaves: context and added lines
 * @param leadingContext how many lines at its start are context
 * @param trailingContext how many lines at its end are context
 * @param originalEndsFile the hunk says that its last original line is the file's last and has no line feed
 * @param patchedEndsFile the hunk says that its last patched line is the file's last and has no line feed
 */
public record Hunk(
        int number,
        int originalStart,
        List<String> original,
        List<String> patched,
        int leadingContext,
        int trailingContext,
        boolean originalEndsFile,
        boolean patchedEndsFile) {
    public Hunk {
        original = List.copyOf(original);
        patched = List.copyOf(patched);
    }

    /** {@return the index into the file's lines at which the hunk says it begins} */
    public int expectedIndex() {
        return original.isEmpty() ? originalStart : originalStart - 1;
    }
}
