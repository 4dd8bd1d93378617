package dev.suture.build.xen;

import dev.suture.LivePatchException;

/** A directory is not a built Xen tree that live patches can be made for. */
public final class XenTreeException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    XenTreeException(String message) {
        super(message);
    }

    XenTreeException(String message, Throwable cause) {
        super(message, cause);
    }
}
