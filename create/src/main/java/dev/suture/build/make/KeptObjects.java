package dev.suture.build.make;

import dev.suture.build.watch.Observation;
import dev.suture.build.watch.Observation.Program;
import dev.suture.build.watch.Observation.Use;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds where a wrapper around the compiler keeps objects that it compiled before. For example {@code wrap gcc -c a.c -o
 * a.o} copies {@code /home/me/.kept/5f/a1} to {@code a.o}: no compiler runs, and how {@code a.o} is compiled is not seen.
 * Where that directory has no objects, the compiler runs.
 */
final class KeptObjects {
    private KeptObjects() {}

    /** {@return the directory outside of the copy from which objects came that a program is linked from} */
    static Optional<Path> find(ReadCommands commands, Observation observation, Mounts mounts) {
        Set<Path> notCompiled = new HashSet<>();
        for (Set<Path> parts : commands.linked().values()) {
            add(parts, commands, notCompiled);
        }
        for (Set<Path> parts : commands.archived().values()) {
            add(parts, commands, notCompiled);
        }
        Set<Path> kept = new TreeSet<>();
        if (!notCompiled.isEmpty()) {
            Set<Integer> writers = writers(notCompiled, observation);
            for (Use use : observation.uses()) {
                boolean taken = (use.kind() == Observation.Kind.READ && writers.contains(use.program()))
                        || (use.kind() == Observation.Kind.LINK && notCompiled.contains(Path.of(use.to())));
                Path from = Path.of(use.path());
                if (taken && !from.startsWith(mounts.directory()) && SourceFiles.isObject(from)) {
                    kept.add(from.getParent());
                }
            }
        }
        return kept.stream().reduce(KeptObjects::common);
    }

    private static void add(Set<Path> parts, ReadCommands commands, Set<Path> notCompiled) {
        for (Path part : parts) {
            if (!commands.compiled().containsKey(part)
                    && !commands.linked().containsKey(part)
                    && Files.isRegularFile(part)
                    && SourceFiles.isObject(part)) {
                notCompiled.add(part);
            }
        }
    }

    /** {@return the programs that wrote a file, and those that ran after them in the same process or below it} */
    private static Set<Integer> writers(Set<Path> files, Observation observation) {
        Map<Integer, Program> programs = observation.programs();
        Set<Integer> writers = new LinkedHashSet<>();
        Set<String> names = new HashSet<>();
        files.forEach(file -> names.add(file.toString()));
        for (Use use : observation.uses().reversed()) {
            switch (use.kind()) {
                case READ, ASK, LOOK -> {}
                case WRITE -> {
                    if (names.contains(use.path())) {
                        writers.add(use.program());
                    }
                }
                case RENAME, LINK -> {
                    if (names.contains(use.to())) {
                        names.add(use.path());
                        writers.add(use.program());
                    }
                }
            }
        }
        for (int number : List.copyOf(new TreeSet<>(programs.keySet()))) {
            Program program = programs.get(number);
            if (program.sameProcess() && writers.contains(program.parent())) {
                writers.add(number);
            }
        }
        return writers;
    }

    private static Path common(Path one, Path other) {
        Path common = one;
        while (!other.startsWith(common)) {
            common = common.getParent();
        }
        return common;
    }
}
