/**
 * What a variable of the patched program would hold by now. In goes what was selected; out come reasons to refuse where
 * code that has run already would have set a variable which only the payload has, or would not run again.
 *
 * <p>The order: {@link dev.suture.state.Flow} follows one function from instruction to instruction,
 * with its unlikely half as one ({@link dev.suture.state.Halves}),
 * {@link dev.suture.state.Functions} knows who calls whom among the patched objects and what calls lead to,
 * {@link dev.suture.state.Transfer} says what one instruction does to what is known, {@link dev.suture.state.FollowVariable}
 * finds for one variable who reads it before writing it and who writes it with what does not depend on what it held,
 * {@link dev.suture.state.Pointees} finds who writes what it leads to,
 * {@link dev.suture.state.Guard} proves that one variable says of another whether it was made, and
 * {@link dev.suture.state.SetEarlier} and {@link dev.suture.state.RanOnce} draw the conclusions.
 */
package dev.suture.state;
