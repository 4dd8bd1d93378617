package dev.suture.build.make;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What the recorded commands of a build make of what.
 *
 * <p>A later command for the same output counts: {@code make} may compile an object again. Configuration tests are among
 * the records; they make nothing that is linked into a program which is still there.
 */
final class ReadCommands {
    private final Map<Path, CompileStep> compiled = new LinkedHashMap<>();
    private final Map<Path, Set<Path>> linked = new LinkedHashMap<>();
    private final Map<Path, Set<Path>> archived = new LinkedHashMap<>();
    private final Map<Path, RecordedCommand> how = new LinkedHashMap<>();

    /** {@return what the records say} */
    static ReadCommands read(Path records, Mounts mounts) throws IOException {
        ReadCommands commands = new ReadCommands();
        List<Path> files;
        try (Stream<Path> listed = Files.list(records)) {
            files = listed.sorted().toList();
        }
        for (Path file : files) {
            List<String> words = List.of(new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\0", -1));
            // The last NUL is followed by an empty word.
            if (words.size() >= 4) {
                commands.add(new RecordedCommand(
                        words.get(0), words.get(1), Path.of(words.get(2)), words.subList(3, words.size() - 1), mounts));
            }
        }
        return commands;
    }

    /** {@return the steps that compile, by object} */
    Map<Path, CompileStep> compiled() {
        return compiled;
    }

    /** {@return what programs, libraries and joined objects are linked from, by output} */
    Map<Path, Set<Path>> linked() {
        return linked;
    }

    /** {@return the commands that link, by output} */
    Map<Path, RecordedCommand> how() {
        return how;
    }

    /** {@return the members of archives} */
    Map<Path, Set<Path>> archived() {
        return archived;
    }

    /**
     * Adds what a database of compile commands says of objects that no record is of.
     *
     * @param database {@code compile_commands.json}
     * @param tree where the build ran; entries of other places are not this build's
     */
    void addDatabase(Path database, Path tree, Mounts mounts) {
        ReadCommands said = new ReadCommands();
        CompileDatabase.read(database, tree, mounts).forEach(said::addCompiler);
        said.compiled.forEach(compiled::putIfAbsent);
    }

    /** Adds a command; one of a later record counts more than an earlier one. */
    void add(RecordedCommand command) {
        if (command.isArchiver()) {
            addArchive(command);
        } else {
            addCompiler(command);
        }
    }

    private void addArchive(RecordedCommand command) {
        List<String> words = command.arguments().stream()
                .filter(word -> !word.startsWith("-"))
                .toList();
        boolean dashed =
                !command.arguments().isEmpty() && command.arguments().getFirst().startsWith("-");
        int archiveAt = dashed ? 0 : 1;
        String operation =
                command.arguments().isEmpty() ? "" : command.arguments().getFirst();
        boolean adds = operation.contains("r") || operation.contains("q");
        if (words.size() <= archiveAt || !adds) {
            return;
        }
        Set<Path> members = archived.computeIfAbsent(command.at(words.get(archiveAt)), key -> new LinkedHashSet<>());
        words.stream().skip(archiveAt + 1L).forEach(word -> members.add(command.at(word)));
    }

    private void addCompiler(RecordedCommand command) {
        List<String> arguments = expanded(command);
        if (arguments.stream()
                .anyMatch(word -> CommandWords.MAKES_NO_OBJECT.contains(word) || word.startsWith("-print-"))) {
            return;
        }
        String output = "";
        String language = "none";
        Set<String> sources = new LinkedHashSet<>();
        List<String> inputs = new ArrayList<>();
        List<Path> libraries = new ArrayList<>();
        for (int i = 0; i < arguments.size(); i++) {
            String word = arguments.get(i);
            if (word.equals("-o") && i + 1 < arguments.size()) {
                output = arguments.get(++i);
            } else if (word.equals("-x") && i + 1 < arguments.size()) {
                language = arguments.get(++i);
            } else if (word.startsWith("-x") && word.length() > 2) {
                language = word.substring(2);
            } else if (word.startsWith("-L") && word.length() > 2) {
                libraries.add(command.at(word.substring(2)));
            } else if (word.startsWith("-l") && word.length() > 2) {
                String name = word.substring(2);
                libraries.stream()
                        .map(directory -> directory.resolve("lib" + name + ".a"))
                        .filter(archive -> archived.containsKey(archive) || isOnlyArchive(archive))
                        .findFirst()
                        .ifPresent(archive -> inputs.add(archive.toString()));
            } else if (CommandWords.OPTIONS_WITH_ARGUMENT.contains(word)
                    || CommandWords.OTHERS_WITH_ARGUMENT.contains(word)) {
                i++;
            } else if (word.startsWith("-o") && word.length() > 2) {
                output = word.substring(2);
            } else if (!word.startsWith("-")) {
                inputs.add(word);
                if (language.equals("none") ? CommandWords.isSource(word) : !language.endsWith("-header")) {
                    sources.add(word);
                }
            }
        }
        if (inputs.isEmpty()) {
            return;
        }
        addOutput(command, arguments, output, inputs, sources);
    }

    /** {@return whether a linker that looks for the library there finds an archive, by whomever it was made} */
    private static boolean isOnlyArchive(Path archive) {
        String name = archive.getFileName().toString();
        Path shared = archive.resolveSibling(name.substring(0, name.length() - 2) + ".so");
        return Files.isRegularFile(archive) && !Files.exists(shared);
    }

    private void addOutput(
            RecordedCommand command, List<String> arguments, String output, List<String> inputs, Set<String> sources) {
        boolean compiles = arguments.contains("-c");
        Set<Path> parts = new LinkedHashSet<>();
        for (String input : inputs) {
            Path path = command.at(input);
            if (!sources.contains(input)) {
                parts.add(path);
                continue;
            }
            String name = path.getFileName().toString();
            String objectName = withoutEnding(name) + ".o";
            boolean named = compiles && !output.isEmpty();
            Path object = command.at(named ? output : objectName);
            compiled.put(
                    object,
                    new CompileStep(
                            command.program(), command.directory(), arguments, path, input, object, command.mounts()));
            parts.add(object);
        }
        if (!compiles) {
            Path made = command.at(output.isEmpty() ? "a.out" : output);
            if (command.tool().equals("ld")) {
                // Most often called by a compiler, whose own words tell more: what ld gets may be temporary objects.
                linked.computeIfAbsent(made, key -> new LinkedHashSet<>()).addAll(parts);
                how.putIfAbsent(made, command);
            } else {
                linked.put(made, parts);
                how.put(made, command);
            }
        }
    }

    private static String withoutEnding(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    /** {@return the arguments with the contents of response files in their place, as far as these are still there} */
    static List<String> expanded(RecordedCommand command) {
        List<String> arguments = new ArrayList<>();
        for (String argument : command.arguments()) {
            Path file = argument.startsWith("@") ? command.at(argument.substring(1)) : command.directory();
            if (argument.startsWith("@") && Files.isRegularFile(file)) {
                try {
                    String text = Files.readString(file, StandardCharsets.ISO_8859_1);
                    Stream.of(text.strip().split("\\s+"))
                            .map(word -> word.replaceAll("^\"(.*)\"$", "$1"))
                            .forEach(arguments::add);
                } catch (IOException e) {
                    arguments.add(argument);
                }
            } else {
                arguments.add(argument);
            }
        }
        return arguments;
    }
}
