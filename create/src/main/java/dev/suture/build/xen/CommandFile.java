package dev.suture.build.xen;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What Kbuild leaves beside a target {@code a/b.o} as {@code a/.b.o.cmd}.
 *
 * @param command the command line that made the target
 * @param source the file it was compiled from; empty if the command compiles nothing
 * @param inputs the files the compiler read, the source first
 * @see "Xen xen/scripts/Kbuild.include, if_changed and if_changed_dep; xen/tools/fixdep.c"
 */
record CommandFile(String command, String source, Set<String> inputs) {
    /** {@return the command file of {@code target}, empty if there is none} */
    static Optional<CommandFile> read(Path xenDirectory, String target) throws IOException {
        return read(xenDirectory, target, new HashMap<>());
    }

    /**
     * {@return the command file of {@code target}, empty if there is none}
     *
     * @param known what lines of other command files name, for most name the same headers; it is added to
     */
    static Optional<CommandFile> read(Path xenDirectory, String target, Map<String, String> known) throws IOException {
        int nameStart = target.lastIndexOf('/') + 1;
        Path file = xenDirectory.resolve(target.substring(0, nameStart) + "." + target.substring(nameStart) + ".cmd");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        String command = "";
        String source = "";
        Set<String> inputs = new LinkedHashSet<>();
        boolean inInputs = false;
        Iterable<String> lines =
                Files.readString(file, StandardCharsets.ISO_8859_1).lines()::iterator;
        for (String line : lines) {
            if (inInputs) {
                String input = known.computeIfAbsent(line, CommandFile::input);
                inInputs = !input.isEmpty();
                // Entries like $(wildcard include/config/debug.h) stand for configuration symbols.
                if (inInputs && !input.startsWith("$(")) {
                    inputs.add(input);
                }
            } else if (line.startsWith("cmd_") || line.startsWith("savedcmd_")) {
                command = line.substring(line.indexOf(":=") + 2).strip();
            } else if (line.startsWith("source_")) {
                source = normalise(line.substring(line.indexOf(":=") + 2).strip());
                inputs.add(source);
            } else if (line.startsWith("deps_")) {
                inInputs = true;
            }
        }
        return Optional.of(new CommandFile(command, source, inputs));
    }

    /** {@return the objects and archives named in the command, except {@code target} itself} */
    List<String> objectsInCommand(String target) {
        List<String> objects = new ArrayList<>();
        for (String word : command.split("[ ;]+")) {
            if ((word.endsWith(".o") || word.endsWith(".a")) && !word.startsWith("-") && !word.equals(target)) {
                objects.add(normalise(word));
            }
        }
        return objects;
    }

    private static String input(String line) {
        String input =
                line.endsWith("\\") ? line.substring(0, line.length() - 1).strip() : line.strip();
        String normal = normalise(input);
        return normal.isEmpty() ? input : normal;
    }

    private static String normalise(String path) {
        return path.contains("./") ? Path.of(path).normalize().toString() : path;
    }
}
