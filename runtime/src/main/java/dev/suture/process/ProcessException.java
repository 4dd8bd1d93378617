package dev.suture.process;

import dev.suture.LivePatchException;

/** A process that cannot be worked on, or that was lost. The message says which, why, and what to do. */
public final class ProcessException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    ProcessException(int pid, String found) {
        super("process %d: %s".formatted(pid, found));
    }

    /** @param name what was looked for, such as {@code name:redis-server} */
    ProcessException(String name, String found) {
        super("%s: %s".formatted(name, found));
    }
}
