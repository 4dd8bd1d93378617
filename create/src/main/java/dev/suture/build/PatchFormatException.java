package dev.suture.build;

import dev.suture.LivePatchException;
import java.nio.file.Path;

/** A patch file is not a unified diff, or is damaged. */
public final class PatchFormatException extends LivePatchException {
    private static final long serialVersionUID = 1L;

    PatchFormatException(Path file, int line, String what) {
        super("%s:%d: %s".formatted(file, line, what));
    }

    PatchFormatException(LivePatchException unreadable) {
        super(unreadable.getMessage(), unreadable);
    }
}
