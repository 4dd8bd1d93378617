/**
 * A selection in, what a reader needs to check it out: for each function why it is in the payload or not, with the two
 * listings side by side.
 *
 * <p>The passes, in order:
 *
 * <ol>
 *   <li>{@link dev.suture.explain.Explain} goes through what was chosen and what was left out.
 *   <li>{@code ListCode} cuts a function into instructions, each with what it refers to, where it leads and the source
 *       line it was made from; {@code AlignListings} puts the original's and the patched one's side by side.
 *   <li>{@code Chains} finds by which references each piece that nobody touched came into the payload.
 *   <li>{@link dev.suture.explain.ExplainText} and {@link dev.suture.explain.ExplainPage} write it down.
 * </ol>
 *
 * <p>Names, strings and paths come from object files and are not trusted: whatever writes markup escapes all of them.
 */
package dev.suture.explain;
