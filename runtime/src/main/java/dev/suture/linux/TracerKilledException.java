package dev.suture.linux;

import dev.suture.LivePatchException;

/** Somebody killed the process that traces for Suture. The kernel has let go what it held. */
public final class TracerKilledException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    TracerKilledException(int pid) {
        super("the process that traces for suture (%d) was killed; what it held runs on".formatted(pid));
    }
}
