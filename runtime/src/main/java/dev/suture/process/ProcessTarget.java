package dev.suture.process;

import dev.suture.Refusal;
import dev.suture.linux.Calls;
import dev.suture.linux.Kernel;
import dev.suture.payload.Payload;
import dev.suture.target.ApplyOptions;
import dev.suture.target.Identity;
import dev.suture.target.LiveTarget;
import dev.suture.target.LoadedPayload;
import dev.suture.target.Outcome;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.List;

/**
 * A running process. Each action takes the lock of the process, reads anew what is there, and leaves nothing open; what
 * it knows is in the process itself.
 */
public final class ProcessTarget implements LiveTarget {
    private final int pid;
    private final String target;

    /**
     * A process by its number.
     *
     * @param target as the user named it, such as {@code name:redis-server}
     */
    public ProcessTarget(int pid, String target) {
        this.pid = pid;
        this.target = target;
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
        return Tracer.run(() -> {
            try (Work work = Work.look(pid)) {
                LoadedFile program = work.files().all().getFirst();
                return new Identity(
                        target, program.path(), program.elf().buildId().orElse(""));
            }
        });
    }

    @Override
    public List<LoadedPayload> payloads() {
        return Tracer.run(() -> {
            try (Work work = Work.look(pid)) {
                return work.payloads();
            }
        });
    }

    @Override
    public List<Refusal> preflight(String name, Payload payload, ApplyOptions options) {
        return Tracer.run(() -> {
            try (Work work = Work.look(pid)) {
                return new Upload(work.session(), work.files(), work.ledger(), name, payload, options.isInPlace())
                        .prepare();
            }
        });
    }

    private interface Action {
        Outcome on(Work work) throws InterruptedException;
    }

    private Outcome act(Duration timeout, Action action) {
        return Tracer.run(() -> {
            try (Work work = Work.change(pid, timeout)) {
                return action.on(work);
            } catch (InterruptedException e) {
                throw new ProcessException(pid, "interrupted before the change was made");
            }
        });
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
