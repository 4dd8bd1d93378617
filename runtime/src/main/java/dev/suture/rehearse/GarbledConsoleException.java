package dev.suture.rehearse;

import dev.suture.LivePatchException;

/** Words of the hypervisor got into a line of dom0's, so that it cannot be read: another boot will do better. */
final class GarbledConsoleException extends LivePatchException {
    private static final long serialVersionUID = 1;

    GarbledConsoleException(String found, Throwable cause) {
        super("the console of the rehearsal was garbled, found: %s%n        Try again.".formatted(found), cause);
    }
}
