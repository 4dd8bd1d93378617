package dev.suture.engine;

/** What can be done with a payload on a live target. */
public enum Verb {
    /** Upload and apply. */
    LOAD,
    UPLOAD,
    APPLY,
    REVERT,
    REPLACE,
    UNLOAD
}
