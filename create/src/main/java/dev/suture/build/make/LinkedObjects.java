package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
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
 */
final class LinkedObjects {
    private static final double LEAST_LIKENESS = 0.3;

    private final ReadCommands commands;
    private final Map<String, Long> functions;

    private LinkedObjects(ReadCommands commands, Image image) {
        this.commands = commands;
        functions = functions(image.symbolsFrom());
    }

    /**
     * {@return the steps that compile the program's objects, in the order in which they are linked}
     *
     * @throws LivePatchException if nothing that the build links is like the program
     */
    static List<CompileStep> of(ReadCommands commands, Image image, String buildCommand) {
        LinkedObjects work = new LinkedObjects(commands, image);
        if (commands.compiled().isEmpty()) {
            throw new LivePatchException(
                    "`%s` called no compiler that could be recorded; let it use the compilers of PATH (gcc, cc, g++, c++, clang), not of a whole path"
                            .formatted(buildCommand));
        }
        Path twin = work.twin(image, buildCommand);
        Set<Path> objects = new LinkedHashSet<>();
        work.collect(twin, objects, new HashSet<>(), false);
        return objects.stream().map(commands.compiled()::get).toList();
    }

    private Path twin(Image image, String buildCommand) {
        String wanted = Path.of(image.name()).getFileName().toString();
        Path best = null;
        double bestLikeness = 0;
        List<String> outputs = new ArrayList<>();
        for (Path output : commands.linked().keySet()) {
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
        for (Map<Path, Set<Path>> made : List.of(commands.linked(), commands.archived())) {
            boolean archive = inArchive || made == commands.archived();
            boolean library = seen.size() > 1 && output.toString().contains(".so");
            if (made.containsKey(output) && !library) {
                made.get(output).forEach(part -> collect(part, objects, seen, archive));
            }
        }
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
