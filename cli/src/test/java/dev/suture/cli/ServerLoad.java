package dev.suture.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Clients that keep a server busy and check each of its answers. */
final class ServerLoad implements AutoCloseable {
    /** One client's next few questions. */
    interface Client extends AutoCloseable {
        /**
         * Asks, and compares the answers with what they have to be.
         *
         * @return how many answers came
         * @throws AssertionError if one is wrong
         */
        int round(long number) throws Exception;

        @Override
        void close() throws IOException;
    }

    private final List<Thread> threads = new ArrayList<>();
    private final List<AtomicLong> rounds = new ArrayList<>();
    private final AtomicBoolean ending = new AtomicBoolean();
    private final AtomicLong answers = new AtomicLong();
    private final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();

    /** Puts another client to work. */
    ServerLoad add(Client client) {
        AtomicLong done = new AtomicLong();
        rounds.add(done);
        threads.add(Thread.ofPlatform().daemon().start(() -> {
            try (client) {
                while (!ending.get()) {
                    answers.addAndGet(client.round(done.get()));
                    done.incrementAndGet();
                }
            } catch (Exception | AssertionError e) {
                errors.add(e.toString());
            }
        }));
        return this;
    }

    /** Waits until each client has had some more answers, or one of them an error. */
    void serveOn(int more) throws InterruptedException {
        List<Long> from = rounds.stream().map(AtomicLong::get).toList();
        for (int i = 0; i < from.size(); i++) {
            while (rounds.get(i).get() < from.get(i) + more && errors.isEmpty()) {
                Thread.sleep(2);
            }
        }
    }

    long answers() {
        return answers.get();
    }

    List<String> errors() {
        return List.copyOf(errors);
    }

    @Override
    public void close() {
        ending.set(true);
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
