package dev.suture.target;

import java.time.Duration;
import java.util.Map;

/**
 * How an action is to be done.
 *
 * @param timeout how long to go on trying
 * @param policy when a function may be replaced
 * @param ignoreDepends whether to apply whatever is below on the stack ({@code --nodeps})
 * @param parameters variables of the payload to set before it is applied, by name
 * @param isInPlace whether a payload is brought in so that new functions are written over the old ones where they fit
 *     ({@code --in-place}), instead of a jump to them
 */
public record ApplyOptions(
        Duration timeout, Policy policy, boolean ignoreDepends, Map<String, String> parameters, boolean isInPlace) {
    /** Thirty seconds, {@link Policy#STACK}, nothing else. */
    public static final ApplyOptions DEFAULT = new ApplyOptions(Duration.ofSeconds(30), Policy.STACK, false, Map.of());

    /** Options with a jump from each old function to the new one. */
    public ApplyOptions(Duration timeout, Policy policy, boolean ignoreDepends, Map<String, String> parameters) {
        this(timeout, policy, ignoreDepends, parameters, false);
    }

    /** {@return the same options with another policy} */
    public ApplyOptions with(Policy other) {
        return new ApplyOptions(timeout, other, ignoreDepends, parameters, isInPlace);
    }

    /** {@return the same options with a time-out that is not shorter than another} */
    public ApplyOptions withAtLeast(Duration least) {
        Duration longer = timeout.compareTo(least) < 0 ? least : timeout;
        return new ApplyOptions(longer, policy, ignoreDepends, parameters, isInPlace);
    }

    public ApplyOptions {
        parameters = Map.copyOf(parameters);
    }
}
