package dev.suture.process;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

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
    }

    /**
     * {@return what the action gives; its exceptions come out as they are}
     *
     * <p>If the calling thread is interrupted, the action ends at its next pause, with the process let go, and the
     * calling thread still is interrupted afterwards.
     */
    static <T> T run(Callable<T> action) {
        FutureTask<T> task = new FutureTask<>(action);
        Tracer thread = new Tracer(task);
        thread.start();
        boolean wasInterrupted = false;
        try {
            while (true) {
                try {
                    T result = task.get();
                    thread.join();
                    return result;
                } catch (InterruptedException e) {
                    wasInterrupted = true;
                    thread.wanted.countDown();
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
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
