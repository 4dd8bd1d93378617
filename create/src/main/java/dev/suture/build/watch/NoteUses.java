package dev.suture.build.watch;

import dev.suture.build.watch.Observation.Kind;
import dev.suture.build.watch.Observation.Program;
import dev.suture.build.watch.Observation.Use;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Collects an {@link Observation}: what is read below the directories that count, all that is written anywhere, and what
 * is read of that.
 */
final class NoteUses {
    /** Kernel's own, in which nothing of a build is kept. */
    private static final List<String> NO_FILES = List.of("/dev/null", "/dev/tty", "/proc/");

    /** Where {@code e_type} ends in the header of an ELF file. */
    private static final int TYPE_END = 18;

    private static final int ET_REL = 1;

    private record Seen(Kind kind, String path, int state) {}

    private final List<String> roots;
    private final Map<Integer, Program> programs = new HashMap<>();
    private final List<Use> uses = new ArrayList<>();
    private final Map<Integer, Set<Seen>> seen = new HashMap<>();
    private final Map<String, Boolean> objects = new HashMap<>();
    /** How often a file was written. */
    private final Map<String, Integer> states = new HashMap<>();

    private Optional<String> unknown = Optional.empty();

    /** @param roots real paths of the directories that count */
    NoteUses(List<String> roots) {
        this.roots = roots.stream().map(root -> root + "/").toList();
    }

    void setUnknown(String why) {
        unknown = unknown.or(() -> Optional.of(why));
    }

    int add(int parent, boolean sameProcess, String file, String called) {
        int number = programs.size() + 1;
        programs.put(number, new Program(number, parent, sameProcess, file, called));
        return number;
    }

    /** {@return the number of a new process that runs the program of its parent} */
    int child(int parent) {
        Program program = programs.get(parent);
        return add(parent, false, program.file(), program.called());
    }

    /** Notes a directory that is made, wherever that is; it says nothing of what is made in there. */
    void tryToMake(int program, String path) {
        note(program, Kind.LOOK, path, "", true);
    }

    void note(int program, Kind kind, String path, String to) {
        note(program, kind, path, to, kind == Kind.READ && isObject(path));
    }

    /** {@return whether a file is what a compiler made, which some keep to make it only once} */
    private boolean isObject(String path) {
        return objects.computeIfAbsent(path, key -> {
            Path file = Path.of(key);
            if (!Files.isRegularFile(file)) {
                return false;
            }
            try (InputStream stream = Files.newInputStream(file)) {
                byte[] start = stream.readNBytes(TYPE_END);
                return start.length == TYPE_END
                        && start[0] == 0x7f
                        && start[1] == 'E'
                        && start[2] == 'L'
                        && start[3] == 'F'
                        && start[TYPE_END - 2] == ET_REL;
            } catch (IOException e) {
                return false;
            }
        });
    }

    private void note(int program, Kind kind, String path, String to, boolean anywhere) {
        boolean writes = switch (kind) {
            case READ, ASK, LOOK -> false;
            case WRITE, RENAME, LINK -> true;
        };
        boolean counts = anywhere
                || roots.stream().anyMatch((path + "/")::startsWith)
                || (kind != Kind.LOOK && kind != Kind.ASK && states.containsKey(path));
        if (unknown.isPresent() || !counts && !writes || NO_FILES.stream().anyMatch(path::startsWith)) {
            return;
        }
        if (path.indexOf('\n') >= 0 || to.indexOf('\n') >= 0) {
            setUnknown("a file has a line end in its name");
            return;
        }
        if (kind == Kind.RENAME) {
            // What was below it has other names from here on.
            String below = path + "/";
            List<String> moved = states.keySet().stream()
                    .filter(file -> file.startsWith(below))
                    .toList();
            moved.forEach(file -> states.merge(to + file.substring(path.length()), 1, Integer::sum));
        }
        boolean isNew = seen.computeIfAbsent(program, key -> new HashSet<>())
                .add(new Seen(kind, path + "\0" + to, states.getOrDefault(path, 0)));
        if (isNew || kind == Kind.RENAME || kind == Kind.LINK) {
            uses.add(new Use(program, kind, path, to));
        }
        if (writes) {
            states.merge(kind == Kind.WRITE ? path : to, 1, Integer::sum);
        }
    }

    Observation observation() {
        Set<Integer> needed = new HashSet<>();
        for (Use use : uses) {
            for (int program = use.program(); program != 0 && needed.add(program); ) {
                program = programs.get(program).parent();
            }
        }
        Map<Integer, Program> kept = new HashMap<>();
        needed.forEach(number -> kept.put(number, programs.get(number)));
        return new Observation(unknown, kept, uses);
    }
}
