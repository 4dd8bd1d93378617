package dev.suture.build.make;

import dev.suture.build.watch.Observation.Program;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * The machine's tools that make files of files, and of which nobody learns anything else of what these contain.
 *
 * @see "GNU coreutils manual, cp, mv, install, ln; GNU binutils manual, ranlib, strip, objcopy"
 */
final class CopyingTools {
    private static final Set<String> NAMES = Set.of(
            "cp",
            "mv",
            "ln",
            "install",
            "ranlib",
            "strip",
            "objcopy",
            "gcc-ranlib",
            "x86_64-linux-gnu-ranlib",
            "x86_64-linux-gnu-strip",
            "x86_64-linux-gnu-objcopy",
            "x86_64-linux-gnu-gcc-ranlib");

    private static final Set<String> PLACES = places();

    private CopyingTools() {}

    /** {@return whether a program is one of them: the one that this machine has in {@code PATH}} */
    static boolean are(Program program) {
        int slash = program.called().lastIndexOf('/');
        return slash >= 0
                && NAMES.contains(program.called().substring(slash + 1))
                && PLACES.contains(program.called().substring(0, slash));
    }

    private static Set<String> places() {
        Set<String> places = new HashSet<>();
        String path = System.getenv("PATH") == null ? "/usr/bin:/bin" : System.getenv("PATH");
        for (String directory : path.split(":")) {
            try {
                places.add(Path.of(directory).toRealPath().toString());
            } catch (IOException e) {
                // Not there: nothing is called from it.
            }
        }
        return places;
    }
}
