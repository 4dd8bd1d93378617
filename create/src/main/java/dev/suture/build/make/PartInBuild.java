package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.build.ChangedSource;
import dev.suture.build.make.RecordedPrograms.Recorded;
import dev.suture.build.make.RecordedPrograms.Role;
import dev.suture.build.watch.Observation;
import dev.suture.build.watch.Observation.Program;
import dev.suture.build.watch.Observation.Use;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What files take part in a build, and how, from what its programs were seen to do.
 *
 * <p>A file that only compile commands read changes only their objects, and what is joined from these: then it is enough
 * to compile these again, in place. Anything else that reads it (a script, make, a generator), or reads or runs what is
 * made from it, may do anything; only the build command knows what. Example: {@code sed} makes {@code gen.h} of {@code
 * doc/limits.txt}: sed reads a file that changes, so the build runs again. {@code gen.c} is read by the compiler alone,
 * but the program {@code gen} made from it is run by make to write {@code table.h}: the build runs again, too.
 */
final class PartInBuild {
    /** What becomes of a build when files change. */
    sealed interface Change {
        /**
         * It is enough to compile again.
         *
         * @param objects what is compiled from the files
         * @param files all that is made from them, by its path, whoever uses it
         * @param sameRules whether these objects must include the same files as before, because a program of the build
         *     reads which
         */
        record InPlace(Set<Path> objects, Set<String> files, boolean sameRules) implements Change {}

        /**
         * The build command has to run again.
         *
         * @param why what cannot be followed
         */
        record Again(String why) implements Change {}
    }

    private final Observation observation;
    private final RecordedPrograms programs;
    private final Path tree;
    private final Map<Integer, Role> roles = new HashMap<>();
    private final List<Use> ofMade;

    /** @param tree real path of the copy that was built */
    PartInBuild(Observation observation, RecordedPrograms programs, Path tree) {
        this.observation = observation;
        this.programs = programs;
        this.tree = tree;
        Set<String> written = new HashSet<>();
        for (Use use : observation.uses()) {
            switch (use.kind()) {
                case READ, ASK, LOOK -> {}
                case WRITE -> written.add(use.path());
                case RENAME, LINK -> written.add(use.to());
            }
        }
        ofMade = observation.uses().stream()
                .filter(use -> use.kind() != Observation.Kind.LOOK && use.kind() != Observation.Kind.ASK)
                .filter(use -> use.kind() != Observation.Kind.READ || isBelow(use.path(), written))
                .toList();
    }

    /** {@return whether a file or a directory that it is in is among these} */
    private static boolean isBelow(String path, Set<String> files) {
        for (int end = path.length(); end > 0; end = path.lastIndexOf('/', end - 1)) {
            if (files.contains(path.substring(0, end))) {
                return true;
            }
        }
        return false;
    }

    /** {@return what the build did with what it made} */
    List<Use> usesOfMade() {
        return ofMade;
    }

    static PartInBuild of(BuiltCopy copy) throws IOException {
        Observation observation = copy.observation();
        return new PartInBuild(
                observation,
                RecordedPrograms.of(copy.records(), observation, copy.mounts()),
                copy.tree().toRealPath());
    }

    RecordedPrograms programs() {
        return programs;
    }

    /** {@return every path of the source that a program of the build asked for or looked at} */
    Set<String> used() {
        return relative(Set.of(Observation.Kind.values()), tree);
    }

    /** {@return every path of the source whose contents a program of the build read} */
    Set<String> read() {
        return relative(Set.of(Observation.Kind.READ), tree);
    }

    private Set<String> relative(Set<Observation.Kind> kinds, Path root) {
        String prefix = root + "/";
        Set<String> paths = new TreeSet<>();
        for (Use use : observation.uses()) {
            if (kinds.contains(use.kind()) && use.path().startsWith(prefix)) {
                paths.add(use.path().substring(prefix.length()));
            }
        }
        return paths;
    }

    /** {@return the files that the command of an object read, and did not make itself} */
    Map<Path, Set<Path>> readFor() {
        Map<Path, Set<Path>> read = new HashMap<>();
        Map<String, Set<String>> own = new HashMap<>();
        for (Use use : observation.uses()) {
            String group = groupOf(use.program());
            if (use.kind() == Observation.Kind.WRITE) {
                own.computeIfAbsent(group, key -> new HashSet<>()).add(use.path());
            }
        }
        for (Use use : observation.uses()) {
            boolean reads = use.kind() == Observation.Kind.READ && use.path().startsWith(tree + "/");
            if (reads && !own.getOrDefault(groupOf(use.program()), Set.of()).contains(use.path())) {
                programs.commandOf(use.program())
                        .map(programs::recorded)
                        .ifPresent(recorded -> recorded.objects()
                                .forEach(object -> read.computeIfAbsent(object, key -> new HashSet<>())
                                        .add(Path.of(use.path()))));
            }
        }
        return read;
    }

    /** {@return every path of the source that compilers read, and no other program of the build} */
    Set<String> onlyCompiled() {
        Set<String> compiled = new TreeSet<>();
        Set<String> others = new TreeSet<>();
        String prefix = tree + "/";
        for (Use use : observation.uses()) {
            if (use.kind() == Observation.Kind.READ && use.path().startsWith(prefix)) {
                Set<String> kind = roleOf(use.program()) == Role.COMPILES ? compiled : others;
                kind.add(use.path().substring(prefix.length()));
            }
        }
        compiled.removeAll(others);
        return isUnknown() ? Set.of() : compiled;
    }

    /** {@return whether it is not known what takes part} */
    boolean isUnknown() {
        return observation.unknown().isPresent();
    }

    /** {@return what becomes of the build when these files change} */
    Change judge(List<ChangedSource> sources) {
        if (sources.isEmpty()) {
            return new Change.InPlace(Set.of(), Set.of(), false);
        }
        if (isUnknown()) {
            return new Change.Again(observation.unknown().orElseThrow());
        }
        for (ChangedSource changed : sources) {
            if (!changed.path().chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
                return new Change.Again(changed.path() + " has a name that not all programs write alike");
            }
        }
        return new FollowChange(this, sources).run();
    }

    /** {@return all that is made from an object, as far as it is only joined with others} */
    Set<String> madeFrom(Path object) {
        Set<String> files = new HashSet<>(Set.of(object.toString()));
        if (!Files.isRegularFile(object)) {
            // A temporary one: what counts is what its command made of it.
            for (Use use : observation.uses()) {
                boolean own = use.kind() == Observation.Kind.WRITE
                        && programs.commandOf(use.program()).isPresent()
                        && objectsOf(use.program()).contains(object);
                if (own) {
                    files.add(use.path());
                }
            }
        }
        return FollowChange.madeFrom(this, files);
    }

    /** {@return whether a linker reads a linked program or shared library there, to link against it} */
    boolean isLinkedAgainst(Use use) {
        Path file = Path.of(use.path());
        Optional<Recorded> command = programs.commandOf(use.program()).map(programs::recorded);
        boolean links = command.isPresent()
                && command.get().role() == Role.JOINS
                && !command.get().command().isArchiver()
                && command.get().command().arguments().stream()
                        // A file of any kind may be taken for data.
                        .noneMatch(word -> word.contains("binary"));
        if (!links || use.kind() != Observation.Kind.READ || !Files.isRegularFile(file)) {
            return false;
        }
        try {
            return ElfFile.read(file).header().type() == Elf.ET_DYN;
        } catch (LivePatchException e) {
            // No ELF file at all.
            return false;
        }
    }

    Observation observation() {
        return observation;
    }

    Path tree() {
        return tree;
    }

    /** {@return the recorded command that a program belongs to, as it counts here} */
    Role roleOf(int program) {
        return roles.computeIfAbsent(
                program,
                number -> programs.commandOf(number)
                        .map(programs::recorded)
                        .map(Recorded::role)
                        .orElseGet(
                                () -> CopyingTools.are(observation.programs().get(number)) ? Role.JOINS : Role.OTHER));
    }

    /** {@return what tells the programs of one command from others} */
    String groupOf(int program) {
        return programs.commandOf(program).orElse("program " + program);
    }

    /** {@return the programs that ran before in the process of the one that a group began with} */
    List<Integer> beforeIn(int program) {
        List<Integer> before = new ArrayList<>();
        String group = groupOf(program);
        Program one = observation.programs().get(program);
        while (one != null && (one.sameProcess() || groupOf(one.number()).equals(group))) {
            one = observation.programs().get(one.parent());
            if (one != null && !groupOf(one.number()).equals(group)) {
                before.add(one.number());
            }
        }
        return before;
    }

    Set<Path> objectsOf(int program) {
        return new LinkedHashSet<>(
                programs.recorded(programs.commandOf(program).orElseThrow()).objects());
    }

    Set<String> rulesOf(int program) {
        return programs.commandOf(program)
                .map(programs::recorded)
                .map(Recorded::rules)
                .orElse(Set.of());
    }
}
