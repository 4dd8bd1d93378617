package dev.suture.build;

/**
 * A file that the patches touch but that no object of the linked system is made from.
 *
 * @param path relative to the root of the tree
 * @param why the reason, in words that follow a colon
 */
public record UnreachedFile(String path, String why) {}
