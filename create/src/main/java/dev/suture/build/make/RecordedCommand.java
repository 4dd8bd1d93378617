package dev.suture.build.make;

import java.nio.file.Path;
import java.util.List;

/**
 * One call of a compiler, archiver or linker.
 *
 * @param tool the name it was called by, such as {@code gcc}
 * @param program the path of the real one
 * @param directory where it was run, a seen path
 * @param arguments all of them
 * @param mounts what it saw where
 */
record RecordedCommand(String tool, String program, Path directory, List<String> arguments, Mounts mounts) {
    RecordedCommand {
        arguments = List.copyOf(arguments);
    }

    /** {@return the real path of a file that the command names} */
    Path at(String name) {
        return mounts.real(directory.resolve(name).normalize());
    }

    boolean isArchiver() {
        return tool.equals("ar") || tool.endsWith("-ar");
    }
}
