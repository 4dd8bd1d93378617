package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.build.ChildProcess;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds the objects that a program was linked from.
 *
 * <p>A build may link many things: the program, its libraries, generators, tests. The one that has the functions of the
 * program at hand, and best with the same sizes, is its twin, and the command that linked the twin names the objects. Archives
 * count with those of their members that the program has a function of.
 *
 * <p>Where no linker was recorded, as in a build that is known from its {@code compile_commands.json} alone, any file may
 * be the twin, and the objects are those that have its functions in its sizes.
 */
final class LinkedObjects {
    private static final double LEAST_LIKENESS = 0.3;

    private final ReadCommands commands;
    private final Map<String, Long> functions;
    private final BuiltCopy copy;

    private LinkedObjects(ReadCommands commands, Image image, BuiltCopy copy) {
        this.commands = commands;
        this.copy = copy;
        functions = functions(image.symbolsFrom());
    }

    /**
     * The program in the copy.
     *
     * @param file what the build linked
     * @param steps compile its objects, in the order in which they are linked
     */
    record Twin(Path file, List<CompileStep> steps) {
        Twin {
            steps = List.copyOf(steps);
        }
    }

    /**
     * {@return what the build made of the program}
     *
     * @throws LivePatchException if nothing that the build links is like the program
     */
    static Twin of(ReadCommands commands, Image image, String buildCommand, BuiltCopy copy) throws IOException {
        LinkedObjects work = new LinkedObjects(commands, image, copy);
        if (commands.compiled().isEmpty()) {
            throw new LivePatchException(
                    ("`%s` called no compiler that could be recorded, and made no compile_commands.json. Compilers that are"
                                    + " found in PATH are recorded (gcc, cc, g++, c++, clang, clang++), and gcc wherever it is."
                                    + " Let the build call clang by its name or write compile_commands.json (cmake"
                                    + " -DCMAKE_EXPORT_COMPILE_COMMANDS=ON), keep PATH and COMPILER_PATH as they are, and"
                                    + " compile everything, taking nothing from a cache.")
                            .formatted(buildCommand));
        }
        Path twin = work.twin(image, buildCommand);
        Set<Path> objects = new LinkedHashSet<>();
        work.collect(twin, objects, new HashSet<>(), false);
        if (objects.isEmpty()) {
            commands.compiled().keySet().stream().filter(work::isMostlyIn).forEach(objects::add);
        }
        return new Twin(twin, objects.stream().map(commands.compiled()::get).toList());
    }

    private Path twin(Image image, String buildCommand) throws IOException {
        String wanted = Path.of(image.name()).getFileName().toString();
        Path best = null;
        double bestLikeness = 0;
        List<String> outputs = new ArrayList<>();
        Set<Path> candidates = new LinkedHashSet<>(commands.linked().keySet());
        if (candidates.stream().noneMatch(output -> likeness(output, image) >= LEAST_LIKENESS)) {
            candidates.addAll(copy.programs());
        }
        for (Path output : candidates) {
            if (!Files.isRegularFile(output) || CommandWords.isObject(output.toString())) {
                continue;
            }
            double likeness = likeness(output, image);
            boolean named = output.getFileName().toString().equals(wanted);
            outputs.add("%s (%.0f %%)".formatted(output.getFileName(), likeness * 100));
            if (likeness > bestLikeness || likeness == bestLikeness && named) {
                best = output;
                bestLikeness = likeness;
            }
        }
        if (best == null || bestLikeness < LEAST_LIKENESS) {
            throw new LivePatchException(
                    "%s: nothing that `%s` links has its functions (compared: %s); is this the source and the command that it was built from?"
                            .formatted(
                                    image.name(),
                                    buildCommand,
                                    outputs.isEmpty()
                                            ? "nothing was linked"
                                            : outputs.stream().limit(8).collect(Collectors.joining(", "))));
        }
        return best;
    }

    /**
     * {@return how like the program an output is: which part of the names of either's functions are in both, from 0 to
     * 1, and a little more where their sizes are the same as well, which tells variants of one program apart}
     */
    private double likeness(Path output, Image image) {
        if (!Files.isRegularFile(output)) {
            return 0;
        }
        ElfFile elf;
        try {
            elf = ElfFile.read(output);
        } catch (LivePatchException e) {
            // A script in the place of the program, as libtool makes them.
            return 0;
        }
        if (elf.buildId().filter(image.buildId()::equals).isPresent()) {
            return 2;
        }
        Map<String, Long> others = functions(elf);
        long common = others.keySet().stream().filter(functions::containsKey).count();
        long same = others.entrySet().stream()
                .filter(other -> other.getValue().equals(functions.get(other.getKey())))
                .count();
        long all = functions.size() + others.size() - common;
        return all == 0 ? 0 : (common + 0.1 * same) / all;
    }

    /** {@return the sizes of the functions, by name} */
    private static Map<String, Long> functions(ElfFile elf) {
        Map<String, Long> functions = new HashMap<>();
        for (Symbol symbol : elf.symbols()) {
            if (symbol.isFunction() && symbol.isInSection() && symbol.sizeBytes() > 0) {
                functions.put(symbol.name(), symbol.sizeBytes());
            }
        }
        return functions;
    }

    private void collect(Path output, Set<Path> objects, Set<Path> seen, boolean inArchive) {
        if (!seen.add(output)) {
            return;
        }
        if (commands.compiled().containsKey(output)) {
            if (!inArchive || isLinked(output)) {
                objects.add(output);
            }
            return;
        }
        boolean unknownArchive = CommandWords.isArchive(output.toString())
                && !commands.archived().containsKey(output)
                && output.startsWith(copy.directory())
                && Files.isRegularFile(output);
        if (unknownArchive) {
            members(output).forEach(member -> collect(member, objects, seen, true));
            return;
        }
        for (Map<Path, Set<Path>> made : List.of(commands.linked(), commands.archived())) {
            boolean archive = inArchive || made == commands.archived();
            boolean library = seen.size() > 1 && output.toString().contains(".so");
            if (made.containsKey(output) && !library) {
                made.get(output).forEach(part -> collect(part, objects, seen, archive));
            }
        }
    }

    /** {@return whether most functions of an object are in the program, in the same sizes} */
    private boolean isMostlyIn(Path object) {
        if (!Files.isRegularFile(object)) {
            return false;
        }
        Map<String, Long> own = functions(ElfFile.read(object));
        long same = own.entrySet().stream()
                .filter(function -> function.getValue().equals(functions.get(function.getKey())))
                .count();
        return same > 0 && 2 * same >= own.size();
    }

    /** {@return the objects in an archive that no recorded command made, known by their names} */
    private List<Path> members(Path archive) {
        List<String> names = new ArrayList<>();
        ChildProcess.run(
                List.of("ar", "t", archive.toString()),
                copy.directory(),
                Map.of("LC_ALL", "C"),
                copy.directory().toString(),
                copy.directory().resolve("archives.log"),
                line -> names.add(line.substring(line.lastIndexOf('/') + 1)));
        return commands.compiled().keySet().stream()
                .filter(object -> names.contains(object.getFileName().toString()))
                .toList();
    }

    /** {@return whether the linker took a member of an archive: the program has one of its functions, or it has none} */
    private boolean isLinked(Path object) {
        if (!Files.isRegularFile(object)) {
            return true;
        }
        Set<String> own = functions(ElfFile.read(object)).keySet();
        return own.isEmpty() || own.stream().anyMatch(functions::containsKey);
    }
}
