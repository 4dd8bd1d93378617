package dev.suture.target;

/** When a function may be replaced. */
public enum Policy {
    /** While no thread is in it or will return to it. Old and new code never run side by side in one call chain. */
    STACK,
    /** While no thread is in the bytes that change. Calls that are under way end in the old code. */
    BYTES
}
