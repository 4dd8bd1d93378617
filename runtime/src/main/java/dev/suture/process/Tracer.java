package dev.suture.process;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Runs one action on a platform thread of its own. The kernel knows a tracer by its thread, and lets go whatever that
 * thread still traces when it ends.
 */
final class Tracer {
    private static final long STACK_BYTES = 1 << 20;

    private Tracer() {}

    /** {@return what the action gives; its exceptions come out as they are} */
    static <T> T run(Callable<T> action) {
        FutureTask<T> task = new FutureTask<>(action);
        Thread thread = new Thread(null, task, "tracer", STACK_BYTES);
        thread.start();
        boolean wasInterrupted = false;
        try {
            while (true) {
                try {
                    T result = task.get();
                    thread.join();
                    return result;
                } catch (InterruptedException e) {
                    // The action ends at its next pause, with the process let go.
                    wasInterrupted = true;
                    thread.interrupt();
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
}
