package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.build.make.RecordedPrograms.Role;
import dev.suture.build.watch.Observation;
import dev.suture.build.watch.Observation.Use;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Makes sure that a build in a copy is a build of the copy. A command that names the user's own directory by a whole path
 * ({@code cmake -S /home/me/app}, a tree that was configured there before) compiles what is there: a patch in the copy has
 * no effect on it. Where the copy can be mounted in the place of that directory ({@link Mounts}), it is the copy.
 */
final class CheckPlace {
    private final PartInBuild part;
    private final Path source;
    private final String command;
    private final Mounts mounts;

    CheckPlace(PartInBuild part, Path source, String command, Mounts mounts) {
        this.mounts = mounts;
        this.part = part;
        this.source = source;
        this.command = command;
    }

    /**
     * Checks what was compiled.
     *
     * @throws LivePatchException if it is the user's own
     */
    void checkCompiled(ReadCommands commands) {
        Set<String> compiled = used(true, Set.of(Observation.Kind.READ));
        if (!compiled.isEmpty()) {
            throw elsewhere("compiles", compiled);
        }
        Set<String> looked = used(false, Set.of(Observation.Kind.values()));
        if (commands.compiled().isEmpty() && !looked.isEmpty()) {
            throw elsewhere("compiles nothing of it, and looks at", looked);
        }
        if (part.isUnknown() && !mounts.any()) {
            Set<String> named = new TreeSet<>();
            commands.compiled().values().stream()
                    .flatMap(step -> Stream.concat(step.arguments().stream(), Stream.of(step.directory() + "/")))
                    .filter(word -> (word + "/").contains(source + "/"))
                    .forEach(named::add);
            if (!named.isEmpty()) {
                throw elsewhere("compiles", named);
            }
        }
    }

    /**
     * Checks that not only other sources are compiled, as by a tree that was configured for another place.
     *
     * @param steps compile the objects of the program
     * @param paths what the patches change
     * @param used what of the copy takes part in the build
     * @throws LivePatchException if a patch would have no effect on what is compiled
     */
    void checkSources(Collection<CompileStep> steps, Collection<String> paths, Set<String> used) {
        Set<Path> outside = new TreeSet<>();
        for (CompileStep step : steps) {
            if (!step.source().startsWith(mounts.directory()) && Files.isRegularFile(step.source())) {
                outside.add(step.source());
            }
        }
        if (!outside.isEmpty() && paths.stream().noneMatch(used::contains)) {
            throw new LivePatchException(
                    "`%s` compiles %s%s, which is not in %s, and nothing that the patch changes. Name the source that it compiles with --source, or begin with configuring if the directory was configured for another place."
                            .formatted(
                                    command,
                                    outside.iterator().next(),
                                    outside.size() == 1 ? "" : " and %d more".formatted(outside.size() - 1),
                                    source));
        }
    }

    /**
     * Checks what the patches change.
     *
     * @throws LivePatchException if programs of the build use the user's own
     */
    void checkChanged(Collection<String> paths) {
        Set<String> used = used(false, Set.of(Observation.Kind.values()));
        used.retainAll(paths);
        if (!used.isEmpty()) {
            throw elsewhere("uses", used);
        }
    }

    private Set<String> used(boolean onlyCompilers, Set<Observation.Kind> kinds) {
        Set<String> used = new TreeSet<>();
        String prefix = source + "/";
        for (Use use : part.observation().uses()) {
            boolean counts = kinds.contains(use.kind())
                    && use.path().startsWith(prefix)
                    && !use.path().startsWith(part.tree().getParent() + "/")
                    && (!onlyCompilers || part.roleOf(use.program()) == Role.COMPILES)
                    && !Files.isDirectory(Path.of(use.path()));
            if (counts) {
                used.add(use.path().substring(prefix.length()));
            }
        }
        return used;
    }

    private LivePatchException elsewhere(String does, Set<String> files) {
        return new LivePatchException(
                ("`%s` runs in a copy of %s, but %s files of that directory itself (%s%s): it names them by a whole path, so a"
                                + " patch would have no effect. The copy cannot be mounted in the place of that directory: %s."
                                + " Let that be possible, or let the command name what it builds from where it runs, as `cmake -S ."
                                + " -B build`, and begin with configuring if the directory was configured before.")
                        .formatted(
                                command,
                                source,
                                does,
                                files.iterator().next(),
                                files.size() == 1 ? "" : " and %d more".formatted(files.size() - 1),
                                mounts.unavailable()));
    }
}
