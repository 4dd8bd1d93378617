package dev.suture.build;

/**
 * A hunk that fits the tree, but at another line than the patch says.
 *
 * @param path the file, relative to the root of the tree
 * @param number its place among the hunks of its file, from 1
 * @param offsetLines how far below the place named in the patch it fits; negative for above
 */
public record MovedHunk(String path, int number, int offsetLines) {}
