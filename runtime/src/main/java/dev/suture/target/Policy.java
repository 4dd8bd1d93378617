package dev.suture.target;

/** When a function may be replaced. */
public enum Policy {
    /** While no thread is in it or will return to it. Old and new code never run side by side in one call chain. */
    STACK,
    /**
     * As {@link #STACK}, but where a word of a stack leads into a function, and the call chain does not, the chain decides
     * alone, also where the code does not confirm it.
     */
    CALLS,
    /** While no thread is in the bytes that change. Calls that are under way end in the old code. */
    BYTES;

    /** {@return whether no call of a function may be under way} */
    public boolean isWholeFunction() {
        return this != BYTES;
    }
}
