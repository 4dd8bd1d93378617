package dev.suture.build;

/**
 * A hunk where it fits.
 *
 * @param patchIndex which of the patches it is from, from 0
 * @param originalPath the file before that patch, relative to the root of the tree
 * @param patchedPath the file after it
 * @param hunk itself
 * @param originalIndex the index, from 0, of its first line in the file as it is before that patch
 */
public record PlacedHunk(int patchIndex, String originalPath, String patchedPath, Hunk hunk, int originalIndex) {}
