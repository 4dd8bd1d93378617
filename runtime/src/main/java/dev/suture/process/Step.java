package dev.suture.process;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The moments of an action between which something changes in the process: whoever is killed at one of them leaves what the
 * next command has to understand. A test is killed at each of them, by the system property {@code suture.ends-at}, such as
 * {@code UNWINDER_TOLD}, or {@code COPY_WRITTEN:3} for the third time.
 */
enum Step {
    STUB_WRITTEN,
    THREAD_BORROWED,
    THREAD_AT_CALL,
    THREAD_LED_BACK,
    LEDGER_MAPPED,
    LEDGER_PROTECTED,
    /** A copy of the ledger is written, and the other one is still the one that counts. */
    COPY_WRITTEN,
    COPY_COUNTS,
    MEMORY_NOTED,
    MEMORY_MAPPED,
    MEMORY_MARKED,
    PAYLOAD_WRITTEN,
    UNWINDER_NOTED,
    UNWINDER_TOLD,
    PAYLOAD_LISTED,
    CHANGE_NOTED,
    PAGES_NOTED,
    PAGES_MAPPED,
    PAGES_WRITTEN,
    THREADS_SEIZED,
    CODE_CHANGED,
    CHANGE_SETTLED,
    PAYLOAD_LEFT,
    PAYLOAD_OUT_OF_LIST,
    UNWINDER_FORGOT,
    GIVING_BACK_NOTED,
    MEMORY_GIVEN_BACK,
    PAYLOAD_GONE;

    /** With which status the program then ends. */
    static final int STATUS = 99;

    private static final String ENDS_AT = System.getProperty("suture.ends-at", "");

    private final AtomicInteger times = new AtomicInteger();

    /** Says that this was done. */
    void isDone() {
        if (!ENDS_AT.isEmpty()) {
            int time = times.incrementAndGet();
            if (ENDS_AT.equals(name() + ":" + time) || time == 1 && ENDS_AT.equals(name())) {
                Runtime.getRuntime().halt(STATUS);
            }
        }
    }
}
