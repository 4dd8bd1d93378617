/**
 * What a new variable would hold. In goes what was selected; out come reasons to refuse where code that has run already
 * would have set a variable which only the payload has.
 *
 * <p>The order: {@link dev.suture.state.Flow} follows one function from instruction to instruction,
 * {@link dev.suture.state.Functions} knows who calls whom among the patched objects,
 * {@link dev.suture.state.FollowVariable} finds for one variable who reads it before writing it and who writes it without
 * having looked at it, and {@link dev.suture.state.SetEarlier} draws the conclusion.
 */
package dev.suture.state;
