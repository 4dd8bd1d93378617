package dev.suture.process;

import java.util.function.Consumer;

/**
 * The moments of an action between which something changes in the process: whoever is killed at one of them leaves what the
 * next command has to understand. A test is killed at each of them.
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

    private static volatile Consumer<Step> watcher = step -> {};

    /** Has somebody told of each step of all actions from now on. */
    static void watch(Consumer<Step> next) {
        watcher = next;
    }

    /** Says that this was done. */
    void isDone() {
        watcher.accept(this);
    }
}
