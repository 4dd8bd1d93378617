package dev.suture.build.xen;

import dev.suture.Progress;
import dev.suture.build.Stage;
import java.util.ArrayList;
import java.util.List;

/** Tells the listener which stage begins and remembers how long each took. */
final class Stages {
    private final Progress progress;
    private final List<Stage> done = new ArrayList<>();
    private String current = "";
    private long begunNanos;

    Stages(Progress progress) {
        this.progress = progress;
    }

    Progress progress() {
        return progress;
    }

    void begin(String name) {
        endCurrent();
        current = name;
        begunNanos = System.nanoTime();
        progress.stage(name);
    }

    List<Stage> end() {
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
