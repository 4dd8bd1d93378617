package dev.suture.build.xen;

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
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A built Xen tree and patches in, pairs of objects out.
 *
 * <p>The order: apply the patches in memory; bring the scratch copy in line with the tree; find the objects made from a
 * changed file; build originals that the tree has not or has only stale; write the patched sources and have make
 * compile those objects. A patch to a makefile or to the configuration is different: there make is asked to bring all
 * directories up to date, and what it built again is taken.
 *
 * <p>The scratch copy is left as it is in the end, and nobody else gets it before the result is closed. The next run
 * starts by making it equal to the tree, as it must after a killed one.
 */
public final class XenBuild {
    private static final String XEN = "xen/";
    /** The directory of Xen that code is compiled as a part of which no makefile knows. */
    static final String HOME_OF_ADDED = "common";

    private final XenBuildRequest request;
    private final XenTree tree;
    private final ScratchTree scratch;
    private final Path workDirectory;
    private final Stages stages;
    private final XenMake make;
    private Map<String, XenObject> originals;
    private final List<String> staleOriginals = new ArrayList<>();

    private XenBuild(XenBuildRequest request, ScratchTree scratch, Path workDirectory, Stages stages) {
        this.request = request;
        this.tree = request.tree();
        this.scratch = scratch;
        this.workDirectory = workDirectory;
        this.stages = stages;
        this.make = new XenMake(tree, scratch, workDirectory.resolve("make.log"), request.jobs(), stages.progress());
        stages.begin("read dependencies");
        this.originals = ReadObjects.read(scratch.root().resolve("xen"));
    }

    /**
     * Builds.
     *
     * @throws LivePatchException if the patches do not apply or compile, the compiler is another one, or the disk is full
     */
    public static XenBuildResult run(XenBuildRequest request, Progress progress) {
        Stages stages = new Stages(progress);
        stages.begin("apply patches");
        PayloadCode.Completed before = apply(request.tree(), request.applied());
        PayloadCode.Completed completed =
                apply(request.tree(), request.allPatches()).since(before);
        stages.begin("synchronise scratch copy");
        ScratchTree scratch =
                ScratchTree.open(request.cache(), request.tree().root(), request.tree()::isNeededToBuild, progress);
        boolean complete = false;
        try {
            Path workDirectory = RunDirectory.open(request, scratch);
            Thread cleanUp = new Thread(() -> RunDirectory.deleteQuietly(workDirectory), "delete " + workDirectory);
            try {
                if (!request.keep()) {
                    Runtime.getRuntime().addShutdownHook(cleanUp);
                }
                XenBuildResult result =
                        new XenBuild(request, scratch, workDirectory, stages).build(before.patches(), completed);
                complete = true;
                return result;
            } finally {
                if (!request.keep()) {
                    RunDirectory.removeHook(cleanUp);
                    if (!complete) {
                        RunDirectory.deleteQuietly(workDirectory);
                    }
                }
            }
        } catch (IOException e) {
            throw new LivePatchException(
                    "the build of %s stopped: %s".formatted(request.tree().root(), Cause.of(e)), e);
        } finally {
            if (!complete) {
                scratch.close();
            }
        }
    }

    /** {@return what patches make of a tree's sources, and the code of payloads that comes along} */
    static PayloadCode.Completed apply(XenTree tree, List<SourcePatch> patches) {
        return PayloadCode.complete(
                ApplyPatches.apply(tree.root(), List.of("", XEN), patches),
                XEN + HOME_OF_ADDED + "/",
                XEN + "include/");
    }

    private XenBuildResult build(AppliedPatches before, PayloadCode.Completed completed) throws IOException {
        AppliedPatches applied = completed.patches();
        List<XenObject> added =
                completed.sources().stream().map(XenBuild::addedObject).toList();
        Set<String> changed = paths(applied.sources());
        Set<String> changedAtAll = new LinkedHashSet<>(changed);
        changedAtAll.addAll(paths(before.sources()));
        ReachOfPatch reach = reach(changedAtAll);
        boolean makeDecides = reach.changesBuildRules();
        boolean generates = makeDecides || reach.feedsGeneratedHeaders();

        Collection<XenObject> possible = generates ? originals.values() : reach.objects(Set.of());
        bringOriginalsUpToDate(possible);
        checkCompiler(possible.isEmpty() ? originals.values() : possible);
        CompileUnpatched unpatched = new CompileUnpatched(tree, scratch, workDirectory, originals);
        if (!before.sources().isEmpty()) {
            compileApplied(before, changed, changedAtAll, generates);
        }
        reach = reach(changed);

        stages.begin("compile patched");
        unpatched.begin(reach.objects(Set.of()));
        List<PatchedFile> patchedFiles;
        boolean neutral = true;
        Set<String> affected;
        try {
            patchedFiles = write(applied.sources(), true);
            affected = compile(reach, makeDecides, generates, added);
        } catch (CompileException e) {
            // Should a directive be what the compiler objects to, the patch still deserves its build. If it is not,
            // this second failure names the lines as the patch's author knows them.
            neutral = false;
            patchedFiles = write(applied.sources(), false);
            affected = compile(reach, makeDecides, generates, added);
        }
        stages.begin("collect objects");
        Path copiedXen = scratch.root().resolve("xen");
        Map<String, XenObject> known = new LinkedHashMap<>(makeDecides ? ReadObjects.read(copiedXen) : originals);
        added.forEach(object -> known.put(object.name(), object));
        Map<String, XenObject> now = ReadObjects.readAgain(copiedXen, known, affected);
        List<ObjectPair> pairs = collect(affected, now, makeDecides);
        List<UnreachedFile> unreached = reach.unreached(applied.sources(), now, pairs);
        return new XenBuildResult(
                pairs,
                asLinked(pairs),
                patchedFiles,
                unreached,
                applied.movedHunks(),
                request.patches().stream().map(SourcePatch::subject).toList(),
                staleOriginals,
                neutral,
                stages.end(),
                workDirectory,
                request.keep(),
                new AskXenCompiler(scratch, workDirectory, originals, now, () -> {
                    scratch.restore();
                    putInPlace(before);
                }),
                unpatched::object);
    }

    /** {@return the object of a source that no makefile of the tree knows} */
    static XenObject addedObject(String source) {
        String path = source.substring(XEN.length());
        String object = path.substring(0, path.length() - ".c".length()) + ".o";
        return new XenObject(object, HOME_OF_ADDED, path, Set.of(path), "");
    }

    private static Set<String> paths(List<ChangedSource> sources) {
        Set<String> paths = new LinkedHashSet<>();
        sources.forEach(source -> paths.add(source.path()));
        return paths;
    }

    /**
     * Compiles the originals as the running hypervisor has them by now: with the patches that are applied already. Of
     * the objects that only those reach none is needed, unless they may have come to depend on what the new patches
     * change.
     */
    private void compileApplied(AppliedPatches before, Set<String> changed, Set<String> changedAtAll, boolean generates)
            throws IOException {
        stages.begin("compile what is applied");
        if (reach(changedAtAll).changesBuildRules()) {
            throw new XenTreeException("a patch changes makefiles or the configuration, so that which objects there are"
                    + " differs from payload to payload. Make one payload of all patches: give them all with --patch.");
        }
        putInPlace(before);
        boolean mayDependOnMore = generates || before.mayIncludeMore();
        Set<String> compiled = compile(reach(mayDependOnMore ? changedAtAll : changed), false, generates, List.of());
        Path copiedXen = scratch.root().resolve("xen");
        originals = ReadObjects.readAgain(copiedXen, originals, compiled);
        for (String name : compiled) {
            moveTo(copiedXen.resolve(name), appliedObject(name));
        }
    }

    private void putInPlace(AppliedPatches before) throws IOException {
        for (ChangedSource source : before.sources()) {
            if (source.patched().isEmpty()) {
                scratch.delete(source.path());
            } else if (tree.isNeededToBuild(Path.of(source.path()))) {
                scratch.write(source.path(), source.patched().get());
            }
        }
    }

    /** {@return where an object is that was compiled with what is applied already} */
    private Path appliedObject(String name) {
        return workDirectory.resolve("original").resolve(name);
    }

    private ReachOfPatch reach(Set<String> changed) {
        return new ReachOfPatch(scratch.root().resolve("xen"), originals, changed);
    }

    /** Builds those originals that are older than something they are made from, or missing. */
    private void bringOriginalsUpToDate(Collection<XenObject> objects) throws IOException {
        List<XenObject> stale = objects.stream().filter(this::isStale).toList();
        if (stale.isEmpty()) {
            return;
        }
        stages.begin("compile original");
        make.generatedHeaders();
        make.objects(stale);
        stale.forEach(object -> staleOriginals.add(object.name()));
        // Not only the objects: command files and generated headers belong to them.
        scratch.keepRebuilt(scratch.differingFiles());
        originals = ReadObjects.read(scratch.root().resolve("xen"));
    }

    private boolean isStale(XenObject object) {
        if (object.command().isEmpty() || !scratch.isKnown(XEN + object.name())) {
            return true;
        }
        FileTime built = scratch.changedAtOpening(XEN + object.name());
        for (String input : object.inputs()) {
            if (scratch.changedAtOpening(XEN + input).compareTo(built) > 0) {
                return true;
            }
        }
        return false;
    }

    private void checkCompiler(Collection<XenObject> objects) {
        if (request.insistOnCompiler()) {
            return;
        }
        objects.stream()
                .filter(object -> object.source().endsWith(".c"))
                .findFirst()
                .ifPresent(object -> {
                    stages.begin("check compiler");
                    CheckCompiler.check(
                            scratch.unpatched(XEN + object.name()),
                            tree.makefileCompiler(),
                            workDirectory,
                            workDirectory.resolve("make.log"),
                            scratch.directory().toString());
                });
    }

    /** Puts the patched sources into the scratch copy. */
    private List<PatchedFile> write(List<ChangedSource> sources, boolean neutral) throws IOException {
        List<PatchedFile> files = new ArrayList<>();
        for (ChangedSource source : sources) {
            LineMap lines = new LineMap(List.of(), List.of());
            if (source.patched().isEmpty()) {
                scratch.delete(source.path());
            } else {
                SourceText text = source.patched().get();
                if (source.original().isPresent()) {
                    SourceText before = source.original().get();
                    NeutralSource ready = neutral && ReachOfPatch.isCompiledC(source.path())
                            ? NeutraliseLines.neutralise(before, text)
                            : NeutraliseLines.keep(before, text);
                    text = ready.text();
                    lines = ready.map();
                }
                if (tree.isNeededToBuild(Path.of(source.path()))) {
                    scratch.write(source.path(), text);
                }
            }
            files.add(new PatchedFile(source, lines));
        }
        return files;
    }

    /** {@return the names of the objects that the patch reaches, which have been compiled} */
    private Set<String> compile(ReachOfPatch reach, boolean makeDecides, boolean generates, List<XenObject> added)
            throws IOException {
        Set<String> names = new LinkedHashSet<>();
        added.forEach(object -> names.add(object.name()));
        if (makeDecides) {
            make.everythingUnlinked();
            if (!added.isEmpty()) {
                make.objects(added);
            }
            return names;
        }
        Set<String> generated = Set.of();
        if (generates) {
            make.generatedHeaders();
            generated = changedGeneratedFiles(reach);
        }
        List<XenObject> objects = new ArrayList<>(reach.objects(generated));
        objects.addAll(added);
        if (!objects.isEmpty()) {
            make.objects(objects);
        }
        objects.forEach(object -> names.add(object.name()));
        return names;
    }

    /** {@return the inputs of objects that make has generated anew; those with the same content get their time back} */
    private Set<String> changedGeneratedFiles(ReachOfPatch reach) throws IOException {
        Set<String> inputs = new HashSet<>();
        originals.values().forEach(object -> inputs.addAll(object.inputs()));
        Set<String> generated = new HashSet<>();
        for (String path : scratch.differingFiles()) {
            if (!path.startsWith(XEN) || reach.isChangedByPatch(path)) {
                continue;
            }
            String input = path.substring(XEN.length());
            if (!inputs.contains(input)) {
                continue;
            }
            boolean same = scratch.isKnown(path)
                    && Files.mismatch(scratch.unpatched(path), scratch.root().resolve(path)) < 0;
            if (same) {
                scratch.restoreTime(path);
            } else {
                generated.add(input);
            }
        }
        return generated;
    }

    private List<ObjectPair> collect(Set<String> affected, Map<String, XenObject> now, boolean makeDecides)
            throws IOException {
        Path patchedDirectory = workDirectory.resolve("patched");
        Path originalDirectory = workDirectory.resolve("original");
        Map<String, XenObject> all = new LinkedHashMap<>(originals);
        now.forEach(all::putIfAbsent);
        List<ObjectPair> pairs = new ArrayList<>();
        for (XenObject object : all.values()) {
            String name = object.name();
            boolean before = originals.containsKey(name);
            boolean after = now.containsKey(name);
            if (before && after && !affected.contains(name) && !(makeDecides && wasBuilt(name))) {
                continue;
            }
            if (before && after && !makeDecides) {
                checkSameFlags(object, now.get(name));
            }
            Optional<Path> original = before ? Optional.of(keepOriginal(name, originalDirectory)) : Optional.empty();
            Optional<Path> patched = after
                    ? Optional.of(moveTo(scratch.root().resolve(XEN + name), patchedDirectory.resolve(name)))
                    : Optional.empty();
            pairs.add(new ObjectPair(
                    name, original, patched, after ? now.get(name).source() : object.source()));
        }
        return pairs;
    }

    private Map<String, Path> asLinked(List<ObjectPair> pairs) {
        return pairs.stream()
                .map(ObjectPair::name)
                .filter(name -> scratch.isKnown(XEN + name))
                .collect(Collectors.toMap(name -> name, name -> scratch.unpatched(XEN + name)));
    }

    private boolean wasBuilt(String name) throws IOException {
        FileTime time = Files.getLastModifiedTime(scratch.root().resolve(XEN + name));
        return !time.equals(scratch.changedAtOpening(XEN + name));
    }

    /** A variable in the environment of the first build that this one lacks would show here. */
    private static void checkSameFlags(XenObject before, XenObject after) {
        if (!before.command().equals(after.command())) {
            throw new XenTreeException(
                    ("%s: make now compiles it with other flags than the tree was built with; functions that the patch"
                                    + " does not touch would differ. Set the variables the tree was built with.\n"
                                    + "  built with: %s\n  now:        %s")
                            .formatted(
                                    before.name(),
                                    onlyIn(before.command(), after.command()),
                                    onlyIn(after.command(), before.command())));
        }
    }

    private static String onlyIn(String command, String other) {
        List<String> words = new ArrayList<>(List.of(command.split("\\s+")));
        words.removeAll(List.of(other.split("\\s+")));
        return words.isEmpty() ? "(the same in another order)" : String.join(" ", words);
    }

    private Path keepOriginal(String name, Path originalDirectory) throws IOException {
        if (!request.applied().isEmpty() && Files.exists(appliedObject(name))) {
            return appliedObject(name);
        }
        Path original = scratch.unpatched(XEN + name);
        if (original.startsWith(tree.root()) && !request.keep()) {
            return original;
        }
        Path kept = originalDirectory.resolve(name);
        Files.createDirectories(kept.getParent());
        return Files.copy(original, kept, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
    }

    private static Path moveTo(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        return Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
}
