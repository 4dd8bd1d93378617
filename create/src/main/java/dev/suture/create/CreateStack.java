package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import dev.suture.build.PatchDoesNotApplyException;
import dev.suture.build.ScratchTree;
import dev.suture.build.SourcePatch;
import dev.suture.build.make.BuildFailedException;
import dev.suture.build.xen.CompileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * From several patches to as many payloads, each on top of the one before.
 *
 * <p>The second payload is made from two builds of the source, one with the first patch and one with both, so that it has
 * nothing in it but what the second patch changes. Whatever of it is in the first payload and not in the target is
 * referred to there.
 *
 * <p>A patch that changes nothing by itself, because it adds a function that only the next one calls or is for another
 * machine, has no payload of its own: it goes with the next one that has.
 */
public final class CreateStack {
    private static final String ENDING = ".livepatch";
    private static final String SERIES = "series";

    private CreateStack() {}

    /** Makes one payload of a stack. */
    @FunctionalInterface
    public interface MakePayload {
        /**
         * {@return what came of it}
         *
         * @param applied what the source is changed by already
         * @param patches what it is changed by now
         * @param payload what is to be made of that
         */
        CreateReport make(List<SourcePatch> applied, List<SourcePatch> patches, PayloadRequest payload);
    }

    /**
     * What came of a stack. The payloads that could be made are written, with a list of them in their order.
     *
     * @param payloads from the lowest on, those that are refused included
     * @param withoutEffect the patches that change nothing by themselves, and have no payload of their own
     * @param needRefused the patches that do not apply or do not compile without one that is refused
     * @param notTried the patches behind the one that was refused, if refused ones are not passed over
     * @param skips whether refused ones are passed over
     */
    public record Report(
            List<CreateReport> payloads,
            List<Path> withoutEffect,
            List<Path> needRefused,
            List<Path> notTried,
            boolean skips) {
        public Report {
            payloads = List.copyOf(payloads);
            withoutEffect = List.copyOf(withoutEffect);
            needRefused = List.copyOf(needRefused);
            notTried = List.copyOf(notTried);
        }

        /** {@return whether there is a payload for each patch that has an effect} */
        public boolean isMade() {
            return made().size() == payloads.size() && needRefused.isEmpty();
        }

        /** {@return the payloads that there are, from the lowest on} */
        public List<CreateReport> made() {
            return payloads.stream()
                    .filter(payload -> payload.refusals().isEmpty())
                    .toList();
        }
    }

    /**
     * Creates a stack.
     *
     * @param applied what is applied already, below all of them
     * @param patches one for each payload, the lowest first
     * @param wanted what is wanted of all payloads: the directory that they go to; their names, with a number behind, or
     *     if that is empty, those of the patches; what the lowest one depends on
     * @param skipRefused whether to go on past a patch that is refused, without it
     * @param make makes one of them
     * @throws LivePatchException if two patches have the same name, or the directory cannot be written
     */
    public static Report create(
            List<SourcePatch> applied,
            List<SourcePatch> patches,
            PayloadRequest wanted,
            boolean skipRefused,
            MakePayload make) {
        Path directory = wanted.output().toAbsolutePath();
        WriteOutput.checkDirectory(directory);
        List<String> names = names(patches, wanted.name());
        try {
            Path beside = Files.createTempDirectory("suture-stack-");
            try {
                return inPlace(create(applied, patches, wanted, skipRefused, names, beside, make), wanted.output());
            } finally {
                ScratchTree.deleteDirectory(beside);
            }
        } catch (IOException e) {
            throw new LivePatchException("%s: cannot be written: %s".formatted(directory, Cause.of(e)), e);
        }
    }

    private static Report create(
            List<SourcePatch> applied,
            List<SourcePatch> patches,
            PayloadRequest wanted,
            boolean skipRefused,
            List<String> names,
            Path directory,
            MakePayload make) {
        List<SourcePatch> below = new ArrayList<>(applied);
        List<CreateReport> payloads = new ArrayList<>();
        List<Path> withoutEffect = new ArrayList<>();
        List<Path> needRefused = new ArrayList<>();
        boolean skipped = false;
        List<SourcePatch> together = new ArrayList<>();
        Optional<String> depends = wanted.depends();
        for (int i = 0; i < patches.size(); i++) {
            Path output = directory.resolve(names.get(i) + ENDING);
            together.add(patches.get(i));
            PayloadRequest request = new PayloadRequest(
                    output,
                    names.get(i),
                    depends,
                    List.of(),
                    wanted.metadata(),
                    wanted.allowedTypes(),
                    wanted.acceptedNewState(),
                    wanted.acceptedEffects());
            CreateReport report;
            try {
                report = make.make(List.copyOf(below), List.copyOf(together), request);
            } catch (PatchDoesNotApplyException | BuildFailedException | CompileException e) {
                if (!skipped) {
                    throw e;
                }
                needRefused.add(patches.get(i).file());
                together.removeLast();
                continue;
            }
            boolean isLast = i == patches.size() - 1;
            if (report.withoutEffect() && !(isLast && payloads.isEmpty())) {
                withoutEffect.add(patches.get(i).file());
                continue;
            }
            payloads.add(report);
            if (!report.refusals().isEmpty()) {
                if (!skipRefused) {
                    List<Path> behind = patches.subList(i + 1, patches.size()).stream()
                            .map(SourcePatch::file)
                            .toList();
                    return new Report(payloads, withoutEffect, needRefused, behind, false);
                }
                skipped = true;
                together.removeLast();
                continue;
            }
            below.addAll(together);
            together.clear();
            depends = Optional.of(output.toString());
        }
        return new Report(payloads, withoutEffect, needRefused, List.of(), skipRefused);
    }

    private static List<String> names(List<SourcePatch> patches, String given) {
        List<String> names = new ArrayList<>();
        for (SourcePatch patch : patches) {
            String file = patch.file().getFileName().toString();
            String name = given.isEmpty()
                    ? file.replaceFirst("\\.(patch|diff)$", "")
                    : "%s-%d".formatted(given, names.size() + 1);
            if (names.contains(name)) {
                throw new LivePatchException(
                        "%s: another patch has that name, and payloads need different ones; choose them with --name"
                                .formatted(patch.file()));
            }
            names.add(name);
        }
        return names;
    }

    private static Report inPlace(Report report, Path directory) throws IOException {
        List<CreateReport> payloads = new ArrayList<>();
        List<String> series = new ArrayList<>();
        // A list of an earlier stack must not stand beside payloads of this one.
        Files.deleteIfExists(directory.resolve(SERIES));
        for (CreateReport payload : report.payloads()) {
            if (!payload.refusals().isEmpty()) {
                payloads.add(payload.at(Optional.empty()));
                continue;
            }
            Files.createDirectories(directory);
            Path made = payload.output().orElseThrow();
            Path place = directory.resolve(made.getFileName());
            WriteOutput.write(place, Files.readAllBytes(made));
            Files.delete(made);
            payloads.add(payload.at(Optional.of(place)));
            series.add(place.getFileName().toString());
        }
        if (!series.isEmpty()) {
            WriteOutput.write(
                    directory.resolve(SERIES), (String.join("\n", series) + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return new Report(payloads, report.withoutEffect(), report.needRefused(), report.notTried(), report.skips());
    }
}
