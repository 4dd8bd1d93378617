package dev.suture.create;

import dev.suture.Refusal;
import dev.suture.build.BuildResult;
import dev.suture.build.Stage;
import dev.suture.diff.Selection;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.effect.FunctionEffect;
import dev.suture.link.LinkResult;
import dev.suture.payload.Explanation;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What came of it.
 *
 * @param name the payload's name
 * @param output where the payload is; empty if there is none
 * @param sizeBytes of the payload; 0 if there is none
 * @param buildId the payload's own, in hexadecimal digits; empty if there is none
 * @param target the build id of the hypervisor or file that it changes
 * @param xenDepends the build id of the hypervisor it is for; empty if it is for a process
 * @param depends the build id of what must be below it on the stack
 * @param functions what it replaces, and why; empty if there is no payload
 * @param added what else is in it, and why; empty if there is no payload
 * @param leftOut what changed and is not in it, and why that is safe
 * @param unproved what is left as it runs and nothing but the selection says that it may be; empty if there is no payload
 * @param effects when each function that is replaced runs in its new version
 * @param refusals why there is no payload
 * @param withoutEffect whether the only reason is that the code that runs is right without the patch
 * @param warnings what its author should know
 * @param objectsBuilt how many objects the patch made make build again
 * @param stages what took how long
 * @param workDirectory where the objects are, if they were to be kept
 */
public record CreateReport(
        String name,
        Optional<Path> output,
        long sizeBytes,
        String buildId,
        String target,
        String xenDepends,
        String depends,
        List<LinkResult.Function> functions,
        List<Explanation.Added> added,
        List<LeftOut> leftOut,
        List<Unproved> unproved,
        List<FunctionEffect> effects,
        List<Refusal> refusals,
        boolean withoutEffect,
        List<String> warnings,
        int objectsBuilt,
        List<StageTime> stages,
        Optional<Path> workDirectory) {

    /**
     * How long a stage took.
     *
     * @param name of the stage
     * @param millis in milliseconds
     */
    public record StageTime(String name, long millis) {}

    public CreateReport {
        functions = List.copyOf(functions);
        added = List.copyOf(added);
        leftOut = List.copyOf(leftOut);
        unproved = List.copyOf(unproved);
        effects = List.copyOf(effects);
        refusals = List.copyOf(refusals);
        warnings = List.copyOf(warnings);
        stages = List.copyOf(stages);
    }

    /** {@return the same report of a payload that was put elsewhere, or is not kept} */
    CreateReport at(Optional<Path> place) {
        return new CreateReport(
                name,
                place,
                sizeBytes,
                buildId,
                target,
                xenDepends,
                depends,
                functions,
                added,
                leftOut,
                unproved,
                effects,
                refusals,
                withoutEffect,
                warnings,
                objectsBuilt,
                stages,
                workDirectory);
    }

    /**
     * {@return what came of a request}
     *
     * @param linked what is in the payload, if nothing was refused
     * @param xenDepends the build id of the hypervisor it is for; empty if it is for a process
     * @param stages what was done after the build
     */
    static CreateReport of(
            PayloadRequest request,
            BuildResult build,
            Selection selection,
            LinkResult linked,
            List<FunctionEffect> effects,
            List<Unproved> unproved,
            List<Refusal> refusals,
            List<String> warnings,
            String target,
            String xenDepends,
            Depends depends,
            List<Stage> stages) {
        boolean made = refusals.isEmpty();
        return new CreateReport(
                request.name(),
                made ? Optional.of(request.output()) : Optional.empty(),
                made ? linked.payload().length : 0,
                made ? linked.buildId() : "",
                target,
                xenDepends,
                depends.buildId(),
                made ? linked.functions() : List.of(),
                made ? linked.added() : List.of(),
                selection.leftOut(),
                made ? unproved : List.of(),
                made ? effects : List.of(),
                refusals,
                refusals.size() == 1 && NoEffect.isHarmless(refusals.getFirst(), build, selection),
                warnings,
                build.pairs().size(),
                Stream.concat(build.stages().stream(), stages.stream())
                        .map(done -> new StageTime(done.name(), done.milliseconds()))
                        .toList(),
                build.keep() ? Optional.of(build.workDirectory()) : Optional.empty());
    }
}
