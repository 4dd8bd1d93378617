package dev.suture.build.make;

import dev.suture.build.ChangedSource;
import dev.suture.build.make.PartInBuild.Change;
import dev.suture.build.make.RecordedPrograms.Role;
import dev.suture.build.watch.Observation.Use;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Follows changed files through a build, in the order in which its programs used files: who reads one of them, what that
 * program makes, who reads that.
 */
final class FollowChange {
    private final PartInBuild part;
    private final Map<String, ChangedSource.Kind> changed = new HashMap<>();
    /** Directories in which a name appears or goes. */
    private final Set<String> listed = new HashSet<>();
    /** Directories that there were not. */
    private final Set<String> appearing = new HashSet<>();

    private final Set<Path> objects = new LinkedHashSet<>();
    private final Set<String> read = new HashSet<>();
    private final Map<String, String> looked = new HashMap<>();
    private final Set<String> made = new LinkedHashSet<>();
    private final Set<String> rules = new HashSet<>();
    private final Set<String> reached = new HashSet<>();
    private final Map<String, Set<String>> written = new HashMap<>();
    private boolean sameRules;

    FollowChange(PartInBuild part, List<ChangedSource> sources) {
        this.part = part;
        for (ChangedSource source : sources) {
            Path file = part.tree().resolve(source.path()).normalize();
            changed.put(file.toString(), source.kind());
            if (source.kind() != ChangedSource.Kind.CHANGED) {
                Path directory = file.getParent();
                while (!directory.equals(part.tree()) && !Files.isDirectory(directory)) {
                    appearing.add(directory.toString());
                    directory = directory.getParent();
                }
                listed.add(directory.toString());
            }
        }
    }

    /**
     * {@return all that is made from some files of the build, these included} A linker that reads a shared library takes
     * the library's names, and nothing of what the library is made from.
     */
    static Set<String> madeFrom(PartInBuild part, Set<String> files) {
        FollowChange work = new FollowChange(part, List.of());
        work.made.addAll(files);
        // Who else reads these may do anything; that is not asked here.
        part.usesOfMade().stream().filter(use -> !part.isLinkedAgainst(use)).forEach(work::follow);
        return work.made;
    }

    Change run() {
        for (Use use : part.observation().uses()) {
            Optional<String> why = switch (use.kind()) {
                case READ -> read(use);
                case ASK -> ask(use);
                case LOOK -> look(use);
                case WRITE -> write(use);
                case RENAME, LINK -> name(use);
            };
            if (why.isPresent()) {
                return new Change.Again(why.get());
            }
        }
        for (Map.Entry<String, String> one : looked.entrySet()) {
            if (!read.contains(one.getKey())) {
                return new Change.Again(
                        "%s looks at %s, which nothing reads".formatted(one.getValue(), inTree(one.getKey())));
            }
        }
        return new Change.InPlace(objects, made, sameRules);
    }

    private Optional<String> follow(Use use) {
        return switch (use.kind()) {
            case READ -> read(use);
            case ASK, LOOK -> look(use);
            case WRITE -> write(use);
            case RENAME, LINK -> name(use);
        };
    }

    private String inTree(String path) {
        return path.startsWith(part.tree() + "/")
                ? path.substring(part.tree().toString().length() + 1)
                : path;
    }

    private Optional<String> again(Use use, String does) {
        return Optional.of("%s %s %s".formatted(programOf(use), does, inTree(use.path())));
    }

    private String programOf(Use use) {
        String file = part.observation().programs().get(use.program()).file();
        return file.isEmpty() ? "the build" : inTree(file);
    }

    private Optional<String> read(Use use) {
        Role role = part.roleOf(use.program());
        String path = use.path();
        ChangedSource.Kind kind = changed.get(path);
        if (kind != null) {
            if (role != Role.COMPILES || kind == ChangedSource.Kind.REMOVED) {
                return again(use, "reads");
            }
            read.add(path);
            objects.addAll(part.objectsOf(use.program()));
            reach(use);
            return Optional.empty();
        }
        if (listed.contains(path) && role != Role.COMPILES) {
            return again(use, "lists");
        }
        if (!made.contains(path)) {
            return Optional.empty();
        }
        if (rules.contains(path)) {
            sameRules = true;
            return Optional.empty();
        }
        boolean own =
                written.getOrDefault(part.groupOf(use.program()), Set.of()).contains(path);
        return switch (role) {
            case JOINS -> {
                reach(use);
                yield Optional.empty();
            }
            case COMPILES -> own ? Optional.empty() : again(use, "reads");
            case OTHER -> again(use, "reads or runs");
        };
    }

    /** From here on, all that the program's command writes is made from what changes. */
    private void reach(Use use) {
        String group = part.groupOf(use.program());
        if (reached.add(group)) {
            written.getOrDefault(group, Set.of()).forEach(path -> make(path, use));
            // What a shell opened before it became the tool is where the tool's words go.
            for (int before : part.beforeIn(use.program())) {
                written.getOrDefault(part.groupOf(before), Set.of()).forEach(path -> make(path, use));
            }
        }
    }

    private void make(String path, Use use) {
        made.add(path);
        if (part.rulesOf(use.program()).contains(path)) {
            rules.add(path);
        }
    }

    /** A file that only changes is there before and after, and may be used as before. */
    private Optional<String> ask(Use use) {
        return changed.get(use.path()) == ChangedSource.Kind.CHANGED ? Optional.empty() : look(use);
    }

    private Optional<String> look(Use use) {
        String path = use.path();
        ChangedSource.Kind kind = changed.get(path);
        boolean compiles = part.roleOf(use.program()) == Role.COMPILES;
        if (kind == null) {
            return appearing.contains(path) && !compiles ? again(use, "looks for") : Optional.empty();
        }
        switch (kind) {
            case CHANGED -> looked.putIfAbsent(path, programOf(use));
            case NEW -> {
                if (!compiles) {
                    return again(use, "looks for");
                }
                objects.addAll(part.objectsOf(use.program()));
                read.add(path);
                reach(use);
            }
            case REMOVED -> {
                return again(use, "looks at");
            }
        }
        return Optional.empty();
    }

    private Optional<String> write(Use use) {
        if (changed.containsKey(use.path())) {
            return again(use, "writes");
        }
        String group = part.groupOf(use.program());
        written.computeIfAbsent(group, key -> new HashSet<>()).add(use.path());
        if (reached.contains(group)) {
            make(use.path(), use);
        }
        return Optional.empty();
    }

    private Optional<String> name(Use use) {
        String below = use.path() + "/";
        boolean touches = changed.keySet().stream()
                .anyMatch(path -> path.equals(use.path())
                        || path.equals(use.to())
                        || path.startsWith(below)
                        || path.startsWith(use.to() + "/"));
        if (touches) {
            return again(use, "gives another name to");
        }
        for (Set<String> kind : List.of(made, rules)) {
            if (kind.contains(use.path())) {
                kind.add(use.to());
            }
            List<String> moved =
                    kind.stream().filter(path -> path.startsWith(below)).toList();
            moved.forEach(path -> kind.add(use.to() + path.substring(use.path().length())));
        }
        if (reached.contains(part.groupOf(use.program()))) {
            made.add(use.to());
        }
        return Optional.empty();
    }
}
