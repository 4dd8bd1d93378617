package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.build.AppliedPatches;
import dev.suture.build.ApplyPatches;
import dev.suture.build.Cause;
import dev.suture.build.ChangedSource;
import dev.suture.build.LineMap;
import dev.suture.build.NeutralSource;
import dev.suture.build.NeutraliseLines;
import dev.suture.build.ObjectPair;
import dev.suture.build.PatchedFile;
import dev.suture.build.PayloadCode;
import dev.suture.build.ScratchTree;
import dev.suture.build.SourcePatch;
import dev.suture.build.SourceText;
import dev.suture.build.Stages;
import dev.suture.build.UnreachedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A program's source, its build command and patches in, pairs of objects out.
 *
 * <p>The order: apply the patches in memory; build a copy of the source, unless that was done before; find the objects of
 * the program and what each is made from; compile those that a changed file reaches with a section for each function and
 * variable; put the patched sources in place and compile them again.
 */
public final class MakeBuild {
    private static final Pattern BUILD_RULES = Pattern.compile(
            "(.*/)?((GNU)?[Mm]akefile(\\..*)?|CMakeLists\\.txt|meson\\.build|meson_options\\.txt|configure(\\.ac|\\.in)?)|.*\\.(am|ac|m4|cmake|mk|in|y|yy|l|ll)");

    /** Where code goes that the source does not have. */
    private static final String ADDED = "suture-added/";

    private final MakeBuildRequest request;
    private final BuiltCopy copy;
    private final Path workDirectory;
    private final Stages stages;
    private final CompileObjects compiler;
    private final Path tree;

    private MakeBuild(MakeBuildRequest request, BuiltCopy copy, Path workDirectory, Stages stages) throws IOException {
        this.request = request;
        this.copy = copy;
        this.workDirectory = workDirectory;
        this.stages = stages;
        tree = copy.tree().toRealPath();
        compiler =
                new CompileObjects(copy.directory().toString(), workDirectory.resolve("compile.log"), request.jobs());
    }

    /**
     * Builds.
     *
     * @throws LivePatchException if the patches do not apply or compile, the build command fails, or what it builds is
     *     not the program
     */
    public static MakeBuildResult run(MakeBuildRequest request, Progress progress) {
        Stages stages = new Stages(progress);
        stages.begin("apply patches");
        Path source = request.source().toAbsolutePath().normalize();
        if (!Files.isDirectory(source)) {
            throw new LivePatchException("--source %s: there is no such directory".formatted(request.source()));
        }
        PayloadCode.Completed before = apply(source, request.applied());
        PayloadCode.Completed completed = apply(
                        source,
                        Stream.concat(request.applied().stream(), request.patches().stream())
                                .toList())
                .since(before);
        BuiltCopy copy = BuiltCopy.open(request.cache(), source, request.command(), stages);
        boolean complete = false;
        try {
            Path runs = Files.createDirectories(copy.directory().resolve("runs"));
            Path workDirectory = Files.createTempDirectory(runs, "run");
            try {
                MakeBuildResult result =
                        new MakeBuild(request, copy, workDirectory, stages).build(before.patches(), completed);
                complete = true;
                return result;
            } finally {
                if (!complete && !request.keep()) {
                    ScratchTree.deleteDirectory(workDirectory);
                }
            }
        } catch (IOException e) {
            throw new LivePatchException("the build of %s stopped: %s".formatted(source, Cause.of(e)), e);
        } finally {
            if (!complete) {
                copy.close();
            }
        }
    }

    private static PayloadCode.Completed apply(Path source, List<SourcePatch> patches) {
        return PayloadCode.complete(
                ApplyPatches.apply(source, List.of("", "src/"), patches), ADDED, ADDED + "include/");
    }

    private MakeBuildResult build(AppliedPatches before, PayloadCode.Completed completed) throws IOException {
        AppliedPatches applied = completed.patches();
        stages.begin("find the objects");
        List<CompileStep> linked =
                LinkedObjects.of(ReadCommands.read(copy.records()), request.image(), request.command());
        List<Set<Path>> inputs = compiler.inputs(linked, step -> cached("inputs", step, ".d"));
        Set<Path> changed = new LinkedHashSet<>();
        applied.sources().forEach(source -> changed.add(tree.resolve(source.path())));
        if (before.mayIncludeMore()) {
            before.sources().forEach(source -> changed.add(tree.resolve(source.path())));
        }
        List<CompileStep> reached = new ArrayList<>();
        Set<Path> used = new HashSet<>();
        for (int i = 0; i < linked.size(); i++) {
            used.addAll(inputs.get(i));
            if (inputs.get(i).stream().anyMatch(changed::contains)) {
                reached.add(linked.get(i));
            }
        }
        List<CompileStep> added = AddedSteps.of(completed.sources(), tree, reached, linked);
        added.forEach(step -> used.add(step.source()));
        stages.begin("compile original");
        Map<String, Path> asLinked = asLinked(reached);
        putInPlace(before, applied);
        compiler.compile(reached, this::original, request.applied().isEmpty() ? sectionFlags() : flagsWithAdded());

        stages.begin("compile patched");
        List<PatchedFile> patchedFiles;
        boolean neutral = true;
        try {
            patchedFiles = write(applied.sources(), true);
            compilePatched(reached, added);
        } catch (BuildFailedException e) {
            // Should a directive be what the compiler objects to, the patch still deserves its build. If it is not,
            // this second failure names the lines as the patch's author knows them.
            neutral = false;
            patchedFiles = write(applied.sources(), false);
            ScratchTree.deleteDirectory(workDirectory.resolve("patched"));
            compilePatched(reached, added);
        }
        List<ObjectPair> pairs =
                new ArrayList<>(reached.stream().map(this::pair).toList());
        added.forEach(step -> pairs.add(new ObjectPair(
                name(step),
                Optional.empty(),
                Optional.of(patched(step)),
                tree.relativize(step.source()).toString())));
        return new MakeBuildResult(
                pairs,
                asLinked,
                patchedFiles,
                unreached(applied.sources(), used),
                newSources(applied.sources(), used),
                applied.movedHunks(),
                request.patches().stream().map(SourcePatch::subject).toList(),
                neutral,
                stages.end(),
                workDirectory,
                request.keep(),
                compilerOf(reached, before));
    }

    private AskMakeCompiler compilerOf(List<CompileStep> reached, AppliedPatches before) {
        Map<String, CompileStep> byName = new LinkedHashMap<>();
        reached.forEach(step -> byName.put(name(step), step));
        AskMakeCompiler.Originals originals = () -> {
            copy.restore();
            putInPlace(before, AppliedPatches.NONE);
        };
        return new AskMakeCompiler(copy, workDirectory.resolve("asked"), compiler, byName, sectionFlags(), originals);
    }

    private void compilePatched(List<CompileStep> reached, List<CompileStep> added) {
        List<CompileStep> all = new ArrayList<>(reached);
        all.addAll(added);
        compiler.compile(all, this::patched, flagsWithAdded());
    }

    private List<String> flagsWithAdded() {
        List<String> flags = new ArrayList<>(sectionFlags());
        flags.addAll(List.of("-idirafter", tree.resolve(ADDED + "include").toString()));
        return flags;
    }

    /**
     * Options that change where code is put and not what it does: each function and variable in a section of its own,
     * debug information, and the names of the user's directory instead of the copy's.
     */
    private List<String> sectionFlags() {
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
    private Map<String, Path> asLinked(List<CompileStep> reached) throws IOException {
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

    /** Originals without any patch can be kept for the next time. */
    private Path original(CompileStep step) {
        return request.applied().isEmpty()
                ? cached(request.reachesFar() ? "far" : "original", step, ".o")
                : inWork("original", step);
    }

    private ObjectPair pair(CompileStep step) {
        Path original = original(step);
        Path input = step.source().startsWith(tree) ? tree.relativize(step.source()) : step.source();
        return new ObjectPair(name(step), Optional.of(original), Optional.of(patched(step)), input.toString());
    }

    /** {@return what messages call the object} */
    private String name(CompileStep step) {
        return step.object().startsWith(tree)
                ? tree.relativize(step.object()).toString()
                : step.object().getFileName().toString();
    }

    private Path patched(CompileStep step) {
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

    private void putInPlace(AppliedPatches before, AppliedPatches applied) throws IOException {
        copy.notePatched(Stream.of(before, applied)
                .flatMap(patches -> patches.sources().stream())
                .map(ChangedSource::path)
                .toList());
        for (ChangedSource source : before.sources()) {
            if (source.patched().isPresent()) {
                copy.write(source.path(), source.patched().get());
            } else {
                copy.delete(source.path());
            }
        }
    }

    private List<PatchedFile> write(List<ChangedSource> sources, boolean neutral) throws IOException {
        List<PatchedFile> files = new ArrayList<>();
        for (ChangedSource source : sources) {
            LineMap lines = new LineMap(List.of(), List.of());
            if (source.patched().isEmpty()) {
                copy.delete(source.path());
            } else {
                SourceText text = source.patched().get();
                if (source.original().isPresent()) {
                    SourceText before = source.original().get();
                    NeutralSource ready = neutral && CommandWords.isC(source.path())
                            ? NeutraliseLines.neutralise(before, text)
                            : NeutraliseLines.keep(before, text);
                    text = ready.text();
                    lines = ready.map();
                }
                copy.write(source.path(), text);
            }
            files.add(new PatchedFile(source.path(), source.kind(), lines));
        }
        return files;
    }

    private List<UnreachedFile> unreached(List<ChangedSource> sources, Set<Path> used) {
        return sources.stream()
                .map(ChangedSource::path)
                .filter(path -> !used.contains(tree.resolve(path)) && !path.startsWith(ADDED + "include/"))
                .map(path -> new UnreachedFile(path, why(path)))
                .toList();
    }

    private static String why(String path) {
        if (BUILD_RULES.matcher(path).matches()) {
            return "it says how the program is built, or something is generated from it; the payload does not follow that";
        }
        if (CommandWords.isSource(path)) {
            return "no object of this program is made from it";
        }
        return CommandWords.isC(path) ? "no object of this program includes it" : "it is not compiled";
    }

    /** {@return new sources that nothing includes: objects of their own, then} */
    private List<String> newSources(List<ChangedSource> sources, Set<Path> used) {
        return sources.stream()
                .filter(source -> source.kind() == ChangedSource.Kind.NEW && CommandWords.isSource(source.path()))
                .map(ChangedSource::path)
                .filter(path -> !used.contains(tree.resolve(path)) && !isIncluded(path, sources))
                .toList();
    }

    private static boolean isIncluded(String path, List<ChangedSource> sources) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        Pattern include = Pattern.compile("\\s*#\\s*include.*" + Pattern.quote(name) + "[\">].*");
        return sources.stream()
                .flatMap(source -> source.patched().stream())
                .flatMap(text -> text.lines().stream())
                .anyMatch(line -> include.matcher(line).matches());
    }
}
