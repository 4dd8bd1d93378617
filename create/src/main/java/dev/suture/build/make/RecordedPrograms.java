package dev.suture.build.make;

import dev.suture.build.watch.Observation;
import dev.suture.build.watch.Observation.Program;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which observed programs belong to which recorded command: the compiler that was called, and all that it started.
 *
 * <p>The program that writes a record is the script in front of a tool, which then becomes the tool. A script in front of
 * an assembler or linker writes down the call of the compiler that started it, which is above it.
 */
final class RecordedPrograms {
    /** What a recorded command is to the build. */
    enum Role {
        /** Makes objects that are still there, of which no later command made another version. */
        COMPILES,
        /** Joins what it reads into files, and does nothing else. */
        JOINS,
        OTHER
    }

    /**
     * A recorded command.
     *
     * @param command how it was called
     * @param role what it is
     * @param objects what it compiled
     * @param rules where it wrote what it reads, as rules of make
     */
    record Recorded(RecordedCommand command, Role role, Set<Path> objects, Set<String> rules) {}

    private final Observation observation;
    private final Map<String, Recorded> records = new LinkedHashMap<>();
    private final Map<Integer, String> roots = new HashMap<>();
    private final Map<Integer, Optional<String>> commands = new HashMap<>();

    private RecordedPrograms(Observation observation) {
        this.observation = observation;
    }

    /**
     * {@return the programs of a build}
     *
     * @param directory where its records are
     */
    static RecordedPrograms of(Path directory, Observation observation, Mounts mounts) throws IOException {
        RecordedPrograms work = new RecordedPrograms(observation);
        work.readRecords(directory, mounts);
        work.findRoots(directory.toRealPath() + "/");
        return work;
    }

    /** {@return the command that a program belongs to, by the name of its record} */
    Optional<String> commandOf(int program) {
        Optional<String> known = commands.get(program);
        if (known == null) {
            Program one = observation.programs().get(program);
            known = roots.containsKey(program)
                    ? Optional.of(roots.get(program))
                    : one == null || one.parent() == 0 ? Optional.empty() : commandOf(one.parent());
            commands.put(program, known);
        }
        return known;
    }

    Recorded recorded(String record) {
        return records.get(record);
    }

    /** {@return whether any program of a compiled object's command was seen} */
    boolean isObserved(Path object) {
        return roots.values().stream().anyMatch(record -> {
            Recorded recorded = records.get(record);
            return recorded.role() == Role.COMPILES && recorded.objects().contains(object);
        });
    }

    private void readRecords(Path directory, Mounts mounts) throws IOException {
        List<Path> files;
        try (Stream<Path> listed = Files.list(directory)) {
            files = listed.sorted().toList();
        }
        Map<String, RecordedCommand> read = new LinkedHashMap<>();
        Map<Path, String> last = new HashMap<>();
        Map<String, ReadCommands> made = new HashMap<>();
        for (Path file : files) {
            List<String> words = List.of(new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\0", -1));
            if (words.size() < 4) {
                continue;
            }
            String name = file.getFileName().toString();
            RecordedCommand command = new RecordedCommand(
                    words.get(0), words.get(1), Path.of(words.get(2)), words.subList(3, words.size() - 1), mounts);
            ReadCommands alone = new ReadCommands();
            alone.add(command);
            read.put(name, command);
            made.put(name, alone);
            alone.compiled().keySet().forEach(object -> last.put(object, name));
        }
        read.forEach((name, command) -> {
            ReadCommands alone = made.get(name);
            Set<Path> objects = Set.copyOf(alone.compiled().keySet());
            records.put(name, new Recorded(command, role(name, command, alone, last), objects, rules(command, alone)));
        });
    }

    private static Role role(String name, RecordedCommand command, ReadCommands alone, Map<Path, String> last) {
        if (!alone.compiled().isEmpty()) {
            boolean kept = alone.compiled().keySet().stream()
                    .allMatch(object -> last.get(object).equals(name)
                            && (Files.isRegularFile(object)
                                    || alone.linked().keySet().stream().anyMatch(Files::isRegularFile)));
            return kept ? Role.COMPILES : Role.OTHER;
        }
        boolean joins = !alone.linked().isEmpty()
                || !alone.archived().isEmpty()
                || command.isArchiver() && isExtractionOrIndex(command.arguments());
        return joins ? Role.JOINS : Role.OTHER;
    }

    /** @see "GNU binutils, ar: x extracts, s writes an index; without v and p nothing is printed" */
    private static boolean isExtractionOrIndex(List<String> arguments) {
        String operation = arguments.isEmpty() ? "" : arguments.getFirst().replace("-", "");
        return operation.matches("[xscuUDo]+");
    }

    /** @see "GCC manual, Preprocessor Options, -MD, -MF" */
    private static Set<String> rules(RecordedCommand command, ReadCommands alone) {
        Set<String> rules = new HashSet<>();
        List<String> words = command.arguments();
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            String file = "";
            if (word.equals("-MF") && i + 1 < words.size()) {
                file = words.get(i + 1);
            } else if (word.startsWith("-MF")) {
                file = word.substring("-MF".length());
            } else if (word.startsWith("-Wp,-MD,") || word.startsWith("-Wp,-MMD,")) {
                file = word.substring(word.indexOf(",", "-Wp,".length()) + 1);
            } else if (word.equals("-MD") || word.equals("-MMD")) {
                alone.compiled().values().forEach(step -> {
                    rules.add(withEnding(step.object()));
                    rules.add(command.at(Path.of(withEnding(step.source()))
                                    .getFileName()
                                    .toString())
                            .toString());
                });
            }
            if (!file.isEmpty()) {
                rules.add(command.at(file).toString());
            }
        }
        return rules;
    }

    private static String withEnding(Path file) {
        String path = file.toString();
        int dot = path.lastIndexOf('.');
        return (dot > path.lastIndexOf('/') ? path.substring(0, dot) : path) + ".d";
    }

    private void findRoots(String directory) {
        Map<Integer, String> writers = new HashMap<>();
        observation.uses().stream()
                .filter(use ->
                        use.kind() == Observation.Kind.WRITE && use.path().startsWith(directory))
                .forEach(use -> writers.put(use.program(), use.path().substring(directory.length())));
        Map<Integer, Program> became = new HashMap<>();
        observation.programs().values().stream()
                .filter(Program::sameProcess)
                .forEach(program -> became.put(program.parent(), program));
        writers.forEach((writer, record) -> {
            Recorded recorded = records.get(record);
            if (recorded == null) {
                return;
            }
            Program next = became.get(writer);
            if (next != null && isTool(next, recorded.command())) {
                roots.put(next.number(), record);
                return;
            }
            Program above = observation.programs().get(writer);
            while (above != null && !isTool(above, recorded.command())) {
                above = observation.programs().get(above.parent());
            }
            if (above != null) {
                roots.put(above.number(), record);
            }
        });
    }

    private static boolean isTool(Program program, RecordedCommand command) {
        try {
            Path tool = Path.of(command.program());
            return program.called().equals(command.program())
                    || program.file().equals(tool.toRealPath().toString());
        } catch (IOException e) {
            return false;
        }
    }
}
