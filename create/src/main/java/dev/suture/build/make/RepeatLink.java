package dev.suture.build.make;

import dev.suture.build.ChildProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Links a program once more by the very command that linked it, to another place and with other objects in the place of
 * some.
 *
 * <p>An object may be a word of the command, a member of an archive, or a part of an object that was itself joined from
 * several; archives and joined objects are made anew beside the build's. For example {@code gcc -o prog main.o -L. -lutil}
 * becomes {@code gcc -o NEW main.o -L. NEW/0.a} where {@code libutil.a} has an object that is replaced.
 */
final class RepeatLink {
    /** How a compiler is asked, and how a linker is. */
    private static final List<String> ASKING = List.of("-Wl,--trace", "--trace");

    private static final Pattern MEMBER = Pattern.compile("\\((.+)\\)[^()]*|(.+)\\([^()]*\\)");

    private final ReadCommands commands;
    private final Mounts mounts;
    private final Path directory;
    private final Map<Path, Path> replaced;
    private final Set<Path> used = new HashSet<>();
    private final Map<Path, Optional<Path>> made = new HashMap<>();
    /** What the linker read; empty if it is not asked, or does not say. */
    private Optional<Set<Path>> inputs = Optional.empty();

    private int files;

    private RepeatLink(ReadCommands commands, Mounts mounts, Path directory, Map<Path, Path> replaced)
            throws IOException {
        this.commands = commands;
        this.mounts = mounts;
        this.directory = Files.createDirectories(directory);
        this.replaced = new LinkedHashMap<>();
        for (Map.Entry<Path, Path> one : replaced.entrySet()) {
            this.replaced.put(real(one.getKey()), one.getValue());
        }
    }

    /**
     * Links.
     *
     * @param commands of the build
     * @param program what the build linked
     * @param directory a place for files
     * @param mounts what the linker sees where
     * @param replaced by what, by the object that the build made
     * @param more objects to add
     * @return the linked program
     * @throws CannotLinkException if the command was not recorded, fails, or does not take one of the objects
     */
    static Path link(
            ReadCommands commands,
            Path program,
            Path directory,
            Mounts mounts,
            Map<Path, Path> replaced,
            List<Path> more)
            throws IOException, CannotLinkException {
        RepeatLink work = new RepeatLink(commands, mounts, directory, replaced);
        Path linked = output(directory, program);
        work.run(program, linked, more);
        work.checkUsed(program);
        return linked;
    }

    /** A library without a name of its own has that of its file among the versions that it defines. */
    private static Path output(Path directory, Path program) throws IOException {
        return Files.createDirectories(directory.resolve("linked")).resolve(program.getFileName());
    }

    private void checkUsed(Path program) throws CannotLinkException {
        for (Path object : replaced.keySet()) {
            if (!used.contains(object)) {
                throw new CannotLinkException("%s is not among what %s is linked from"
                        .formatted(object.getFileName(), program.getFileName()));
            }
        }
    }

    /**
     * What was linked.
     *
     * @param file the program
     * @param inputs what the linker read, archives as a whole; empty if it does not say
     */
    record Traced(Path file, Optional<List<Path>> inputs) {}

    /** The same as {@link #link}, asking the linker what it reads: libraries that it finds by itself are among that. */
    static Traced linkTraced(
            ReadCommands commands,
            Path program,
            Path directory,
            Mounts mounts,
            Map<Path, Path> replaced,
            List<Path> more)
            throws IOException, CannotLinkException {
        RepeatLink work = new RepeatLink(commands, mounts, directory, replaced);
        work.inputs = Optional.of(new LinkedHashSet<>());
        Path linked = output(directory, program);
        work.run(program, linked, more);
        work.checkUsed(program);
        return new Traced(linked, work.inputs.map(List::copyOf));
    }

    private static Path real(Path path) throws IOException {
        return Files.exists(path) ? path.toRealPath() : path.normalize();
    }

    private void run(Path output, Path to, List<Path> more) throws IOException, CannotLinkException {
        RecordedCommand recorded = commands.how().get(output);
        if (recorded == null) {
            throw new CannotLinkException("how %s is linked could not be recorded".formatted(output.getFileName()));
        }
        List<String> command = new ArrayList<>(List.of(recorded.program()));
        command.addAll(arguments(recorded, to));
        more.forEach(object -> command.add(object.toString()));
        List<String> said = new ArrayList<>();
        if (!asked(recorded, command, to) && !succeeds(recorded, command, to, said::add)) {
            throw new CannotLinkException("linking %s once more failed: %s"
                    .formatted(output.getFileName(), said.stream().limit(3).collect(Collectors.joining("; "))));
        }
    }

    private boolean succeeds(RecordedCommand recorded, List<String> command, Path to, Consumer<String> said) {
        int status = recorded.mounts()
                .run(false, command, recorded.directory(), Map.of("LC_ALL", "C"), directory.resolve("link.log"), said);
        return status == 0 && Files.isRegularFile(to);
    }

    /** {@return whether it was linked, and said of what} What one of them does not say nobody knows. */
    private boolean asked(RecordedCommand recorded, List<String> command, Path to) {
        for (String asking : inputs.isPresent() ? ASKING : List.<String>of()) {
            List<String> said = new ArrayList<>();
            List<String> words = new ArrayList<>(command);
            words.add(asking);
            if (succeeds(recorded, words, to, said::add)) {
                Set<Path> read = read(said, recorded);
                inputs = read.isEmpty() ? Optional.empty() : inputs;
                inputs.ifPresent(all -> all.addAll(read));
                return true;
            }
        }
        inputs = Optional.empty();
        return false;
    }

    /** A member of an archive is named with the archive, before it or behind it. */
    private static Set<Path> read(List<String> said, RecordedCommand recorded) {
        Set<Path> read = new LinkedHashSet<>();
        for (String line : said) {
            Matcher member = MEMBER.matcher(line);
            String name = !member.matches() ? line : member.group(1) != null ? member.group(1) : member.group(2);
            Path file = recorded.at(name.strip());
            if (!name.isBlank() && Files.isRegularFile(file)) {
                read.add(file);
            }
        }
        return read;
    }

    private List<String> arguments(RecordedCommand recorded, Path to) throws IOException, CannotLinkException {
        List<String> words = ReadCommands.expanded(recorded);
        List<String> arguments = new ArrayList<>();
        List<Path> libraries = new ArrayList<>();
        boolean named = false;
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            boolean last = i + 1 == words.size();
            if (word.equals("-o") && !last) {
                arguments.addAll(List.of("-o", to.toString()));
                named = true;
                i++;
            } else if (word.startsWith("-o") && word.length() > 2) {
                arguments.add("-o" + to);
                named = true;
            } else if (word.equals("-L") && !last) {
                libraries.add(recorded.at(words.get(i + 1)));
                arguments.addAll(List.of(word, words.get(++i)));
            } else if (word.startsWith("-L")) {
                libraries.add(recorded.at(word.substring(2)));
                arguments.add(word);
            } else if (word.startsWith("-l") && word.length() > 2) {
                arguments.add(library(word, libraries));
            } else if (word.startsWith("-Wl,")) {
                arguments.add(parts(word, recorded));
            } else if (word.equals("-Xlinker") && !last) {
                arguments.addAll(List.of(word, input(words.get(++i), recorded)));
            } else if (takesNext(word) && !last) {
                arguments.addAll(List.of(word, words.get(++i)));
            } else {
                arguments.add(word.startsWith("-") ? word : input(word, recorded));
            }
        }
        if (!named) {
            arguments.addAll(List.of("-o", to.toString()));
        }
        return arguments;
    }

    private static boolean takesNext(String word) {
        return CommandWords.OPTIONS_WITH_ARGUMENT.contains(word) || CommandWords.OTHERS_WITH_ARGUMENT.contains(word);
    }

    private String parts(String word, RecordedCommand at) throws IOException, CannotLinkException {
        List<String> parts = new ArrayList<>();
        for (String part : word.split(",", -1)) {
            parts.add(part.isEmpty() || part.startsWith("-") ? part : input(part, at));
        }
        return String.join(",", parts);
    }

    /** The first directory that has the library in either form decides, as for the linker. */
    private String library(String word, List<Path> libraries) throws IOException, CannotLinkException {
        String name = word.substring(2);
        boolean whole = name.startsWith(":");
        for (Path place : libraries) {
            if (!whole && Files.exists(place.resolve("lib" + name + ".so"))) {
                return word;
            }
            Path archive = place.resolve(whole ? name.substring(1) : "lib" + name + ".a");
            if (Files.isRegularFile(archive)) {
                return other(archive).map(Path::toString).orElse(word);
            }
        }
        return word;
    }

    private String input(String word, RecordedCommand at) throws IOException, CannotLinkException {
        Path path = at.at(word);
        if (CommandWords.isSource(word)) {
            String name = path.getFileName().toString();
            path = at.at(name.substring(0, name.lastIndexOf('.')) + ".o");
        }
        return other(path).map(Path::toString).orElse(word);
    }

    /** {@return what takes the place of an input; empty if it stays} */
    private Optional<Path> other(Path input) throws IOException, CannotLinkException {
        Path path = real(input);
        if (replaced.containsKey(path)) {
            used.add(path);
            return Optional.of(replaced.get(path));
        }
        Optional<Path> known = made.get(path);
        if (known == null) {
            known = make(path, input.normalize());
            made.put(path, known);
        }
        return known;
    }

    private Optional<Path> make(Path path, Path asNamed) throws IOException, CannotLinkException {
        Path to = directory.resolve(files++ + (CommandWords.isObject(path.toString()) ? ".o" : ".a"));
        if (ReplaceMembers.isArchive(path)) {
            if (!ReplaceMembers.write(path, to, replaced, used, mounts)) {
                return Optional.empty();
            }
            int status = ChildProcess.run(
                    List.of("ranlib", to.toString()),
                    directory,
                    Map.of("LC_ALL", "C"),
                    mounts.directory().toString(),
                    directory.resolve("link.log"),
                    line -> {});
            if (status != 0) {
                throw new CannotLinkException("ranlib failed for %s".formatted(path.getFileName()));
            }
            return Optional.of(to);
        }
        boolean joined =
                CommandWords.isObject(path.toString()) && commands.how().containsKey(asNamed);
        if (joined && isMadeFromReplaced(asNamed, new HashSet<>())) {
            run(asNamed, to, List.of());
            return Optional.of(to);
        }
        return Optional.empty();
    }

    private boolean isMadeFromReplaced(Path output, Set<Path> seen) throws IOException {
        if (!seen.add(output)) {
            return false;
        }
        for (Path part : commands.linked().getOrDefault(output, Set.of())) {
            if (replaced.containsKey(real(part)) || isMadeFromReplaced(part, seen)) {
                return true;
            }
        }
        return false;
    }
}
