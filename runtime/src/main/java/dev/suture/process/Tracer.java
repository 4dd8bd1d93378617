package dev.suture.process;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs one action on a platform thread of its own. The kernel knows a tracer by its thread, and lets go whatever that
 * thread still traces when it ends.
 *
 * <p>When the caller is interrupted, the thread is not: an interrupted thread cannot read files, and a file that cannot
 * be read must not be taken for one that the process has closed. The action asks at its own pauses.
 */
final class Tracer extends Thread {
    private static final long STACK_BYTES = 1 << 20;

    private final CountDownLatch wanted = new CountDownLatch(1);

    private Tracer(Runnable action) {
        super(null, action, "tracer", STACK_BYTES);
        setDaemon(true);
    }

    /**
     * {@return what the action gives; its exceptions come out as they are}
     *
     * <p>A process can make whoever reads its memory or its files wait without end. Then the action is given up, on its
     * thread.
     *
     * @param longest how long to wait for the action
     * @throws TimeoutException if it takes longer
     * <p>If the calling thread is interrupted, the action ends at its next pause, with the process let go, and the
     * calling thread still is interrupted afterwards.
     */
    static <T> T run(Duration longest, Callable<T> action) throws TimeoutException {
        long deadline = System.nanoTime() + longest.toNanos();
        FutureTask<T> task = new FutureTask<>(action);
        Tracer thread = new Tracer(task);
        thread.start();
        boolean wasInterrupted = false;
        try {
            while (true) {
                try {
                    T result = task.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
                    thread.join();
                    return result;
                } catch (InterruptedException e) {
                    wasInterrupted = true;
                    thread.wanted.countDown();
                }
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException known -> throw known;
                case Error error -> throw error;
                default -> throw new IllegalStateException(e.getCause());
            }
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** {@return what the action gives} It may take as long as it likes. */
    static <T> T run(Callable<T> action) {
        try {
            return run(Duration.ofDays(1), action);
        } catch (TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Lets time pass on the thread of an action.
     *
     * @param millis how long; 0 only asks whether to go on
     * @throws InterruptedException as soon as who called for the action is interrupted
     */
    static void pause(long millis) throws InterruptedException {
        Tracer tracer = (Tracer) Thread.currentThread();
        if (tracer.wanted.await(millis, TimeUnit.MILLISECONDS)) {
            throw new InterruptedException();
        }
    }
}
