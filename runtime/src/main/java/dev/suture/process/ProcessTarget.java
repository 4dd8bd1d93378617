package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.linux.Calls;
import dev.suture.linux.Kernel;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Identity;
import dev.suture.target.Incarnation;
import dev.suture.target.LiveTarget;
import dev.suture.target.LoadedPayload;
import dev.suture.target.Outcome;
import dev.suture.target.Seen;
import dev.suture.target.Watched;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.Supplier;

/**
 * A running process. Each action takes the lock of the process, reads anew what is there, and leaves nothing open; what
 * it knows is in the process itself.
 */
public final class ProcessTarget implements LiveTarget {
    private static final Duration LOOK = Duration.ofSeconds(10);
    /** What is done besides looking for the moment, and what is taken back if there was none. */
    private static final int MOST_TIMES = 2;
    /** How many milliseconds a program that has begun to end is given for it. */
    private static final int MOST_LOOKS = 200;

    private final int pid;
    private final String target;
    private final IntPredicate match;
    private final boolean wasFound;

    /**
     * A process by its number.
     *
     * @param target as the user named it, such as {@code name:redis-server}
     */
    public ProcessTarget(int pid, String target) {
        this(pid, target, number -> true, false);
    }

    /** {@return whether it is one of perhaps many that are what was asked for, and was not named by its number} */
    public boolean wasFound() {
        return wasFound;
    }

    /** @param match whether a process is what was asked for, asked again when it is open */
    ProcessTarget(int pid, String target, IntPredicate match) {
        this(pid, target, match, true);
    }

    private ProcessTarget(int pid, String target, IntPredicate match, boolean wasFound) {
        this.pid = pid;
        this.target = target;
        this.match = match;
        this.wasFound = wasFound;
    }

    /**
     * Begins, on a thread of its own, with what takes longest before the first action: making ready the calls of native
     * code. For programs that know early that there will be one.
     */
    public static void prepare() {
        Thread thread = new Thread(
                () -> {
                    try (Arena arena = Arena.ofConfined()) {
                        new Kernel(arena).call(Calls.GETPID, 0, 0, 0, 0, 0, 0);
                    }
                },
                "prepare");
        thread.setDaemon(true);
        // What fails here fails again for who needs it, and is told there.
        thread.setUncaughtExceptionHandler((_, _) -> {});
        thread.start();
    }

    /** {@return its number} */
    public int pid() {
        return pid;
    }

    @Override
    public String name() {
        return target;
    }

    @Override
    public Identity identity() {
        return look(this::identity);
    }

    private Identity identity(Work work) {
        LoadedFile program = work.files().program().orElseThrow();
        return new Identity(target, program.path(), program.elf().buildId().orElse(""));
    }

    @Override
    public Seen see() {
        return look(work -> new Seen(identity(work), work.payloads(), work.lost()));
    }

    @Override
    public List<LoadedPayload> payloads() {
        return look(Work::payloads);
    }

    /** {@return what debuggers and profilers need to see through its payloads} */
    public ForDebuggers describe() {
        return look(DescribePayloads::of);
    }

    @Override
    public List<Refusal> preflight(String name, Payload payload, ApplyOptions options) {
        List<Refusal> refusals = look(work ->
                new Upload(work.session(), work.files(), work.ledger(), name, payload, options.isInPlace()).prepare());
        if (!refusals.isEmpty()) {
            unlessEnded(new Outcome.Refused(Outcome.Cost.NONE, refusals));
        }
        return refusals;
    }

    @Override
    public Watched watch() {
        return new WatchProcess(pid);
    }

    @Override
    public boolean hasEnded() {
        return ProcStatus.isGone(pid);
    }

    @Override
    public Optional<Incarnation> incarnation() {
        try {
            return Tracer.run(LOOK, () -> ReadIncarnation.of(pid));
        } catch (TimeoutException e) {
            return Optional.empty();
        }
    }

    @Override
    public List<Refusal> startedAnew() {
        try {
            return Tracer.run(LOOK, () -> StartedAnew.of(pid, target));
        } catch (TimeoutException e) {
            return List.of();
        }
    }

    @Override
    public boolean has(String buildId) {
        return look(work -> work.files().withBuildId(buildId).isPresent());
    }

    /** {@return whether it is there and is what was asked for} */
    public boolean isStillMeant() {
        return !hasEnded() && match.test(pid);
    }

    /**
     * {@return what an action came to} What was in the way, or did not fit, says nothing of a process that has ended since:
     * it may be only that.
     *
     * @throws ProcessException if it was not done, and the process has ended
     */
    Outcome unlessEnded(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Done _, Outcome.Unknown _ -> outcome;
            case Outcome.Refused _, Outcome.TimedOut _ -> {
                if (endsNow()) {
                    throw new ProcessException(pid, Session.ENDED);
                }
                yield outcome;
            }
        };
    }

    private <T> T look(Function<Work, T> question) {
        try {
            return Tracer.run(
                    LOOK,
                    () -> unlessItEnds(() -> {
                        try (Work work = Work.look(pid)) {
                            requireMatch();
                            return question.apply(work);
                        }
                    }));
        } catch (TimeoutException e) {
            throw stuck(LOOK);
        }
    }

    // What a process that ends says of itself meanwhile makes no sense, and neither would the reason.
    private <T> T unlessItEnds(Supplier<T> work) {
        boolean wasThere = !hasEnded();
        try {
            return work.get();
        } catch (ProcessException e) {
            if (!endsNow()) {
                throw e;
            }
            boolean isListed = Files.exists(Path.of("/proc/" + pid));
            String otherwise = isListed ? "it has ended" : "there is no such process";
            throw new ProcessException(pid, wasThere ? Session.ENDED : otherwise);
        }
    }

    // Of a program that ends one thread gives up the memory before the other does.
    private boolean endsNow() {
        for (int i = 0; i < MOST_LOOKS && !hasEnded(); i++) {
            try {
                if (ProcStatus.read(pid).hasMemory()) {
                    return false;
                }
                Thread.sleep(1);
            } catch (IOException ended) {
                return true;
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return hasEnded();
    }

    // Between the time when it was found and now another program may have got its number, or it may have become one.
    private void requireMatch() {
        if (!match.test(pid)) {
            throw new ProcessException(pid, "it is no longer what was asked for");
        }
    }

    private ProcessException stuck(Duration longest) {
        return new ProcessException(
                pid,
                "it let nobody look at it for %d s: some of its memory, or a file that it has mapped, never comes"
                        .formatted(longest.toSeconds()));
    }

    private interface Action {
        Outcome on(Work work) throws InterruptedException;
    }

    private Outcome act(Duration timeout, Action action) {
        Duration longest = timeout.multipliedBy(MOST_TIMES).plus(LOOK);
        try {
            return unlessEnded(Tracer.run(
                    longest,
                    () -> unlessItEnds(() -> {
                        try (Work work = Work.change(pid, timeout)) {
                            requireMatch();
                            return action.on(work);
                        } catch (InterruptedException e) {
                            throw new ProcessException(pid, "interrupted before the change was made");
                        }
                    })));
        } catch (TimeoutException e) {
            return new Outcome.Unknown(Outcome.Cost.NONE, stuck(longest).getMessage());
        }
    }

    @Override
    public Outcome upload(String name, Payload payload, ApplyOptions options) {
        return act(options.timeout(), work -> work.upload(name, payload, options.isInPlace()));
    }

    @Override
    public Outcome apply(String name, ApplyOptions options) {
        return act(options.timeout(), work -> new ChangeWhatIsApplied(work, options).apply(name));
    }

    @Override
    public Outcome revert(String name, ApplyOptions options) {
        return act(options.timeout(), work -> new ChangeWhatIsApplied(work, options).revert(name));
    }

    @Override
    public Outcome replace(String name, ApplyOptions options) {
        return act(options.timeout(), work -> new ChangeWhatIsApplied(work, options).replace(name));
    }

    @Override
    public Outcome unload(String name, ApplyOptions options) {
        return act(options.timeout(), work -> new ChangeWhatIsApplied(work, options).unload(name));
    }

    /** Nothing is kept open between actions. */
    @Override
    public void close() {}
}
