package dev.suture;

/**
 * A bad file, tool or machine stopped the work. The message says where, what was found and what was expected, and is
 * fit to be shown to the user as it is. A patch that cannot go live is not an exception but a {@link Refusal}.
 */
public class LivePatchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public LivePatchException(String message) {
        super(message);
    }

    public LivePatchException(String message, Throwable cause) {
        super(message, cause);
    }
}
