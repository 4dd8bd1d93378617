package dev.suture.engine;

import dev.suture.Refusal;
import dev.suture.target.Identity;
import dev.suture.target.State;
import java.util.List;

/**
 * What one action came to on one target.
 *
 * @param action such as {@code load}
 * @param payload by name
 * @param target as the user knows it, and what it was seen to be afterwards, as far as it could be
 * @param ended how it ended
 * @param state of the payload, read afterwards
 * @param stoppedMicros how long the target stood still for it, in microseconds
 * @param waitedMicros how long it took to find the moment for it
 * @param attempts how often the target was stopped
 * @param refusals why it was not done, who was in the way, or what is to be known though it was done
 */
public record ActionReport(
        String action,
        String payload,
        Identity target,
        Ended ended,
        State state,
        long stoppedMicros,
        long waitedMicros,
        int attempts,
        List<Refusal> refusals) {

    /** How an action ended. */
    public enum Ended {
        DONE,
        REFUSED,
        TIMED_OUT,
        UNKNOWN,
        /** A bad file, tool or machine: the refusals say what. */
        FAILED,
        /** Another target could not, or somebody pressed Ctrl-C, before its turn came. */
        NOT_TRIED
    }

    public ActionReport {
        refusals = List.copyOf(refusals);
    }

    /** {@return the same action, with what is known by now of how it ended} */
    ActionReport with(Ended nowEnded, State nowState, List<Refusal> nowRefusals) {
        return new ActionReport(
                action, payload, target, nowEnded, nowState, stoppedMicros, waitedMicros, attempts, nowRefusals);
    }
}
