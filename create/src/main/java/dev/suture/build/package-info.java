/**
 * A built source tree and patches in, pairs of object files (original, patched) out.
 *
 * <p>The order of work: {@link dev.suture.build.SourcePatch} reads a patch, {@link dev.suture.build.ApplyPatches} applies
 * it in memory or says which hunk does not fit and where it might, {@link dev.suture.build.NeutraliseLines} adds
 * {@code #line} directives so that untouched code keeps its line numbers, {@link dev.suture.build.ScratchTree} holds the
 * copy of the user's tree in which everything happens, and an adapter for the kind of tree
 * ({@link dev.suture.build.xen}) finds what the patch reaches and has the tree's own make compile it.
 *
 * <p>The user's tree is only ever read. Sources and patches are handled as ISO 8859-1 text, which keeps every byte.
 */
package dev.suture.build;
