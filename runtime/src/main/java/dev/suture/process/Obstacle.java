package dev.suture.process;

/**
 * A thread that stands in the way of a change.
 *
 * @param tid the thread
 * @param function the function it is in or will return to; empty if none is known
 * @param address where it is, or where it will return to, in the process
 * @param how it is in the way
 */
record Obstacle(int tid, String function, long address, How how) {
    /** How a thread stands in the way. */
    enum How {
        RUNS,
        RETURNS,
        /** A word of its stack says so, and its calls cannot be followed. */
        MAY_RETURN,
        /** A word of its stack says so, its calls do not, and the code does not confirm the calls. */
        DISAGREES,
        /** A word of its stack says so, and calls and code that it is left over: it is not in the way. */
        LEFT_OVER,
        /** A return into the function is on a stack that the thread has left, and may come back to. */
        HAS_LEFT,
        /** Where it will return to cannot be told: it is on a stack that it did not begin on. */
        UNKNOWN,
        /** It does not stop. */
        NEVER_STOPS,
        /** It is another process, with the same memory. */
        SHARES,
        /** A thread is needed to make the change, and none is where it can be borrowed. */
        NOT_FIT
    }

    /** {@return whether it is known, and not only to be feared} */
    boolean isSure() {
        return how == How.RUNS || how == How.RETURNS || how == How.HAS_LEFT;
    }

    /** {@return whether it was seen where it is in the way, so that it can be asked alone whether it still is} */
    boolean isSeen() {
        return how != How.NEVER_STOPS && how != How.SHARES && how != How.NOT_FIT;
    }
}
