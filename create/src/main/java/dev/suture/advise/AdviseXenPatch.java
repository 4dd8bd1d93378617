package dev.suture.advise;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.advise.Advice.FunctionAdvice;
import dev.suture.advise.Advice.Remedy;
import dev.suture.build.HunkMap;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.PatchReach;
import dev.suture.build.xen.XenBuild;
import dev.suture.build.xen.XenBuildResult;
import dev.suture.build.xen.XenTree;
import dev.suture.create.ExamineXenPatch;
import dev.suture.diff.Comparison;
import dev.suture.diff.Piece;
import dev.suture.diff.SpecialSections;
import dev.suture.explain.Explain;
import dev.suture.explain.ExplainedFunction;
import dev.suture.image.Image;
import dev.suture.payload.XenRelease;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * From a built Xen tree and patches to advice: what of them can go live, and what to change where they cannot.
 *
 * <p>Whether a payload can be made is asked of {@link ExamineXenPatch}, as making one does; so both say the same.
 */
public final class AdviseXenPatch {
    /** Of so many changed functions the first differing instructions are looked at; of more, only those in hunks. */
    private static final int FUNCTIONS_LISTED = 60;

    private static final int BYTES_LISTED = 24_000;

    private final AdviseRequest request;
    private final Progress progress;
    private final XenTree tree;
    private final Image image;
    private final PatchReach reach;
    private final HunkMap map;
    private final PatchSources sources;

    private AdviseXenPatch(AdviseRequest request, Progress progress) {
        this.request = request;
        this.progress = progress;
        this.tree = request.build().tree();
        this.image = Image.open(tree.xenSyms());
        progress.stage("apply patches");
        this.reach = PatchReach.of(tree, request.build().patches());
        this.map = HunkMap.of(reach.applied());
        this.sources =
                new PatchSources(tree.root(), tree.config(), reach.applied().sources());
    }

    /**
     * Gives advice.
     *
     * @throws dev.suture.LivePatchException if the tree, a patch or a tool is not as it has to be
     */
    public static Advice advise(AdviseRequest request, Progress progress) {
        request.liveSubset().ifPresent(AdviseXenPatch::checkFolder);
        AdviseXenPatch advise = new AdviseXenPatch(request, progress);
        return advise.isNothingBuilt() || !request.compile() ? advise.withoutCompiling() : advise.compiling();
    }

    /** A mistyped folder is found before anything is compiled. */
    private static void checkFolder(Path output) {
        Path folder = output.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new LivePatchException("cannot write %s: there is no folder %s".formatted(output, folder));
        }
    }

    /** {@return whether it is certain without a compiler that no object is made from what changes} */
    private boolean isNothingBuilt() {
        return reach.objects().isEmpty() && !reach.changesBuildRules() && !reach.feedsGeneratedHeaders();
    }

    private List<String> patchNames() {
        return request.build().patches().stream()
                .map(SourcePatch::file)
                .map(file -> file.getFileName().toString())
                .toList();
    }

    private Advice withoutCompiling() {
        JudgeUncompiled judge = new JudgeUncompiled(reach, map, sources);
        List<HunkAdvice> hunks = judge.judge(patchNames());
        QuiescePaths quiesce = QuiescePaths.of(image);
        List<FunctionAdvice> functions = judge.functions().stream()
                .map(function -> new FunctionAdvice(
                        function.name(),
                        function.object(),
                        "likely replaced",
                        "a hunk is in it",
                        quiesce.tell(function.name()),
                        List.of()))
                .toList();
        boolean live = hunks.stream().noneMatch(hunk -> hunk.verdict().isRefusal())
                && hunks.stream()
                        .anyMatch(hunk -> hunk.verdict() == Verdict.LIVE || hunk.verdict() == Verdict.UNCERTAIN);
        return new Advice(
                tree.version(),
                image.buildId(),
                isNothingBuilt(),
                live,
                hunks,
                functions,
                judge.editedTypes().stream()
                        .map(type -> new Advice.TypeAdvice(
                                type,
                                "edited by the patch; what becomes of it is known once it is compiled",
                                new TypePlaces(reach.objects(), sources).of(type),
                                List.of()))
                        .toList(),
                List.of(),
                isNothingBuilt() ? List.of(judge.nothingBuilt()) : List.of(),
                judge.warnings(),
                Optional.empty());
    }

    private Advice compiling() {
        XenRelease release = XenRelease.of(tree.version());
        Advice advice;
        ExamineXenPatch.Place place = ExamineXenPatch.Place.alone(image, release, "advice");
        try (XenBuildResult build = XenBuild.run(request.build(), progress)) {
            ExamineXenPatch examined = ExamineXenPatch.examine(
                    build,
                    SpecialSections.xenX86(release.minor()),
                    request.allowedTypes(),
                    Set.of(),
                    List.of(),
                    place,
                    progress::stage);
            progress.stage("find the hunks");
            JudgeHunks judge = new JudgeHunks(examined, build.pairs(), build.unreached(), map, sources);
            List<HunkAdvice> hunks = judge.judge(explained(examined), patchNames());

            progress.stage("look for remedies");
            Remedies remedies = new Remedies(examined, build.pairs(), map, sources, reach, judge);
            List<Remedy> found = remedies.find();
            Map<Integer, List<Integer>> helps = remedies.byHunk();
            hunks = hunks.stream()
                    .map(hunk -> hunk.helpedBy(helps.getOrDefault(hunk.number() - 1, List.of())))
                    .toList();

            List<FunctionAdvice> functions =
                    new NameFunctions(examined, QuiescePaths.of(image), judge.unexplained()).functions();
            List<String> warnings = new ArrayList<>(examined.warnings());
            warnings.addAll(NameFunctions.inlinedIntoMany(hunks).values());
            List<Refusal> refusals = examined.refusals();
            advice = new Advice(
                    tree.version(),
                    image.buildId(),
                    true,
                    refusals.isEmpty(),
                    hunks,
                    functions,
                    remedies.types(),
                    found,
                    refusals,
                    warnings,
                    Optional.empty());
        }
        // A build of its own, which wants the scratch copy for itself.
        return request.liveSubset().isPresent()
                ? advice.with(new LiveSubset(request, image, map, sources, advice.hunks(), progress).find())
                : advice;
    }

    /**
     * Under a type's new layout hundreds of functions differ, of which the patch says little; and listing one of the size
     * of an emulator takes longer than all the rest.
     */
    private List<ExplainedFunction> explained(ExamineXenPatch examined) {
        Set<String> inHunks = new HashSet<>();
        map.hunks().forEach(hunk -> sources.touched(hunk).forEach(item -> inHunks.add(item.name())));
        boolean few = examined.selection().replaced().size() <= FUNCTIONS_LISTED;
        Set<String> wanted = new HashSet<>();
        for (Comparison object : examined.selection().objects()) {
            for (Piece piece : object.patched().pieces()) {
                boolean listed = few || inHunks.contains(RefusalKind.inSource(piece.name()));
                if (piece.kind() == Piece.Kind.FUNCTION && listed && piece.sizeBytes() <= BYTES_LISTED) {
                    wanted.add(piece.name());
                }
            }
        }
        return Explain.explain(
                        examined.selection(), examined.patchLines(), (object, code) -> Map.of(), wanted::contains)
                .functions();
    }
}
