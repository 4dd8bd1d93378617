package dev.suture.build.watch;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs a command and observes it.
 *
 * <p>A shell in front of it stops itself until it is traced. It is a grandchild of this program: for its own children Java
 * waits in threads of its own, and would take a stop for the end.
 */
public final class Watch {
    private static final String OUTER = "sh -c \"$@\"; exit $?";
    private static final String INNER = "echo $$ >\"$0\"; kill -STOP $$; exec \"$@\"";
    private static final int REST_SECONDS = 2;
    private static final int POLL_MILLIS = 1;

    private Watch() {}

    /** Runs a command to its end and gives its exit status. */
    public interface Run {
        int run(List<String> command);
    }

    /**
     * What came of a command.
     *
     * @param status its exit status
     * @param observation what it did
     * @param disturbed whether it may have done something else because it was observed
     */
    public record Watched(int status, Observation observation, boolean disturbed) {}

    /**
     * Runs a command.
     *
     * @param command the command
     * @param directory for a file of this class
     * @param roots the directories whose files count
     * @param mounts what the command sees in other places than this program: a real path by where it is seen
     * @param run runs it
     * @param endRest ends what the command left running
     */
    public static Watched run(
            List<String> command, Path directory, List<Path> roots, Map<Path, Path> mounts, Run run, Runnable endRest)
            throws IOException {
        boolean known = System.getProperty("os.name").equals("Linux")
                && System.getProperty("os.arch").equals("amd64");
        if (!known) {
            Observation none = Observation.unknown("processes are traced on x86-64 Linux only");
            return new Watched(run.run(command), none, false);
        }
        Path started = directory.resolve("watched.pid");
        Files.deleteIfExists(started);
        List<String> real = new ArrayList<>();
        for (Path root : roots) {
            real.add(root.toRealPath().toString());
        }
        Map<String, String> seen = new HashMap<>();
        mounts.forEach((place, path) -> seen.put(place.toString(), path.toString()));
        Thread main = Thread.currentThread();
        FutureTask<TraceProcesses.Traces> task = new FutureTask<>(() -> follow(started, main, real, seen));
        Thread tracer = Thread.ofPlatform().daemon().name("trace the build").start(task);
        List<String> all = new ArrayList<>(List.of("sh", "-c", OUTER, "sh", INNER, started.toString()));
        all.addAll(command);
        int status;
        try {
            status = run.run(all);
        } catch (RuntimeException e) {
            task.cancel(true);
            throw e;
        }
        return watched(status, task, tracer, endRest);
    }

    private static TraceProcesses.Traces follow(
            Path started, Thread main, List<String> roots, Map<String, String> mounts)
            throws IOException, InterruptedException {
        int pid = awaitStop(started, main);
        try {
            return TraceProcesses.follow(pid, roots, mounts);
        } catch (RuntimeException | Error e) {
            // Nothing that is stopped may stay so: this program waits for its end.
            new ProcessBuilder("kill", "-CONT", Integer.toString(pid)).start().waitFor();
            throw e;
        }
    }

    private static Watched watched(
            int status, FutureTask<TraceProcesses.Traces> task, Thread tracer, Runnable endRest) {
        try {
            tracer.join(TimeUnit.SECONDS.toMillis(REST_SECONDS));
            if (tracer.isAlive()) {
                endRest.run();
            }
            TraceProcesses.Traces traces = task.get(REST_SECONDS, TimeUnit.SECONDS);
            return new Watched(status, traces.observation(), traces.disturbed());
        } catch (ExecutionException | TimeoutException e) {
            // With the tracer all that it traced has ended.
            Throwable cause = e.getCause() == null ? e : e.getCause();
            return new Watched(status, Observation.unknown("tracing failed: " + cause), true);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LivePatchException("interrupted while the build ran", e);
        }
    }

    /** {@return the shell that has stopped itself} */
    private static int awaitStop(Path started, Thread main) throws IOException, InterruptedException {
        while (main.isAlive()) {
            String pid = Files.exists(started) ? Files.readString(started) : "";
            if (pid.endsWith("\n")) {
                String stat = Files.readString(Path.of("/proc", pid.strip(), "stat"));
                if (stat.substring(stat.lastIndexOf(')')).startsWith(") T")) {
                    return Integer.parseInt(pid.strip());
                }
            }
            Thread.sleep(POLL_MILLIS);
        }
        throw new LivePatchException("the build did not start");
    }
}
