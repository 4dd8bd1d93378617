package dev.suture.build.make;

import dev.suture.LivePatchException;
import java.nio.file.Path;
import java.util.List;

/** The build command or a compiler failed. The message ends with the last lines that it wrote. */
public final class BuildFailedException extends LivePatchException {
    private static final long serialVersionUID = 1L;
    private static final int SHOWN_LINES = 20;

    BuildFailedException(String what, List<String> output, Path log, String nextStep) {
        super("%s:%n  %s%n%s (all of its output: %s)"
                .formatted(what, String.join("\n  ", last(output)), nextStep, log));
    }

    private static List<String> last(List<String> output) {
        return output.subList(Math.max(0, output.size() - SHOWN_LINES), output.size());
    }
}
