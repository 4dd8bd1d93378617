/**
 * Proves on linked programs that what will run, the file at hand with a payload, is the patched program.
 *
 * <p>In go the program linked without and with the patches by its build's own command ({@link
 * dev.suture.build.make.Links}), the objects that differ between them, the file that runs, and the payload. Out come
 * refusals: what of the patched program would not run, or would run otherwise. How the payload was made is not asked.
 *
 * <p>The order: the file that runs must be what the build links ({@link dev.suture.linked.Baseline}); what frames the
 * program must be the same ({@link dev.suture.linked.CompareFrames}: libraries, exports, gathered tables, definitions of
 * names that other objects use); each function and variable of the patched objects must be what it was ({@link
 * dev.suture.linked.ComparePieces}) or what the payload brings ({@link dev.suture.linked.ProvePayload}), as {@link
 * dev.suture.linked.JudgePrograms} asks for one after the other. What a field of a linked program leads to is read from its
 * bytes ({@link dev.suture.linked.ReadFields}).
 */
package dev.suture.linked;
