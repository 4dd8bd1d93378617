package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The objects of the program in one built copy of its source: what each is made from, and how it is compiled once more
 * with a section for each function and variable. Objects are known by their path in the copy, in which two copies agree.
 */
final class Reached {
    private final MakeBuildRequest request;
    private final BuiltCopy copy;
    private final Path tree;
    private final Path workDirectory;
    private final CompileObjects compiler;
    private final ReadCommands commands;
    private final Path program;
    private final Map<String, CompileStep> linked = new LinkedHashMap<>();
    private final Map<String, Set<Path>> inputs = new LinkedHashMap<>();
    private final Map<String, Set<String>> included = new LinkedHashMap<>();
    private final PartInBuild part;
    private final CheckPlace place;

    /**
     * Finds the objects.
     *
     * @throws LivePatchException if the build made nothing like the program
     */
    Reached(MakeBuildRequest request, BuiltCopy copy, Path workDirectory) throws IOException {
        this.request = request;
        this.copy = copy;
        this.workDirectory = workDirectory;
        tree = copy.tree().toRealPath();
        compiler = new CompileObjects(copy.mounts(), copy.time(), workDirectory.resolve("compile.log"), request.jobs());
        commands = copy.commands();
        part = PartInBuild.of(copy);
        place = new CheckPlace(part, copy.source(), request.command(), copy.mounts());
        place.checkCompiled(commands);
        LinkedObjects.Twin twin = LinkedObjects.of(commands, request.image(), request.command(), copy);
        program = twin.file();
        List<CompileStep> steps = twin.steps();
        List<Set<Path>> files = compiler.inputs(steps, step -> cached("inputs", step, ".d"));
        Map<Path, Set<Path>> observed = part.readFor();
        for (int i = 0; i < steps.size(); i++) {
            CompileStep step = steps.get(i);
            linked.put(name(step), step);
            included.put(name(step), inSource(files.get(i)));
            Set<Path> all = new LinkedHashSet<>(files.get(i));
            all.addAll(observed.getOrDefault(step.object(), Set.of()));
            inputs.put(name(step), all);
        }
    }

    /** {@return what takes part in the build of this copy} */
    PartInBuild part() {
        return part;
    }

    /** {@return the objects that are not what their recorded commands compile, by name} */
    List<String> notCompiledAlike(List<CompileStep> steps) throws IOException {
        List<CompileStep> there = steps.stream()
                .filter(step -> Files.isRegularFile(step.object()))
                .toList();
        try {
            compiler.compile(there, step -> cached("again", step, ".o"), List.of());
        } catch (BuildFailedException e) {
            // Those that there is nothing of are not alike.
        }
        List<String> names = new ArrayList<>();
        for (CompileStep step : there) {
            Path again = cached("again", step, ".o");
            if (!Files.exists(again) || !SameObject.are(step.object(), again)) {
                names.add(name(step));
            }
        }
        return names;
    }

    CheckPlace place() {
        return place;
    }

    /** Makes sure that a patch of these files is one of the program. */
    void checkSources(Collection<String> paths) {
        Set<String> all = new HashSet<>(part.used());
        all.addAll(used());
        place.checkSources(linked.values(), paths, all);
    }

    /** {@return how objects are compiled that the program is not linked from} */
    List<CompileStep> others(Set<Path> objects) {
        return objects.stream()
                .flatMap(object -> Optional.ofNullable(commands.compiled().get(object)).stream())
                .filter(step -> !linked.containsValue(step))
                .toList();
    }

    /** Notes what objects include now, for {@link #includeTheSame}. */
    void noteIncluded(List<CompileStep> steps) {
        List<Set<Path>> files = compiler.inputs(steps, step -> cached("inputs", step, ".d"));
        for (int i = 0; i < steps.size(); i++) {
            included.put(name(steps.get(i)), inSource(files.get(i)));
        }
    }

    /** {@return whether objects include the same files of the source as when the copy was built} */
    boolean includeTheSame(List<CompileStep> steps) {
        List<Set<Path>> now = compiler.inputs(steps, step -> inWork("rules", step));
        for (int i = 0; i < steps.size(); i++) {
            Set<String> before = included.get(name(steps.get(i)));
            if (before == null || !before.equals(inSource(now.get(i)))) {
                return false;
            }
        }
        return true;
    }

    CompileObjects compiler() {
        return compiler;
    }

    ReadCommands commands() {
        return commands;
    }

    /** {@return the program in this copy} */
    Path program() {
        return program;
    }

    BuiltCopy copy() {
        return copy;
    }

    /** {@return the real path of the copy's root} */
    Path tree() {
        return tree;
    }

    Path workDirectory() {
        return workDirectory;
    }

    /** {@return the steps of all objects of the program} */
    List<CompileStep> steps() {
        return List.copyOf(linked.values());
    }

    /** {@return how sources are compiled that the build knows nothing of} */
    List<CompileStep> added(List<String> sources, List<CompileStep> reached) {
        return AddedSteps.of(sources, tree, reached, List.copyOf(linked.values()));
    }

    /** {@return what messages call the object} */
    String name(CompileStep step) {
        return step.object().startsWith(tree)
                ? tree.relativize(step.object()).toString()
                : step.object().getFileName().toString();
    }

    /** {@return the source of an object, as messages call it} */
    String input(CompileStep step) {
        Path source = step.source();
        return (source.startsWith(tree) ? tree.relativize(source) : source).toString();
    }

    /** {@return how the object of that name is compiled} */
    Optional<CompileStep> named(String name) {
        return Optional.ofNullable(linked.get(name));
    }

    /** {@return every file of the source that an object of the program is made from} */
    Set<String> used() {
        Set<String> used = new HashSet<>();
        inputs.values().forEach(files -> used.addAll(inSource(files)));
        return used;
    }

    private Set<String> inSource(Set<Path> files) {
        Set<String> paths = new HashSet<>();
        files.stream()
                .filter(file -> file.startsWith(tree))
                .forEach(file -> paths.add(tree.relativize(file).toString()));
        return paths;
    }

    /** {@return the objects of the program that are among these or are made from one of these files} */
    List<CompileStep> madeFrom(Set<String> paths, Set<Path> objects) {
        return linked.entrySet().stream()
                .filter(entry -> objects.contains(entry.getValue().object())
                        || inSource(inputs.get(entry.getKey())).stream().anyMatch(paths::contains))
                .map(Map.Entry::getValue)
                .toList();
    }

    /** {@return the objects that the other copy does not have, or makes by other commands or from other texts} */
    List<CompileStep> stepsThatDifferFrom(Reached other) throws IOException {
        List<CompileStep> steps = new ArrayList<>();
        for (Map.Entry<String, CompileStep> entry : linked.entrySet()) {
            Optional<CompileStep> twin = other.named(entry.getKey());
            if (twin.isEmpty()
                    || !command(entry.getValue()).equals(other.command(twin.get()))
                    || !hasSameInputs(entry.getKey(), other)
                    || !SameFiles.same(
                            entry.getValue().object(), tree, twin.get().object(), other.tree)) {
                steps.add(entry.getValue());
            }
        }
        return steps;
    }

    /** {@return the command, with the place of the copy taken out} */
    List<String> command(CompileStep step) {
        List<String> words =
                new ArrayList<>(List.of(step.compiler(), step.directory().toString()));
        words.addAll(step.arguments());
        return words.stream()
                .map(word ->
                        word.replace(tree.toString(), "").replace(copy.tree().toString(), ""))
                .toList();
    }

    private boolean hasSameInputs(String name, Reached other) throws IOException {
        Set<String> own = inSource(inputs.get(name));
        if (!own.equals(other.inSource(other.inputs.get(name)))) {
            return false;
        }
        for (String path : own) {
            Path here = tree.resolve(path);
            Path there = other.tree.resolve(path);
            if (Files.isDirectory(here) && Files.isDirectory(there)) {
                // What is in it is among the inputs itself where it was read.
                continue;
            }
            boolean both = Files.exists(here) && Files.exists(there);
            if (both ? Files.mismatch(here, there) >= 0 : Files.exists(here) != Files.exists(there)) {
                return false;
            }
        }
        return true;
    }

    /** Compiles objects to where {@link #object} says, those that are not there yet. */
    void compile(List<CompileStep> steps) {
        compiler.compile(steps, this::object, request.applied().isEmpty() ? sectionFlags() : flagsWithAdded());
    }

    /** Compiles objects to where {@link #patched} says. */
    void compilePatched(List<CompileStep> steps) {
        compiler.compile(steps, this::patched, flagsWithAdded());
    }

    private List<String> flagsWithAdded() {
        List<String> flags = new ArrayList<>(sectionFlags());
        flags.addAll(
                List.of("-idirafter", tree.resolve(MakeBuild.ADDED + "include").toString()));
        return flags;
    }

    /**
     * Options that change where code is put and not what it does: each function and variable in a section of its own,
     * debug information, and the names of the user's directory instead of the copy's.
     */
    List<String> sectionFlags() {
        List<String> flags = new ArrayList<>(List.of(
                "-ffunction-sections",
                "-fdata-sections",
                "-g",
                "-Wno-error",
                "-ffile-prefix-map=%s=%s".formatted(tree, copy.source())));
        if (request.reachesFar()) {
            flags.add("-mno-direct-extern-access");
        }
        return flags;
    }

    /** {@return the objects just as the build makes them, for the comparison with the program} */
    Map<String, Path> asLinked(List<CompileStep> reached) throws IOException {
        List<CompileStep> gone = reached.stream()
                .filter(step -> !Files.isRegularFile(step.object()))
                .toList();
        compiler.compile(gone, step -> cached("plain", step, ".o"), List.of());
        Map<String, Path> objects = new LinkedHashMap<>();
        for (CompileStep step : reached) {
            Path object = gone.contains(step) ? cached("plain", step, ".o") : step.object();
            if (request.keep()) {
                Path kept = inWork("linked", step);
                Files.copy(object, kept);
                object = kept;
            }
            objects.put(name(step), object);
        }
        return objects;
    }

    /** {@return where the original object goes} Without any patch it can be kept for the next time. */
    Path object(CompileStep step) {
        return request.applied().isEmpty()
                ? cached(request.reachesFar() ? "far" : "original", step, ".o")
                : inWork("original", step);
    }

    /** {@return where the object is when it was compiled with the patches} */
    Path patched(CompileStep step) {
        return inWork("patched", step);
    }

    private Path inWork(String kind, CompileStep step) {
        try {
            return Files.createDirectories(workDirectory.resolve(kind))
                    .resolve(name(step).replace('/', '_'));
        } catch (IOException e) {
            throw new LivePatchException("cannot write to %s: %s".formatted(workDirectory, Cause.of(e)), e);
        }
    }

    private Path cached(String kind, CompileStep step, String ending) {
        try {
            Path directory = Files.createDirectories(copy.cached().resolve(kind));
            return directory.resolve(name(step).replace('/', '_') + ending);
        } catch (IOException e) {
            throw new LivePatchException("cannot write to %s: %s".formatted(copy.directory(), Cause.of(e)), e);
        }
    }
}
