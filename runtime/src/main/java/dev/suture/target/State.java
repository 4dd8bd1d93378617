package dev.suture.target;

/** What became of a payload in a target. */
public enum State {
    /** It is not there. */
    ABSENT,
    /** It is in memory, and nothing uses it. */
    CHECKED,
    /** Its functions run. */
    APPLIED,
    /** Nobody could look: the target is gone, or does not let itself be looked at. */
    UNKNOWN
}
