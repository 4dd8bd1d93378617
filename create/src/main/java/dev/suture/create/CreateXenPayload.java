package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.build.Stages;
import dev.suture.build.xen.XenBuild;
import dev.suture.build.xen.XenBuildResult;
import dev.suture.build.xen.XenTree;
import dev.suture.diff.Selection;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.TargetTraits;
import dev.suture.effect.AcceptedEffects;
import dev.suture.effect.JudgeEffect;
import dev.suture.image.Image;
import dev.suture.link.LinkResult;
import dev.suture.payload.Stack;
import dev.suture.payload.XenRelease;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** From a Xen tree and source patches to a payload. */
public final class CreateXenPayload {
    private final CreateRequest request;
    private final Stages stages;

    private CreateXenPayload(CreateRequest request, Progress progress) {
        this.request = request;
        stages = new Stages(progress);
    }

    /**
     * Creates a payload.
     *
     * @param request what is wanted
     * @param progress hears how it gets on
     * @return what came of it: a payload, or refusals
     * @throws LivePatchException if the tree, a patch, a tool or the output is not as it has to be
     */
    public static CreateReport create(CreateRequest request, Progress progress) {
        return new CreateXenPayload(request, progress).create();
    }

    private CreateReport create() {
        request.payload().check();
        request.explanation().ifPresent(WriteOutput::check);
        AcceptedEffects accepted = new AcceptedEffects(request.payload().acceptedEffects());
        stages.begin("open image");
        XenTree tree = request.build().tree();
        XenRelease release = XenRelease.of(tree.version());
        SpecialSections tables = SpecialSections.xenX86(release.minor());
        Image image = Image.open(tree.xenSyms());
        JudgeEffect effect = JudgeEffect.of(image, accepted);
        Depends depends = request.payload().on(image.buildId());
        Stack below = depends.below(request.build().applied());
        CheckReplaced replaced = CheckReplaced.check(
                request.payload().replaces(), request.build().patches());
        stages.pause();

        try (XenBuildResult build = XenBuild.run(request.build(), stages.progress())) {
            ExamineXenPatch examined = ExamineXenPatch.examine(
                    build,
                    tables,
                    request.payload().allowedTypes(),
                    request.payload().acceptedNewState(),
                    Metadata.of(request.payload(), request.build().patches()),
                    new ExamineXenPatch.Place(
                            image,
                            release,
                            request.payload().name(),
                            depends.buildId(),
                            depends.symbols(),
                            below,
                            Depends.inStack(request.build().patches()),
                            effect),
                    stages::begin);
            Selection selection = examined.selection();
            CheckTypes.Found types = examined.types();
            LinkResult linked = examined.linked();
            List<Refusal> refusals = new ArrayList<>(examined.refusals());
            refusals.addAll(replaced.refusals());
            if (linked != LinkResult.NOTHING) {
                refusals.addAll(CheckReplaced.ofNew(request.payload(), linked));
            }
            refusals.addAll(depends.undone(linked.functions(), request.build().allSubjects()));
            List<String> warnings = warnings(build, types, selection, examined.traits());
            warnings.addAll(examined.effects().warnings());
            warnings.addAll(WhoFrees.warnings(selection, image));
            warnings.addAll(MeaningOfState.warnings(build.patchedFiles(), selection.objects()));
            warnings.addAll(replaced.warnings());
            warnings.addAll(depends.orderOfUnloading(linked, image));
            if (refusals.isEmpty()) {
                stages.begin("write");
                WriteOutput.write(request.payload().output(), linked.payload());
            }
            if (request.explanation().isPresent()) {
                stages.begin("explain");
                ExplainPayload.write(
                        request.explanation().get(),
                        request.payload().name(),
                        ShowHunks.of(request.build()),
                        build,
                        selection,
                        examined.effects(),
                        linked,
                        refusals,
                        warnings,
                        depends);
            }
            return CreateReport.of(
                    request.payload(),
                    build,
                    selection,
                    linked,
                    examined.effects().functions(),
                    Unproved.of(selection),
                    refusals,
                    warnings,
                    image.buildId(),
                    image.buildId(),
                    depends,
                    stages.end());
        } catch (IOException e) {
            throw new LivePatchException("a patch cannot be read: " + e.getMessage(), e);
        }
    }

    private static List<String> warnings(
            XenBuildResult build, CheckTypes.Found types, Selection selection, TargetTraits traits) {
        List<String> warnings = BuildWarnings.of(build, types, selection, traits);
        if (!build.staleOriginals().isEmpty()) {
            warnings.add("%d objects of the tree were missing or older than their sources and were built again: %s"
                    .formatted(build.staleOriginals().size(), String.join(", ", build.staleOriginals())));
        }
        return warnings;
    }
}
