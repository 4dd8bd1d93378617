package dev.suture.target;

import java.time.Duration;
import java.util.Optional;

/** A target that is watched while, and for a moment after, it is changed. */
public interface Watched extends AutoCloseable {
    /** What can end a target, or what it does no longer. */
    enum Ending {
        /** It itself, with a status. */
        ORDERLY,
        /** A fault of its own. */
        FAULT,
        /** Somebody else, or nobody knows. */
        OTHER,
        /** Nothing: it lives, and stands still because of a signal. */
        STOPPED,
        /** Nothing: it lives, and one of its threads will never come out of what the payload has it do. */
        STUCK;

        /** {@return whether the target lives} */
        public boolean isAlive() {
            return this == STOPPED || this == STUCK;
        }
    }

    /**
     * What became of a target.
     *
     * @param how such as {@code ended by SIGSEGV}
     * @param afterMillis how long after it was changed that was seen
     * @param ending what ended it
     */
    record Loss(String how, long afterMillis, Ending ending) {
        /** {@return such as {@code ended by SIGSEGV 40 ms after it was patched}} */
        public String text() {
            return "%s %d ms after it was patched".formatted(how, afterMillis);
        }
    }

    /** Says that it was changed just now, and how long to look what comes of it. */
    void begin(Duration duration);

    /**
     * The same, of one that was brought code that nobody was in before.
     *
     * @param payload whose code that is
     */
    void begin(Duration duration, String payload);

    /**
     * Waits until that time is over.
     *
     * @return what became of the target; empty if it lives
     */
    Optional<Loss> await() throws InterruptedException;

    /** {@return whether it is known by now that it did not survive} */
    boolean isLost();

    /** {@return whether nothing more will be known} */
    boolean isOver();

    /** Ends that time now. */
    void enough();

    /** Stops watching. */
    @Override
    void close();
}
