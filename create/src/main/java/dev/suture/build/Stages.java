package dev.suture.build;

import dev.suture.Progress;
import dev.suture.cache.CacheEntry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Tells the listener which stage begins and remembers how long each took. */
public final class Stages {
    private final Progress progress;
    private final List<Stage> done = new ArrayList<>();
    private String current = "";
    private long begunNanos;

    public Stages(Progress progress) {
        this.progress = progress;
    }

    /** {@return the listener} */
    public Progress progress() {
        return progress;
    }

    /** Ends the current stage and begins the next. */
    public void begin(String name) {
        endCurrent();
        current = name;
        begunNanos = System.nanoTime();
        progress.stage(name);
    }

    /** Ends the current stage and begins one in which nothing is done until somebody else has ended. */
    public void waitFor(String what) {
        endCurrent();
        current = "wait for another build";
        begunNanos = System.nanoTime();
        progress.waiting(what);
    }

    /** {@return who has an entry of the cache, in brackets; empty if nobody knows} */
    public static String holder(Path directory) {
        return CacheEntry.holder(directory).map(" (%s)"::formatted).orElse("");
    }

    /** Ends the current stage; another may begin. */
    public void pause() {
        endCurrent();
        current = "";
    }

    /** {@return all stages, the current one ended} */
    public List<Stage> end() {
        endCurrent();
        current = "";
        return List.copyOf(done);
    }

    private void endCurrent() {
        if (!current.isEmpty()) {
            done.add(new Stage(current, (System.nanoTime() - begunNanos) / 1_000_000));
        }
    }
}
