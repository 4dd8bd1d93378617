package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.build.AppliedPatches;
import dev.suture.build.ApplyPatches;
import dev.suture.build.Cause;
import dev.suture.build.ChangedSource;
import dev.suture.build.ObjectPair;
import dev.suture.build.ScratchTree;
import dev.suture.build.SourcePatch;
import dev.suture.build.Stages;
import dev.suture.build.UnreachedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A program's source, its build command and patches in, pairs of objects out.
 *
 * <p>The order: apply the patches in memory; build a copy of the source, unless that was done before; find the objects of
 * the program and what each is made from; compile those that a changed file reaches with a section for each function and
 * variable; put the patched sources in place and compile them again. When a patch changes how the program is built, or
 * adds or removes a source, the build command runs in a second copy, that of the patched source, and its own commands
 * compile the patched objects.
 */
public final class MakeBuild {
    private static final Pattern BUILD_RULES = Pattern.compile(
            "(.*/)?((GNU)?[Mm]akefile(\\..*)?|CMakeLists\\.txt|meson\\.build|meson_options\\.txt|configure(\\.ac|\\.in)?)|.*\\.(am|ac|m4|cmake|mk|in|y|yy|l|ll)");

    private final MakeBuildRequest request;
    private final Path workDirectory;
    private final Stages stages;
    private final Reached original;

    private MakeBuild(MakeBuildRequest request, BuiltCopy copy, Path workDirectory, Stages stages) throws IOException {
        this.request = request;
        this.workDirectory = workDirectory;
        this.stages = stages;
        stages.begin("find the objects");
        original = new Reached(request, copy, workDirectory);
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
        ApplyPatches.Fitting applied = ApplyPatches.applyWhatFits(source, List.of("", "src/"), request.patches());
        try (BuiltCopy copy = BuiltCopy.open(request.cache(), source, request.command(), stages)) {
            Path runs = Files.createDirectories(copy.directory().resolve("runs"));
            Path workDirectory = Files.createTempDirectory(runs, "run");
            boolean complete = false;
            try {
                MakeBuildResult result = new MakeBuild(request, copy, workDirectory, stages).build(applied);
                complete = true;
                return result;
            } finally {
                if (!complete && !request.keep()) {
                    ScratchTree.deleteDirectory(workDirectory);
                }
            }
        } catch (IOException e) {
            throw new LivePatchException("the build of %s stopped: %s".formatted(source, Cause.of(e)), e);
        }
    }

    private MakeBuildResult build(ApplyPatches.Fitting fitting) throws IOException {
        checkThatTheRestIsNotCompiled(fitting);
        AppliedPatches applied = fitting.applied();
        Built built = buildsOtherwise(applied.sources()) ? buildAgain(applied) : buildInPlace(applied);
        List<UnreachedFile> unreached = new ArrayList<>(unreached(applied.sources(), built));
        fitting.unfit()
                .forEach(unfit -> unreached.add(new UnreachedFile(
                        unfit.path(),
                        "the patch does not apply to it, which does not matter here as it is not compiled")));
        return new MakeBuildResult(
                built.pairs(),
                built.asLinked(),
                built.texts().files(),
                unreached,
                applied.movedHunks(),
                request.patches().stream().map(SourcePatch::subject).toList(),
                built.texts().neutral(),
                stages.end(),
                workDirectory,
                request.keep());
    }

    /**
     * What came of the compilers.
     *
     * @param pairs the objects that the patches reach
     * @param asLinked the originals among them as the build makes them, by name
     * @param texts what was compiled
     * @param used every file that an object of the program is made from, relative to the source
     * @param again whether the build command ran once more with the patches
     */
    private record Built(
            List<ObjectPair> pairs, Map<String, Path> asLinked, PatchedTexts texts, Set<String> used, boolean again) {}

    /** @throws dev.suture.build.PatchDoesNotApplyException if what does not fit is part of the program or of its build */
    private void checkThatTheRestIsNotCompiled(ApplyPatches.Fitting fitting) {
        Set<String> used = original.used();
        fitting.requireAllBut(path -> !used.contains(path) && !isBuildRule(path));
    }

    private static boolean isBuildRule(String path) {
        return BUILD_RULES.matcher(path).matches();
    }

    /** {@return whether the commands that compile the program may be others with the patches} */
    private static boolean buildsOtherwise(List<ChangedSource> sources) {
        return sources.stream().anyMatch(source -> {
            boolean compiled = CommandWords.isSource(source.path());
            return switch (source.kind()) {
                case CHANGED -> isBuildRule(source.path());
                case NEW -> isBuildRule(source.path()) || compiled && !isIncluded(source.path(), sources);
                case REMOVED -> isBuildRule(source.path()) || compiled;
            };
        });
    }

    /** Compiles with the patched texts in the place of the sources, by the commands of the original. */
    private Built buildInPlace(AppliedPatches applied) throws IOException {
        Set<String> changed =
                applied.sources().stream().map(ChangedSource::path).collect(Collectors.toSet());
        List<CompileStep> reached = original.madeFrom(changed);
        stages.begin("compile original");
        original.compile(reached);
        Map<String, Path> asLinked = original.asLinked(reached);
        stages.begin("compile patched");
        original.copy().notePatched(changed);
        PatchedTexts texts = PatchedTexts.of(applied.sources(), true);
        try {
            texts.writeTo(original.copy());
            original.compilePatched(reached);
        } catch (BuildFailedException e) {
            // Should a directive be what the compiler objects to, the patch still deserves its build. If it is not,
            // this second failure names the lines as the patch's author knows them.
            texts = PatchedTexts.of(applied.sources(), false);
            texts.writeTo(original.copy());
            ScratchTree.deleteDirectory(workDirectory.resolve("patched"));
            original.compilePatched(reached);
        }
        List<ObjectPair> pairs = reached.stream()
                .map(step -> new ObjectPair(
                        original.name(step),
                        Optional.of(original.object(step)),
                        Optional.of(original.patched(step)),
                        original.input(step)))
                .toList();
        return new Built(pairs, asLinked, texts, original.used(), false);
    }

    /** Runs the build command on the patched source, and compiles what came to be made otherwise. */
    private Built buildAgain(AppliedPatches applied) throws IOException {
        try {
            return buildAgain(PatchedTexts.of(applied.sources(), true));
        } catch (BuildFailedException e) {
            // As above: with the lines as they are.
            return buildAgain(PatchedTexts.of(applied.sources(), false));
        }
    }

    private Built buildAgain(PatchedTexts texts) throws IOException {
        try (BuiltCopy copy =
                original.copy().openPatched(request.cache(), request.command(), texts.contents(), stages)) {
            stages.begin("find the patched objects");
            Reached patched = new Reached(request, copy, workDirectory);
            List<CompileStep> before = original.stepsThatDifferFrom(patched);
            List<CompileStep> after = patched.stepsThatDifferFrom(original);
            stages.begin("compile original");
            original.compile(before);
            Map<String, Path> asLinked = original.asLinked(before);
            stages.begin("compile patched");
            patched.compilePatched(after);
            Set<String> used = new HashSet<>(original.used());
            used.addAll(patched.used());
            return new Built(pairs(before, after, patched), asLinked, texts, used, true);
        }
    }

    private List<ObjectPair> pairs(List<CompileStep> before, List<CompileStep> after, Reached patched) {
        List<ObjectPair> pairs = new ArrayList<>();
        for (CompileStep step : after) {
            Optional<CompileStep> twin = original.named(patched.name(step));
            pairs.add(new ObjectPair(
                    patched.name(step),
                    twin.map(original::object),
                    Optional.of(patched.patched(step)),
                    patched.input(step)));
        }
        for (CompileStep step : before) {
            if (patched.named(original.name(step)).isEmpty()) {
                pairs.add(new ObjectPair(
                        original.name(step),
                        Optional.of(original.object(step)),
                        Optional.empty(),
                        original.input(step)));
            }
        }
        return pairs;
    }

    private static List<UnreachedFile> unreached(List<ChangedSource> sources, Built built) {
        return sources.stream()
                .map(ChangedSource::path)
                .filter(path -> !built.used().contains(path) && !(built.again() && isBuildRule(path)))
                .map(path -> new UnreachedFile(path, why(path)))
                .toList();
    }

    private static String why(String path) {
        if (CommandWords.isSource(path)) {
            return "no object of this program is made from it";
        }
        return CommandWords.isC(path) ? "no object of this program includes it" : "it is not compiled";
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
