package dev.suture.target;

/** What became of a payload in a target. */
public enum State {
    /** It is not there. */
    ABSENT,
    /** It is in memory, and nothing uses it. */
    CHECKED,
    /** Its functions run. */
    APPLIED
}
