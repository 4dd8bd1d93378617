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
 */
public record ApplyOptions(Duration timeout, Policy policy, boolean ignoreDepends, Map<String, String> parameters) {
    /** Thirty seconds, {@link Policy#STACK}, nothing else. */
    public static final ApplyOptions DEFAULT = new ApplyOptions(Duration.ofSeconds(30), Policy.STACK, false, Map.of());

    public ApplyOptions {
        parameters = Map.copyOf(parameters);
    }
}
