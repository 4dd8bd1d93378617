package dev.suture.build.make;

/** The link of a program cannot be repeated; the message is a clause that says why. */
final class CannotLinkException extends Exception {
    private static final long serialVersionUID = 1;

    CannotLinkException(String message) {
        super(message);
    }
}
