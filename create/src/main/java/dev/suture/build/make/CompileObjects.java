package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Runs compilers by the build's own commands, several at a time. */
final class CompileObjects {
    private final Mounts mounts;
    private final String time;
    private final Path log;
    private final int jobs;

    /**
     * @param mounts what the compilers see where
     * @param time what compilers take for the present, in seconds since 1970
     * @param log gets what they write
     * @param jobs how many may run at a time
     */
    CompileObjects(Mounts mounts, String time, Path log, int jobs) {
        this.mounts = mounts;
        this.time = time;
        this.log = log;
        this.jobs = jobs;
    }

    /**
     * Compiles all of the steps that have no object yet.
     *
     * @param objectOf where the object of a step goes
     * @param more options behind the build's own
     * @throws BuildFailedException if one does not compile
     */
    void compile(List<CompileStep> steps, Function<CompileStep, Path> objectOf, List<String> more) {
        forEach(steps, step -> {
            Path object = objectOf.apply(step);
            if (Files.exists(object)) {
                return;
            }
            Path part = object.resolveSibling(object.getFileName() + ".part.o");
            List<String> output = new ArrayList<>();
            int status = run(step.compileTo(part, more), step.directory(), output);
            if (status != 0) {
                throw new BuildFailedException(
                        "%s does not compile".formatted(step.sourceArgument()),
                        output,
                        log,
                        "Correct the patch, or the source if it does not compile without the patch either");
            }
            Files.move(part, object);
        });
    }

    /** {@return for each step the files that it reads, absolute, the source first} */
    List<Set<Path>> inputs(List<CompileStep> steps, Function<CompileStep, Path> listOf) {
        forEach(steps, step -> {
            Path list = listOf.apply(step);
            if (Files.exists(list)) {
                return;
            }
            Path part = list.resolveSibling(list.getFileName() + ".part");
            // What cannot be listed, because a generated header is gone by now, is known by its source alone.
            if (run(step.listInputsTo(part), step.directory(), new ArrayList<>()) == 0 && Files.exists(part)) {
                Files.move(part, list);
            } else {
                Files.writeString(list, "");
            }
        });
        return steps.stream().map(step -> readInputs(step, listOf.apply(step))).toList();
    }

    private static Set<Path> readInputs(CompileStep step, Path list) {
        Set<Path> inputs = new LinkedHashSet<>();
        inputs.add(step.source());
        try {
            addReal(step.source(), inputs);
            String rule = Files.readString(list, StandardCharsets.UTF_8).replace("\\\n", " ");
            for (String word : rule.replace("\\ ", "\0").split("\\s+")) {
                if (!word.isEmpty() && !word.equals("object:")) {
                    Path input = step.at(word.replace('\0', ' '));
                    inputs.add(input);
                    addReal(input, inputs);
                }
            }
        } catch (IOException e) {
            throw new LivePatchException("cannot read %s: %s".formatted(list, Cause.of(e)), e);
        }
        return inputs;
    }

    private static void addReal(Path path, Set<Path> inputs) throws IOException {
        if (Files.exists(path)) {
            inputs.add(path.toRealPath());
        }
    }

    /** {@return whether a command did what it has to do} */
    boolean succeeds(List<String> command, Path directory) {
        return run(command, directory, new ArrayList<>()) == 0;
    }

    private int run(List<String> command, Path directory, List<String> output) {
        return mounts.run(
                false, command, directory, Map.of("LC_ALL", "C", "SOURCE_DATE_EPOCH", time), log, output::add);
    }

    private interface Work {
        void run(CompileStep step) throws IOException;
    }

    private void forEach(List<CompileStep> steps, Work work) {
        List<Future<?>> running = new ArrayList<>();
        Optional<LivePatchException> failure = Optional.empty();
        try (ExecutorService threads = Executors.newFixedThreadPool(jobs)) {
            for (CompileStep step : steps) {
                running.add(threads.submit(() -> {
                    work.run(step);
                    return null;
                }));
            }
            for (Future<?> one : running) {
                try {
                    one.get();
                } catch (ExecutionException e) {
                    threads.shutdownNow();
                    failure = failure.or(() -> Optional.of(failureOf(e)));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LivePatchException("interrupted while compilers ran", e);
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
    }

    private static LivePatchException failureOf(ExecutionException e) {
        return switch (e.getCause()) {
            case LivePatchException known -> known;
            case IOException io -> new LivePatchException("cannot keep an object: " + Cause.of(io), io);
            case RuntimeException bug -> throw bug;
            default -> throw new IllegalStateException(e.getCause());
        };
    }
}
