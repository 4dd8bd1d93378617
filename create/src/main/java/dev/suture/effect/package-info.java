/**
 * When a fix takes effect. In goes what was selected and the unpatched program; out comes for each function that is
 * replaced the moment from which on the new one runs, and reasons to refuse where that moment does not come or leaves old
 * and new code side by side.
 *
 * <p>The order: {@link dev.suture.effect.CallGraph} finds in the linked program who calls whom and who holds whose address;
 * {@link dev.suture.effect.Body} tells of one function which of its instructions run again and whether it ever returns;
 * {@link dev.suture.effect.FindMoments} follows both back to who starts a function; {@link dev.suture.effect.JudgeEffect}
 * draws the conclusions, with what {@link dev.suture.effect.LostAddresses} and {@link dev.suture.effect.MadeAtStart} find
 * in the objects. Nothing is told by a function's name, but for functions of the C library, whose names a standard
 * defines.
 */
package dev.suture.effect;
