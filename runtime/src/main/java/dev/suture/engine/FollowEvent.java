package dev.suture.engine;

import dev.suture.Refusal;
import java.util.List;
import java.util.Objects;

/**
 * Something that happened while targets were followed.
 *
 * @param event what it is
 * @param target as the user knows it; empty if it is about none
 * @param payload by name; empty if it is about none
 * @param how in words
 * @param reasons why, if something could not be done
 * @param nextTrySeconds when it is tried again, at the earliest; 0 if it is not
 */
public record FollowEvent(
        Kind event, String target, String payload, String how, List<Refusal> reasons, long nextTrySeconds) {
    /** What can happen. */
    public enum Kind {
        STARTED,
        /** A payload was loaded. */
        PATCHED,
        /** A payload could not be loaded. */
        FAILED,
        /** A target ended soon after a payload was loaded. */
        LOST,
        /** A payload is not applied, and that is not for the follower to change. */
        LEFT_ALONE,
        /** Too many targets crashed: nothing is loaded any more. */
        GAVE_UP,
        STOPPED
    }

    public FollowEvent {
        Objects.requireNonNull(event);
        reasons = List.copyOf(reasons);
    }

    FollowEvent(Kind event, String target, String payload, String how) {
        this(event, target, payload, how, List.of(), 0);
    }
}
