package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.build.PayloadCode;
import dev.suture.build.Stages;
import dev.suture.build.make.BuildFailedException;
import dev.suture.build.make.MakeBuild;
import dev.suture.build.make.MakeBuildRequest;
import dev.suture.build.make.MakeBuildResult;
import dev.suture.diff.Comparison;
import dev.suture.diff.Selection;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.TargetTraits;
import dev.suture.effect.AcceptedEffects;
import dev.suture.effect.Effects;
import dev.suture.effect.JudgeEffect;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Symbol;
import dev.suture.image.Image;
import dev.suture.isa.Isa;
import dev.suture.link.DirectReferences;
import dev.suture.link.LinkProcessPayload;
import dev.suture.link.LinkResult;
import dev.suture.payload.Stack;
import dev.suture.state.Orders;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** From a program's source, its build command and source patches to a payload. */
public final class CreateProcessPayload {
    private final ProcessRequest request;
    private final Progress progress;
    private final Stages stages;
    private final Optional<Path> explanation;
    private final CheckReplaced replaced;
    private final AcceptedEffects accepted;

    private CreateProcessPayload(ProcessRequest request, Optional<Path> explanation, Progress progress) {
        this.request = request;
        this.explanation = explanation;
        this.progress = progress;
        stages = new Stages(progress);
        accepted = new AcceptedEffects(request.payload().acceptedEffects());
        replaced = CheckReplaced.check(request.payload().replaces(), request.patches());
    }

    /**
     * Creates a payload.
     *
     * @param request what is wanted
     * @param progress hears how it gets on
     * @return what came of it: a payload, or refusals
     * @throws LivePatchException if the source, the command, the binary, a patch or the output is not as it has to be
     */
    public static CreateReport create(ProcessRequest request, Progress progress) {
        return create(request, Optional.empty(), progress);
    }

    /**
     * Creates a payload, and writes down for a reviewer why it is what it is.
     *
     * @param explanation where to write that, a page of HTML; also if there is no payload
     * @see #create(ProcessRequest, Progress)
     */
    public static CreateReport create(ProcessRequest request, Optional<Path> explanation, Progress progress) {
        return new CreateProcessPayload(request, explanation, progress).create();
    }

    private CreateReport create() {
        request.payload().check();
        explanation.ifPresent(WriteOutput::check);
        stages.begin("open binary");
        Image image = Image.openProgram(request.binary(), request.debugFile());
        Isa.of(image.elf().header().machine());
        Depends depends = request.payload().on(image.buildId());
        depends.below(request.applied());
        JudgeEffect effect = JudgeEffect.of(image, accepted);
        TargetTraits traits = TargetTraits.ofProcess(
                        sharedNames(image.symbolsFrom()), KnownImports.keepNothing(image.elf()), effect.onlyAtStart())
                .accepting(request.payload().acceptedNewState());
        Optional<CreateReport> near = create(image, depends, traits, effect, false);
        try {
            return near.or(() -> create(image, depends, traits, effect, true)).orElseThrow();
        } catch (BuildFailedException e) {
            throw new LivePatchException(
                    "the patch uses variables of libraries that the program did not use, which needs a compiler that knows"
                            + " -mno-direct-extern-access (gcc 12): "
                            + e.getMessage(),
                    e);
        }
    }

    /** {@return what came of it; empty if the payload would refer to something that may be out of reach} */
    private Optional<CreateReport> create(
            Image image, Depends depends, TargetTraits ofImage, JudgeEffect effect, boolean reachesFar) {
        stages.pause();
        MakeBuildRequest toBuild = new MakeBuildRequest(
                request.source(),
                request.command(),
                image,
                request.applied(),
                request.patches(),
                request.cache(),
                reachesFar,
                request.keep(),
                request.jobs());
        try (MakeBuildResult build = MakeBuild.run(toBuild, progress)) {
            stages.begin("compare objects");
            SpecialSections tables = SpecialSections.process();
            List<Comparison> comparisons = DiffObjects.diff(build.pairs(), tables, build.patchedFiles());
            TargetTraits traits = ofImage.withPrivate(PrivateConstants.of(comparisons, build, image));
            Selection selection = request.applied().isEmpty()
                    ? LeaveOutDrift.select(comparisons, traits, tables, build)
                    : SelectOnStack.select(
                            comparisons, traits, depends.below(request.applied()), build.asLinked(), tables);
            if (!reachesFar
                    && !DirectReferences.of(selection, image, traits, depends.namesBelow(request.applied()))
                            .isEmpty()) {
                return Optional.empty();
            }
            return Optional.of(create(image, depends, traits, build, selection, effect));
        } catch (IOException e) {
            throw new LivePatchException("a patch cannot be read: " + e.getMessage(), e);
        }
    }

    private CreateReport create(
            Image image,
            Depends depends,
            TargetTraits traits,
            MakeBuildResult build,
            Selection selection,
            JudgeEffect effect)
            throws IOException {
        Effects effects = effect.judge(selection);
        stages.begin("check types");
        CheckTypes.Found types = CheckTypes.check(
                build.pairs(),
                build.patchedFiles(),
                SpecialSections.process(),
                request.payload().allowedTypes(),
                selection.objects());

        stages.begin("compare with binary");
        List<Refusal> refusals = new ArrayList<>(unsupported(build));
        if (refusals.isEmpty()) {
            refusals.addAll(CompareWithBinary.check(
                    selection, image, build.asLinked(), new CopiedPaths(build.copiedSource()), build.workDirectory()));
        }
        refusals.addAll(types.refusals());
        refusals.addAll(selection.refusals());
        refusals.addAll(CheckState.refusals(
                selection,
                RunningTarget.of(effect, image, build.links()),
                traits.acceptedNewState(),
                object -> PayloadCode.isBrought(object, build.patchedFiles())));
        refusals.addAll(CheckDefinitions.check(selection, image, traits.sharedNames()));
        refusals.addAll(CheckInsides.check(selection, image, traits));
        refusals.addAll(CheckInsides.checkGathered(selection));
        refusals.addAll(effects.refusals());
        if (!selection.isEmpty()) {
            refusals.addAll(
                    CheckOutputs.refusals(build, request.binary().getFileName().toString()));
        }
        if (selection.isEmpty() && refusals.isEmpty()) {
            NoEffect.linkedOtherwise(build).ifPresent(refusals::add);
        }
        if (selection.isEmpty() && refusals.isEmpty()) {
            refusals.add(NoEffect.of(build, selection, NoEffect.Words.PROCESS));
        }
        for (String name : DirectReferences.of(selection, image, traits, depends.namesBelow(request.applied()))) {
            refusals.add(new Refusal(
                    "",
                    name,
                    "the patch uses `%s` directly, and %s does not have it: it is in a library, out of reach"
                            .formatted(name, image.name()),
                    "Get its address from dlsym() when the code runs."));
        }
        LinkResult linked = LinkResult.NOTHING;
        if (refusals.isEmpty()) {
            Stack below = depends.below(request.applied());
            stages.begin("link");
            linked = LinkProcessPayload.link(new LinkProcessPayload.Request(
                    selection,
                    image,
                    traits,
                    request.payload().name(),
                    depends.buildId(),
                    Metadata.of(request.payload(), request.patches(), effects),
                    depends.symbols(),
                    below,
                    Depends.inStack(request.patches()),
                    CheckLinked.boundDirectly(build, image)));
            refusals.addAll(linked.refusals());
            refusals.addAll(inOtherPayloads(linked, below, image));
            refusals.addAll(depends.undone(linked.functions(), request.allSubjects()));
        }
        CheckLinked.Result checked = CheckLinked.Result.NOTHING;
        if (refusals.isEmpty()) {
            stages.begin("compare linked programs");
            checked = CheckLinked.check(
                    build,
                    selection,
                    image,
                    linked.payload(),
                    request.payload().acceptedEffects(),
                    depends.onTopOf(request.applied(), build.earlier()));
            refusals.addAll(checked.refusals());
        }
        List<String> warnings = BuildWarnings.of(build, types, selection, traits);
        warnings.addAll(CheckOutputs.warnings(build));
        refusals.addAll(replaced.refusals());
        if (refusals.isEmpty()) {
            effects.never().ifPresent(refusals::add);
        }
        warnings.addAll(effects.warnings());
        warnings.addAll(WhoFrees.warnings(selection, image));
        warnings.addAll(Orders.warnings(selection, RunningTarget.of(effect, image, build.links())));
        warnings.addAll(MeaningOfState.warnings(build.patchedFiles(), selection.objects()));
        warnings.addAll(replaced.warnings());
        warnings.addAll(depends.orderOfUnloading(linked, image));
        if (refusals.isEmpty()) {
            stages.begin("write");
            WriteOutput.write(request.payload().output(), linked.payload());
        }
        if (explanation.isPresent()) {
            stages.begin("explain");
            ExplainPayload.write(
                    explanation.get(),
                    request.payload().name(),
                    ShowHunks.of(request),
                    build,
                    selection,
                    effects,
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
                effects.functions(),
                checked.unproved(),
                refusals,
                warnings,
                image.buildId(),
                "",
                depends,
                stages.end());
    }

    /** Only the code of the file is changed in a process, all of it by one step that the kernel does or does not do. */
    private static List<Refusal> inOtherPayloads(LinkResult linked, Stack below, Image image) {
        return linked.functions().stream()
                .filter(function -> below.names().containsValue(function.name())
                        && image.all(function.name()).isEmpty())
                .map(function -> new Refusal(
                        function.object(),
                        function.name(),
                        "`%s` is in another payload, and the code of a payload in a process is not changed"
                                .formatted(function.name()),
                        "Make one payload of all patches (give them all with --patch, and the payloads with --replaces), and"
                                + " let it replace the others."))
                .toList();
    }

    /** {@return the names that several objects of the program may define, of which the linker kept one} */
    private static Set<String> sharedNames(ElfFile program) {
        return program.symbols().stream()
                .filter(symbol -> symbol.isInSection()
                        && (symbol.binding() == Elf.STB_WEAK || symbol.binding() == Elf.STB_GNU_UNIQUE))
                .map(Symbol::name)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** {@return what of the build cannot be followed} */
    private static List<Refusal> unsupported(MakeBuildResult build) {
        List<Refusal> refusals = new ArrayList<>(CheckOutputs.notAlike(build));
        build.asLinked().forEach((name, object) -> {
            boolean optimizedWhenLinked = ElfFile.read(object).sections().stream()
                    .anyMatch(section -> section.name().startsWith(".gnu.lto_"));
            if (optimizedWhenLinked) {
                refusals.add(new Refusal(
                        name,
                        "",
                        "%s is compiled for link-time optimization: its code is made when the program is linked"
                                .formatted(name),
                        "Build and run the program without -flto; what is built with it cannot be patched live."));
            }
        });
        return refusals;
    }
}
