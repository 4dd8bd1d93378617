/**
 * Two objects in, a verdict with its evidence per symbol out.
 *
 * <p>The passes, in order:
 *
 * <ol>
 *   <li>{@link dev.suture.diff.SplitObject} cuts the allocated sections of one object into {@link
 *       dev.suture.diff.Piece}s: functions, variables, strings, constants, entries of special sections. What a
 *       relocation refers to becomes a {@link dev.suture.diff.Reference} to a piece.
 *   <li>{@link dev.suture.diff.Correlate} finds each piece's twin in the other object, in levels from certain to less
 *       certain.
 *   <li>{@link dev.suture.diff.Compare} decides for each pair of twins whether they do the same, with the first
 *       difference as evidence.
 *   <li>{@link dev.suture.diff.Select} takes all compared objects of a patch together and decides what goes into the
 *       payload and why, what is left out and why, and what cannot go live at all.
 * </ol>
 *
 * <p>Pieces, not sections, are what is compared: compilers and assemblers put several variables into one section
 * ({@code .data.read_mostly}, {@code .bss.percpu}), number what has no name ({@code .LC5}, {@code CSWTCH.12}), leave
 * section symbols out, and cut one function in two ({@code .cold}).
 */
package dev.suture.diff;
