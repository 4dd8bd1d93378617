package dev.suture.build;

/**
 * A patched file made ready for the compiler.
 *
 * @param text what the compiler reads: the patched text with {@code #line} directives
 * @param map from the original's lines to the patched file's
 */
public record NeutralSource(SourceText text, LineMap map) {}
