package dev.suture.build.xen;

import dev.suture.LivePatchException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The tree's make or its compiler failed. The message holds the first errors as the compiler put them. */
public final class CompileException extends LivePatchException {
    private static final long serialVersionUID = 1L;
    private static final int SHOWN_LINES = 20;

    CompileException(List<String> output, Path log) {
        super("the build failed:\n  " + String.join("\n  ", telling(output)) + "\n" + nextStep(output, log));
    }

    private static List<String> telling(List<String> output) {
        List<String> telling = new ArrayList<>();
        for (String line : output) {
            // make announces each step with two spaces and capitals: "  CC      common/domain.o".
            if (!line.matches("  [A-Z_0-9]+ +\\S+|make.*: (Entering|Leaving|Nothing|\\*\\*\\* Waiting).*")) {
                telling.add(line);
            }
        }
        return telling.subList(0, Math.min(SHOWN_LINES, telling.size()));
    }

    private static String nextStep(List<String> output, Path log) {
        if (output.stream().anyMatch(line -> line.contains("No space left on device"))) {
            return "Free some space where " + log.getParent() + " is, or move the cache with SUTURE_CACHE.";
        }
        return "Correct the patch, or the tree if it does not build without the patch either.";
    }
}
