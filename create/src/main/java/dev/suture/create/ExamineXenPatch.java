package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.build.PayloadCode;
import dev.suture.build.xen.XenBuildResult;
import dev.suture.diff.Comparison;
import dev.suture.diff.Selection;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.TargetTraits;
import dev.suture.dwarf.LayoutChanges;
import dev.suture.effect.AcceptedEffects;
import dev.suture.effect.Effects;
import dev.suture.effect.JudgeEffect;
import dev.suture.explain.PatchLines;
import dev.suture.image.Image;
import dev.suture.link.LinkRequest;
import dev.suture.link.LinkResult;
import dev.suture.link.LinkXenPayload;
import dev.suture.payload.Stack;
import dev.suture.payload.XenRelease;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * What the objects of a built patch say: what would go into a payload, and every reason why none can be made. Whoever
 * makes a payload and whoever only gives advice ask here, so that they say the same.
 */
public final class ExamineXenPatch {
    private final XenBuildResult build;
    private final TargetTraits traits;
    private final Selection selection;
    private final CheckTypes.Found types;
    private final Effects effects;
    private final LinkResult linked;
    private final List<Refusal> refusals;

    private ExamineXenPatch(
            XenBuildResult build,
            TargetTraits traits,
            Selection selection,
            CheckTypes.Found types,
            Effects effects,
            LinkResult linked,
            List<Refusal> refusals) {
        this.build = build;
        this.traits = traits;
        this.selection = selection;
        this.types = types;
        this.effects = effects;
        this.linked = linked;
        this.refusals = List.copyOf(refusals);
    }

    /**
     * Where a payload would go.
     *
     * @param image the hypervisor it is for
     * @param release that hypervisor's release
     * @param name the payload's name
     * @param depends the build id, in hexadecimal digits, of what must be below it on the stack
     * @param stackSymbols names that payloads below it bring
     * @param below what the payloads below it have made of the source
     * @param patches what this payload does to the source
     * @param effect tells when it takes effect
     */
    public record Place(
            Image image,
            XenRelease release,
            String name,
            String depends,
            Set<String> stackSymbols,
            Stack below,
            List<Stack.Patch> patches,
            JudgeEffect effect) {
        public Place {
            stackSymbols = Set.copyOf(stackSymbols);
            patches = List.copyOf(patches);
        }

        /** {@return the place of the only payload of a hypervisor} */
        public static Place alone(Image image, XenRelease release, String name) {
            return new Place(
                    image,
                    release,
                    name,
                    image.buildId(),
                    Set.of(),
                    Stack.EMPTY,
                    List.of(),
                    JudgeEffect.of(image, AcceptedEffects.NONE));
        }
    }

    /**
     * Examines what was built.
     *
     * @param build the objects with and without the patch
     * @param tables the special sections of that release
     * @param allowedTypes types whose layout may change
     * @param acceptedNewState variables that may start anew
     * @param metadata {@code key=value} for the payload
     * @param place where it would go
     * @param stage hears what is done next
     */
    public static ExamineXenPatch examine(
            XenBuildResult build,
            SpecialSections tables,
            Set<String> allowedTypes,
            Set<String> acceptedNewState,
            List<String> metadata,
            Place place,
            Consumer<String> stage) {
        stage.accept("compare objects");
        LeaveOutConfiguration configuration =
                LeaveOutConfiguration.of(DiffObjects.diff(build.pairs(), tables, build.patchedFiles()));
        List<Comparison> comparisons = configuration.others();
        TargetTraits traits = TargetTraits.HYPERVISOR
                .knowing(KeepsNothing.of(place.image(), comparisons))
                .accepting(acceptedNewState);

        stage.accept("check types");
        CheckTypes.Found types = CheckTypes.check(
                        build.pairs(), build.patchedFiles(), tables, allowedTypes, comparisons)
                .alsoWarn(configuration.warnings());

        stage.accept("select");
        // Where there is no payload anyway, the compiler need not be asked what exactly would be in it.
        Selection selection =
                types.refusals().isEmpty() && place.below().patches().isEmpty()
                        ? LeaveOutDrift.select(comparisons, traits, tables, build)
                        : SelectOnStack.select(comparisons, traits, place.below(), build.asLinked(), tables);

        List<Refusal> refusals = new ArrayList<>(types.refusals());
        if (types.refusals().isEmpty()) {
            stage.accept("compare with the hypervisor");
            refusals.addAll(CompareWithXen.check(selection, build, place.image(), tables, place.below()));
        }
        refusals.addAll(selection.refusals());
        refusals.addAll(CheckState.refusals(
                selection,
                RunningTarget.ofXen(place.effect()),
                acceptedNewState,
                object -> PayloadCode.isBrought(object, build.patchedFiles())));
        refusals.addAll(CheckDefinitions.check(selection, place.image(), Set.of()));
        refusals.addAll(CheckInsides.check(selection, place.image(), traits));
        if (selection.isEmpty() && refusals.isEmpty()) {
            refusals.add(NoEffect.of(build, selection));
        }
        Effects effects = Effects.NONE;
        LinkResult linked = LinkResult.NOTHING;
        // Under a type's new layout everything that uses it is changed, and what linking finds there means nothing.
        if (types.refusals().isEmpty() && !selection.isEmpty()) {
            stage.accept("find when it takes effect");
            effects = place.effect().judge(selection);
            refusals.addAll(effects.refusals());
            stage.accept("link");
            linked = LinkXenPayload.link(new LinkRequest(
                    selection,
                    place.image(),
                    place.release(),
                    place.name(),
                    place.depends(),
                    Stream.concat(metadata.stream(), effects.metadata().stream())
                            .toList(),
                    place.stackSymbols(),
                    place.below(),
                    place.patches()));
            refusals.addAll(linked.refusals());
        }
        if (refusals.isEmpty()) {
            effects.never().ifPresent(refusals::add);
        }
        return new ExamineXenPatch(build, traits, selection, types, effects, linked, refusals);
    }

    /** {@return what goes in, what is left out, and what differs} */
    public Selection selection() {
        return selection;
    }

    /** {@return the types that were edited and whose values change their shape or meaning} */
    public List<LayoutChanges.Combined> typeChanges() {
        return List.copyOf(types.changes());
    }

    TargetTraits traits() {
        return traits;
    }

    CheckTypes.Found types() {
        return types;
    }

    /** {@return the payload, as far as it could be linked} */
    public LinkResult linked() {
        return linked;
    }

    /** {@return every reason why there can be no payload; empty if there can} */
    public List<Refusal> refusals() {
        return refusals;
    }

    /** {@return whether the only reason is that nothing which runs would change} */
    public boolean isWithoutEffect() {
        return selection.isEmpty()
                && types.refusals().isEmpty()
                && selection.refusals().isEmpty();
    }

    /** {@return whether a type's layout changes, under which everything that uses the type differs} */
    public boolean isRefusedForTypes() {
        return !types.refusals().isEmpty();
    }

    /** {@return what an author should know} */
    public List<String> warnings() {
        List<String> warnings = BuildWarnings.of(build, types, selection, traits);
        warnings.addAll(effects.warnings());
        warnings.addAll(MeaningOfState.warnings(build.patchedFiles(), selection.objects()));
        return List.copyOf(warnings);
    }

    /** {@return when what goes in takes effect} */
    public Effects effects() {
        return effects;
    }

    /** {@return the lines that the patches touch, in the numbers of debug information} */
    public PatchLines patchLines() {
        return new PatchedLines(build.patchedFiles());
    }
}
