/**
 * A built tree and patches in, advice out: for each hunk whether it can go live, why, and what its author can do.
 *
 * <p>The order of work: {@link dev.suture.build.HunkMap} says which line of which file each hunk touches and
 * {@link dev.suture.advise.OutlineC} in which function, variable or type of the source that is;
 * {@link dev.suture.advise.JudgeUncompiled} says what the tree's own objects tell, and, when the patch was compiled,
 * {@link dev.suture.advise.JudgeHunks} what {@link dev.suture.create.ExamineXenPatch} found.
 * {@link dev.suture.advise.QuiescePaths} finds the functions that run while a payload is applied,
 * {@link dev.suture.advise.TypePlaces} where values of a type come from, {@link dev.suture.advise.DataHooks} and
 * {@link dev.suture.advise.ShadowSketch} write code to paste, {@link dev.suture.advise.LiveSubset} finds the part of a
 * patch that can go alone. {@link dev.suture.advise.AdviseXenPatch} is the order of it all.
 */
package dev.suture.advise;
