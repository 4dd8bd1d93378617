package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuild;
import dev.suture.build.xen.XenBuildResult;
import dev.suture.build.xen.XenTree;
import dev.suture.diff.Selection;
import dev.suture.diff.SpecialSections;
import dev.suture.image.Image;
import dev.suture.link.LinkResult;
import dev.suture.payload.PayloadSections;
import dev.suture.payload.XenRelease;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** From a Xen tree and source patches to a payload. */
public final class CreateXenPayload {
    private final CreateRequest request;
    private final Progress progress;
    private final List<CreateReport.StageTime> stages = new ArrayList<>();
    private long stageStarted;
    private String stage = "";

    private CreateXenPayload(CreateRequest request, Progress progress) {
        this.request = request;
        this.progress = progress;
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
        WriteOutput.check(request.output());
        request.explanation().ifPresent(WriteOutput::check);
        checkName();
        begin("open image");
        XenTree tree = request.build().tree();
        XenRelease release = XenRelease.of(tree.version());
        SpecialSections tables = SpecialSections.xenX86(release.minor());
        Image image = Image.open(tree.xenSyms());
        Depends depends = request.depends().map(Depends::of).orElse(Depends.onTarget(image.buildId()));
        end();

        try (XenBuildResult build = XenBuild.run(request.build(), progress)) {
            build.stages().forEach(done -> stages.add(new CreateReport.StageTime(done.name(), done.milliseconds())));

            ExamineXenPatch examined = ExamineXenPatch.examine(
                    build,
                    tables,
                    request.allowedTypes(),
                    metadata(build),
                    new ExamineXenPatch.Place(image, release, request.name(), depends.buildId(), depends.symbols()),
                    this::begin);
            Selection selection = examined.selection();
            CheckTypes.Found types = examined.types();
            LinkResult linked = examined.linked();
            List<Refusal> refusals = new ArrayList<>(examined.refusals());
            refusals.addAll(depends.undone(linked.functions(), build.subjects()));
            if (refusals.isEmpty()) {
                begin("write");
                WriteOutput.write(request.output(), linked.payload());
            }
            if (request.explanation().isPresent()) {
                begin("explain");
                ExplainPayload.write(
                        request.explanation().get(),
                        request.name(),
                        build,
                        selection,
                        linked,
                        refusals,
                        warnings(build, types, selection),
                        depends);
            }
            end();
            return report(build, selection, linked, refusals, warnings(build, types, selection), image, depends);
        } catch (IOException e) {
            throw new LivePatchException("a patch cannot be read: " + e.getMessage(), e);
        }
    }

    private void checkName() {
        int longest = PayloadSections.MAX_NAME_BYTES - 1;
        if (request.name().isEmpty() || request.name().length() > longest) {
            throw new LivePatchException(
                    "the payload's name '%s' has %d characters; Xen takes 1 to %d; choose one with --name"
                            .formatted(request.name(), request.name().length(), longest));
        }
    }

    private List<String> metadata(XenBuildResult build) throws IOException {
        return Metadata.of(
                request.name(),
                build.subjects(),
                request.build().patches().stream().map(SourcePatch::file).toList(),
                request.metadata());
    }

    private static List<String> warnings(XenBuildResult build, CheckTypes.Found types, Selection selection) {
        List<String> warnings = BuildWarnings.of(build, types, selection);
        if (!build.staleOriginals().isEmpty()) {
            warnings.add("%d objects of the tree were missing or older than their sources and were built again: %s"
                    .formatted(build.staleOriginals().size(), String.join(", ", build.staleOriginals())));
        }
        return warnings;
    }

    private CreateReport report(
            XenBuildResult build,
            Selection selection,
            LinkResult linked,
            List<Refusal> refusals,
            List<String> warnings,
            Image image,
            Depends depends) {
        boolean made = refusals.isEmpty();
        return new CreateReport(
                request.name(),
                made ? Optional.of(request.output()) : Optional.empty(),
                made ? linked.payload().length : 0,
                made ? linked.buildId() : "",
                image.buildId(),
                image.buildId(),
                depends.buildId(),
                made ? linked.functions() : List.of(),
                made ? linked.added() : List.of(),
                selection.leftOut(),
                refusals,
                warnings,
                build.pairs().size(),
                stages,
                build.keep() ? Optional.of(build.workDirectory()) : Optional.empty());
    }

    private void begin(String name) {
        end();
        stage = name;
        stageStarted = System.nanoTime();
        progress.stage(name);
    }

    private void end() {
        if (!stage.isEmpty()) {
            stages.add(new CreateReport.StageTime(stage, (System.nanoTime() - stageStarted) / 1_000_000));
            stage = "";
        }
    }
}
