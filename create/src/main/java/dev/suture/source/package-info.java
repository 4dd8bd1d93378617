/**
 * What depends on what in a C source.
 *
 * <p>In go the texts of one source after the preprocessor, before and after a patch. {@link
 * dev.suture.source.TranslationUnit} cuts each into its declarations; {@link dev.suture.source.SourceChange} tells which of
 * these differ, and what reaches them. Nothing here understands what the declarations mean: two that consist of the same
 * tokens are the same, and a name stands for everything that is declared by it. What cannot be cut is held to concern
 * everything.
 */
package dev.suture.source;
