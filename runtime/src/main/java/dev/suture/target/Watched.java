package dev.suture.target;

import java.time.Duration;
import java.util.Optional;

/** A target that is watched while, and for a moment after, it is changed. */
public interface Watched extends AutoCloseable {
    /** Says that it was changed just now, and how long to look what comes of it. */
    void begin(Duration duration);

    /**
     * Waits until that time is over.
     *
     * @return what became of the target, such as {@code ended by SIGSEGV 40 ms after it was patched}; empty if it lives
     */
    Optional<String> await() throws InterruptedException;

    /** Stops watching. */
    @Override
    void close();
}
