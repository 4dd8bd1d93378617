package dev.suture.build.make;

import java.nio.file.Path;
import java.util.List;

/**
 * One call of a compiler, archiver or linker.
 *
 * @param tool the name it was called by, such as {@code gcc}
 * @param program the path of the real one
 * @param directory where it was run
 * @param arguments all of them
 */
record RecordedCommand(String tool, String program, Path directory, List<String> arguments) {
    RecordedCommand {
        arguments = List.copyOf(arguments);
    }

    boolean isArchiver() {
        return tool.equals("ar") || tool.endsWith("-ar");
    }
}
