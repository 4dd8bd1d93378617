package dev.suture.build.make;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.build.AppliedPatches;
import dev.suture.build.ApplyPatches;
import dev.suture.build.AskCompiler;
import dev.suture.build.Cause;
import dev.suture.build.ChangedSource;
import dev.suture.build.ObjectPair;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * A program's source, its build command and patches in, pairs of objects out.
 *
 * <p>The order: apply the patches in memory; build a copy of the source, unless that was done before; find the objects of
 * the program and what each is made from; compile those that a changed file reaches with a section for each function and
 * variable; put the patched sources in place and compile them again. When anything else than these compilers reads what
 * the patches change or what is made from it ({@link PartInBuild}), the build command runs in a second copy, that of the
 * patched source, and its own commands compile the patched objects.
 */
public final class MakeBuild {
    /** Where code goes that the source does not have. */
    static final String ADDED = "suture-added/";

    private final MakeBuildRequest request;
    private final BuiltCopy copy;
    private final Path workDirectory;
    private final Stages stages;
    private final Reached original;

    private MakeBuild(MakeBuildRequest request, BuiltCopy copy, Path workDirectory, Stages stages) throws IOException {
        this.request = request;
        this.copy = copy;
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
        List<SourcePatch> all = Stream.concat(request.applied().stream(), request.patches().stream())
                .toList();
        PayloadCode.Completed before = complete(fit(source, request.applied()));
        ApplyPatches.Fitting fitting = fit(source, all);
        PayloadCode.Completed completed = complete(fitting).since(before);
        BuiltCopy copy = BuiltCopy.open(request.cache(), source, request.command(), stages);
        boolean complete = false;
        try {
            Path runs = Files.createDirectories(copy.directory().resolve("runs"));
            Path workDirectory = Files.createTempDirectory(runs, "run");
            try {
                MakeBuild work = new MakeBuild(request, copy, workDirectory, stages);
                work.checkThatTheRestIsNotCompiled(fitting);
                PayloadCode.Completed whole = complete(fitting);
                MakeBuildResult result = work.build(before, whole.patches(), completed, fitting.unfit());
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

    private static ApplyPatches.Fitting fit(Path source, List<SourcePatch> patches) {
        return ApplyPatches.applyWhatFits(source, List.of("", "src/"), patches);
    }

    private static PayloadCode.Completed complete(ApplyPatches.Fitting fitting) {
        return PayloadCode.complete(fitting.applied(), ADDED, ADDED + "include/");
    }

    /** @throws dev.suture.build.PatchDoesNotApplyException if what does not fit is part of the program or of its build */
    private void checkThatTheRestIsNotCompiled(ApplyPatches.Fitting fitting) {
        Set<String> used = original.part().used();
        fitting.requireAllBut(path -> !original.part().isUnknown()
                && !used.contains(path)
                && !original.used().contains(path));
    }

    private MakeBuildResult build(
            PayloadCode.Completed first,
            AppliedPatches whole,
            PayloadCode.Completed completed,
            List<ApplyPatches.Unfit> unfit)
            throws IOException {
        AppliedPatches before = first.patches();
        AppliedPatches applied = completed.patches();
        original.place().checkChanged(paths(whole));
        original.checkSources(paths(whole));
        Optional<Built> inPlace = Optional.empty();
        if (!request.fromNothing()
                && !copy.isOfBuiltSource()
                && original.part().judge(all(before, whole)) instanceof PartInBuild.Change.InPlace everything
                && original.part().judge(now(applied, before, whole)) instanceof PartInBuild.Change.InPlace change) {
            inPlace = buildInPlace(first, completed, change, everything);
        }
        Built built = inPlace.isPresent() ? inPlace.get() : buildAgain(first, completed);
        List<UnreachedFile> unreached = new ArrayList<>(
                unreached(applied.sources(), built, original.part().read()));
        unfit.forEach(one -> unreached.add(new UnreachedFile(
                one.path(), "the patch does not apply to it, which does not matter here as it is not compiled")));
        return new MakeBuildResult(
                built.pairs(),
                built.asLinked(),
                copy.tree().toRealPath(),
                built.texts().files(),
                unreached,
                applied.movedHunks(),
                request.patches().stream().map(SourcePatch::subject).toList(),
                built.texts().neutral(),
                stages.end(),
                workDirectory,
                request.keep(),
                built.notAlike(),
                built.outputs(),
                built.linkedOtherwise(),
                compilerOf(built, before),
                built.links(),
                built.earlier());
    }

    /** Questions about a program that is built otherwise with the patches are left without an answer. */
    private AskMakeCompiler compilerOf(Built built, AppliedPatches before) {
        Map<String, CompileStep> byName = new LinkedHashMap<>();
        if (!built.again() || !built.sources().isEmpty()) {
            built.pairs().forEach(pair -> original.named(pair.name()).ifPresent(step -> byName.put(pair.name(), step)));
        }
        AskMakeCompiler.Originals originals = () -> {
            copy.restore();
            putInPlace(before, AppliedPatches.NONE);
        };
        return new AskMakeCompiler(
                copy,
                workDirectory.resolve("asked"),
                original.compiler(),
                byName,
                original.sectionFlags(),
                originals,
                built.sources());
    }

    /**
     * What came of the compilers.
     *
     * @param pairs the objects that the patches reach
     * @param asLinked the originals among them as the build makes them, by name
     * @param texts what was compiled
     * @param used every file that an object of the program is made from, relative to the source
     * @param again whether the build command ran once more with the patches
     * @param notAlike the objects that their recorded commands do not compile as the build did
     * @param outputs what else they reach
     * @param linkedOtherwise what of the program is not the same though none of its objects is reached
     * @param links the program without and with the patches
     * @param sources of the objects behind the preprocessor, if the command ran once more and they were asked for
     * @param earlier the objects that only earlier patches reach
     */
    private record Built(
            List<ObjectPair> pairs,
            Map<String, Path> asLinked,
            PatchedTexts texts,
            Set<String> used,
            boolean again,
            List<String> notAlike,
            List<OtherOutput> outputs,
            Optional<String> linkedOtherwise,
            Links links,
            Map<String, AskCompiler.Preprocessed> sources,
            List<ObjectPair> earlier) {}

    /** {@return what all the patches change of the source as it is, and what only the first of them did} */
    private static List<ChangedSource> all(AppliedPatches before, AppliedPatches whole) {
        Map<String, ChangedSource> changed = new TreeMap<>();
        Stream.of(before, whole)
                .flatMap(patches -> patches.sources().stream())
                .filter(source -> !source.path().startsWith(ADDED))
                .forEach(source -> changed.put(source.path(), source));
        return List.copyOf(changed.values());
    }

    /** {@return what the later patches change, as it differs from the source as it is} */
    private static List<ChangedSource> now(AppliedPatches applied, AppliedPatches before, AppliedPatches whole) {
        Set<String> paths = Set.copyOf(paths(applied));
        return all(before, whole).stream()
                .filter(source -> paths.contains(source.path()))
                .toList();
    }

    /**
     * Compiles with the patched texts in the place of the sources, by the commands of the original.
     *
     * @return empty if it shows that this is not enough
     */
    private Optional<Built> buildInPlace(
            PayloadCode.Completed first,
            PayloadCode.Completed completed,
            PartInBuild.Change.InPlace change,
            PartInBuild.Change.InPlace ofAll)
            throws IOException {
        AppliedPatches before = first.patches();
        AppliedPatches applied = completed.patches();
        Set<String> changed = new HashSet<>(paths(applied));
        if (before.mayIncludeMore()) {
            changed.addAll(paths(before));
        }
        List<CompileStep> reached = original.madeFrom(changed, change.objects());
        List<CompileStep> others = original.others(change.objects());
        if (change.sameRules()) {
            original.noteIncluded(others);
        }
        List<CompileStep> added = original.added(completed.sources(), reached);
        LinkPrograms.Below below = new LinkPrograms.Below(
                original.program(),
                before.sources().isEmpty() ? List.of() : earlier(before, ofAll, reached),
                original.added(first.sources(), reached));
        stages.begin("compile original");
        Map<String, Path> asLinked = original.asLinked(
                Stream.concat(reached.stream(), below.steps().stream()).toList());
        List<String> notAlike = original.notCompiledAlike(reached);
        putInPlace(before, applied);
        original.compile(reached);
        original.compile(below.steps());
        original.compile(below.added());
        if (!compiles(() -> original.compile(others))) {
            copy.restore();
            return Optional.empty();
        }
        stages.begin("compile patched");
        Set<String> compiled = original.part().onlyCompiled();
        PatchedTexts texts = PatchedTexts.of(applied.sources(), true, compiled::contains);
        List<CompileStep> all = Stream.concat(reached.stream(), added.stream()).toList();
        try {
            texts.writeTo(copy);
            original.compilePatched(all);
        } catch (BuildFailedException e) {
            // Should a directive be what the compiler objects to, the patch still deserves its build. If it is not,
            // this second failure names the lines as the patch's author knows them.
            texts = PatchedTexts.of(applied.sources());
            texts.writeTo(copy);
            ScratchTree.deleteDirectory(workDirectory.resolve("patched"));
            original.compilePatched(all);
        }
        if (!isEnough(change, reached, others)) {
            copy.restore();
            ScratchTree.deleteDirectory(workDirectory.resolve("patched"));
            return Optional.empty();
        }
        Set<String> used = new HashSet<>(original.used());
        used.addAll(completed.sources());
        List<CompileStep> everything =
                Stream.concat(reached.stream(), others.stream()).toList();
        Optional<String> otherwise = change.files().contains(original.program().toString())
                ? Optional.of("something that is not compiled")
                : Optional.empty();
        stages.begin("link");
        Links links = LinkPrograms.link(original, reached, original, all, asLinked, below);
        return Optional.of(new Built(
                PairObjects.pairs(original, reached, all, original),
                asLinked,
                texts,
                used,
                false,
                notAlike,
                FindOtherOutputs.inPlace(original, everything),
                otherwise,
                links,
                Map.of(),
                PairObjects.same(original, below)));
    }

    /** {@return the objects that earlier patches reach, and these do not} */
    private List<CompileStep> earlier(
            AppliedPatches before, PartInBuild.Change.InPlace ofAll, List<CompileStep> reached) {
        return original.madeFrom(Set.copyOf(paths(before)), ofAll.objects()).stream()
                .filter(step -> !reached.contains(step))
                .toList();
    }

    /** {@return whether the rest of the build would go as before: nothing fails, and the rules that compilers write are the same} */
    private boolean isEnough(PartInBuild.Change.InPlace change, List<CompileStep> reached, List<CompileStep> others) {
        List<CompileStep> all = Stream.concat(reached.stream(), others.stream()).toList();
        return compiles(() -> original.compilePatched(others)) && (!change.sameRules() || original.includeTheSame(all));
    }

    private static boolean compiles(Runnable compiler) {
        try {
            compiler.run();
            return true;
        } catch (BuildFailedException e) {
            return false;
        }
    }

    private static List<String> paths(AppliedPatches patches) {
        return patches.sources().stream().map(ChangedSource::path).toList();
    }

    /** Puts what is applied already in place, and notes that this and the patches are to be taken out again. */
    private void putInPlace(AppliedPatches before, AppliedPatches applied) throws IOException {
        copy.notePatched(
                Stream.concat(paths(before).stream(), paths(applied).stream()).toList());
        PatchedTexts.of(before.sources()).writeTo(copy);
    }

    /** Runs the build command on the patched source, and compiles what came to be made otherwise. */
    private Built buildAgain(PayloadCode.Completed first, PayloadCode.Completed completed) throws IOException {
        AppliedPatches before = first.patches();
        if (before.sources().isEmpty()) {
            return buildAgain(original, Map.of(), completed, first.sources());
        }
        Map<String, Optional<SourceText>> contents =
                PatchedTexts.of(before.sources()).contents();
        try (BuiltCopy base = copy.openPatched(request.cache(), request.command(), contents, stages)) {
            return buildAgain(new Reached(request, base, workDirectory), contents, completed, first.sources());
        }
    }

    private Built buildAgain(
            Reached base,
            Map<String, Optional<SourceText>> before,
            PayloadCode.Completed completed,
            List<String> earlier)
            throws IOException {
        List<ChangedSource> sources = completed.patches().sources();
        try {
            Set<String> compiled = base.part().onlyCompiled();
            return buildAgain(
                    base, before, completed.sources(), earlier, PatchedTexts.of(sources, true, compiled::contains));
        } catch (BuildFailedException e) {
            // As above: with the lines as they are.
            ScratchTree.deleteDirectory(workDirectory.resolve("patched"));
            return buildAgain(base, before, completed.sources(), earlier, PatchedTexts.of(sources));
        }
    }

    private Built buildAgain(
            Reached base,
            Map<String, Optional<SourceText>> before,
            List<String> addedSources,
            List<String> earlier,
            PatchedTexts texts)
            throws IOException {
        Map<String, Optional<SourceText>> contents = new TreeMap<>(before);
        contents.putAll(texts.contents());
        try (BuiltCopy patchedCopy = copy.openPatched(request.cache(), request.command(), contents, stages)) {
            stages.begin("find the patched objects");
            Reached patched = new Reached(request, patchedCopy, workDirectory);
            List<CompileStep> from = base.stepsThatDifferFrom(patched);
            List<CompileStep> to = new ArrayList<>(patched.stepsThatDifferFrom(base));
            List<CompileStep> built = List.copyOf(to);
            to.addAll(patched.added(addedSources, to));
            stages.begin("compile original");
            Set<String> notAlike = new TreeSet<>(base.notCompiledAlike(from));
            base.compile(from);
            LinkPrograms.Below below = new LinkPrograms.Below(original.program(), List.of(), base.added(earlier, from));
            base.compile(below.added());
            Map<String, Path> asLinked = original.asLinked(from.stream()
                    .flatMap(step -> original.named(base.name(step)).stream())
                    .toList());
            stages.begin("compile patched");
            notAlike.addAll(patched.notCompiledAlike(built));
            patched.compilePatched(to);
            Set<String> used = new HashSet<>(base.used());
            used.addAll(patched.used());
            used.addAll(base.part().read());
            used.addAll(patched.part().read());
            used.addAll(addedSources);
            stages.begin("link");
            Links links = LinkPrograms.link(base, from, patched, to, asLinked, below);
            return new Built(
                    PairObjects.pairs(base, from, to, patched),
                    asLinked,
                    texts,
                    used,
                    true,
                    List.copyOf(notAlike),
                    FindOtherOutputs.again(base, patched),
                    ComparePrograms.difference(base.program(), base.tree(), patched.program(), patched.tree()),
                    links,
                    request.fromNothing() ? PreprocessBoth.of(base, from, patched, workDirectory) : Map.of(),
                    PairObjects.same(base, below));
        }
    }

    private static List<UnreachedFile> unreached(List<ChangedSource> sources, Built built, Set<String> read) {
        return sources.stream()
                .map(ChangedSource::path)
                .filter(path -> !built.used().contains(path) && !path.startsWith(ADDED + "include/"))
                .map(path -> new UnreachedFile(
                        path, read.contains(path) ? "no object of this program is made from it" : "it is not compiled"))
                .toList();
    }
}
