package dev.suture.certify;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.Version;
import dev.suture.build.ObjectPair;
import dev.suture.build.Stage;
import dev.suture.build.Stages;
import dev.suture.build.make.Links;
import dev.suture.build.make.MakeBuild;
import dev.suture.build.make.MakeBuildRequest;
import dev.suture.build.make.MakeBuildResult;
import dev.suture.build.make.OtherOutput;
import dev.suture.elf.ElfFile;
import dev.suture.image.Image;
import dev.suture.linked.JudgePrograms;
import dev.suture.linked.LinkedProof;
import dev.suture.linked.ProveRequest;
import dev.suture.payload.Payload;
import dev.suture.payload.Stack;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Certifies a payload for a program or shared library: proves what it makes of that.
 *
 * <p>The program is built and linked by its own commands, without and with the patches, and the payload is asked for each
 * function that is another one then, by package {@code linked}. Nothing is selected, and nothing that the payload says of
 * itself is believed.
 */
public final class CertifyProgram {
    private final CertifyProgramRequest request;
    private final Progress progress;
    private final Stages stages;
    private final List<Stage> done = new ArrayList<>();

    private CertifyProgram(CertifyProgramRequest request, Progress progress) {
        this.request = request;
        this.progress = progress;
        stages = new Stages(progress);
    }

    /**
     * What certifying gave.
     *
     * @param certificate what was proved, or not
     * @param stages what took how long
     */
    public record Result(ProgramCertificate certificate, List<Stage> stages) {
        public Result {
            stages = List.copyOf(stages);
        }
    }

    /**
     * Certifies a payload.
     *
     * @param progress hears how it gets on
     * @throws LivePatchException if the payload, the source, the command, a patch or a tool is not as it has to be
     */
    public static Result certify(CertifyProgramRequest request, Progress progress) {
        CertifyProgram work = new CertifyProgram(request, progress);
        ProgramCertificate certificate = work.certify();
        work.done.addAll(work.stages.end());
        return new Result(certificate, work.done);
    }

    private ProgramCertificate certify() {
        stages.begin("read the payload");
        Payload payload = Payload.read(request.payload());
        if (payload.changedFile().isEmpty()) {
            throw new LivePatchException("%s: is not for a process; of a payload for a hypervisor give its --tree"
                    .formatted(request.payload()));
        }
        List<Payload> below = request.below().stream().map(Payload::read).toList();
        Image image = Image.openProgram(request.binary(), request.debugFile());
        try {
            ProgramCertificate near = certify(payload, below, image, false);
            // What the program never used of a library is referred to otherwise.
            boolean mayReachFar = !near.isExact() && !near.missing().isEmpty();
            return mayReachFar ? betterOf(near, () -> certify(payload, below, image, true)) : near;
        } catch (IndexOutOfBoundsException e) {
            throw new LivePatchException(
                    "%s: it is damaged: it refers to what is not there (%s)"
                            .formatted(request.payload(), e.getMessage()),
                    e);
        }
    }

    private static ProgramCertificate betterOf(
            ProgramCertificate near, java.util.function.Supplier<ProgramCertificate> far) {
        try {
            ProgramCertificate other = far.get();
            return other.isExact() ? other : near;
        } catch (LivePatchException e) {
            return near;
        }
    }

    private ProgramCertificate certify(Payload payload, List<Payload> below, Image image, boolean reachesFar) {
        stages.pause();
        MakeBuildRequest toBuild = new MakeBuildRequest(
                request.source(),
                request.command(),
                image,
                request.applied(),
                request.patches(),
                request.cache(),
                reachesFar,
                false,
                request.jobs(),
                request.fromNothing());
        try (MakeBuildResult build = MakeBuild.run(toBuild, progress)) {
            done.addAll(build.stages());
            stages.begin("compare the patched program");
            return switch (build.links()) {
                case Links.Failed(String why) ->
                    certificate(payload, below, image, build, nothing(), List.of("It cannot be told: " + why + "."));
                case Links.Made made ->
                    certificate(payload, below, image, build, judge(made, payload, below, image, build), List.of());
            };
        }
    }

    private static LinkedProof nothing() {
        return new LinkedProof(
                List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(),
                List.of(), 0, 0);
    }

    private LinkedProof judge(
            Links.Made made, Payload payload, List<Payload> below, Image image, MakeBuildResult build) {
        return JudgePrograms.judge(new ProveRequest(
                image,
                made,
                build.pairs(),
                payload.elf(),
                Map.of(),
                build.compiler(),
                false,
                build.asLinked(),
                below(below, build)));
    }

    /** What the payloads below say that they left is listed; for what they bring each of them is at hand. */
    private static ProveRequest.OnTopOf below(List<Payload> below, MakeBuildResult build) {
        return below.isEmpty()
                ? ProveRequest.OnTopOf.NOTHING
                : new ProveRequest.OnTopOf(
                        below.stream().map(Payload::elf).toList(),
                        Set.of(),
                        below.getLast().stack().map(Stack::left).orElse(Map.of()),
                        build.earlier());
    }

    private static List<dev.suture.linked.Finding> unproved(LinkedProof proof) {
        return Stream.concat(proof.unproved().stream(), proof.byNumber().stream())
                .toList();
    }

    private ProgramCertificate certificate(
            Payload payload,
            List<Payload> below,
            Image image,
            MakeBuildResult build,
            LinkedProof proof,
            List<String> more) {
        List<String> reasons = new ArrayList<>(more);
        reasons.addAll(misfits(payload, below, image));
        reasons.addAll(unfit(build));
        add(reasons, proof.missing().size(), "of the patched program would not run as it is there");
        add(reasons, proof.extra().size(), "in the payload that the patch does not need");
        add(reasons, unproved(proof).size(), "that nothing proves");
        return new ProgramCertificate(
                1,
                Version.text(),
                reasons.isEmpty() ? Certificate.EXACT : Certificate.NOT_EXACT,
                reasons,
                file(request.payload(), payload),
                Stream.iterate(0, i -> i < below.size(), i -> i + 1)
                        .map(i -> file(request.below().get(i), below.get(i)))
                        .toList(),
                Certify.files(request.applied()),
                Certify.files(request.patches()),
                new ProgramCertificate.Program(
                        request.binary().getFileName().toString(), image.buildId(), Certify.sha256(request.binary())),
                new ProgramCertificate.Counts(build.pairs().size(), proof.functions(), proof.same()),
                proof.replaced(),
                proof.brought(),
                proof.hooks(),
                findings(proof.missing()),
                findings(proof.extra()),
                findings(proof.unchangedInSource()),
                findings(proof.startOnly()),
                findings(proof.leftToHooks()),
                findings(unproved(proof)),
                build.otherOutputs().stream()
                        .filter(CertifyProgram::changes)
                        .map(OtherOutput::name)
                        .toList());
    }

    private static void add(List<String> reasons, int count, String what) {
        if (count > 0) {
            reasons.add("There %s %s.".formatted(count == 1 ? "is 1 thing" : "are %d things".formatted(count), what));
        }
    }

    private static List<String> misfits(Payload payload, List<Payload> below, Image image) {
        List<String> reasons = new ArrayList<>();
        List<Payload> all = new ArrayList<>(below);
        all.add(payload);
        String under = image.buildId();
        for (Payload one : all) {
            String target = one.changedFile().orElse("(none)");
            if (!target.equals(image.buildId())) {
                reasons.add("%s is for the file with the build id %s, and %s has %s."
                        .formatted(one.elf().name(), target, image.name(), image.buildId()));
            }
            String depends = one.depends().orElse("(none)");
            if (!depends.equals(under)) {
                reasons.add("%s goes on top of what has the build id %s, and what it is to go on has %s."
                        .formatted(one.elf().name(), depends, under));
            }
            under = one.buildId().orElse("(none)");
        }
        return reasons;
    }

    private static List<String> unfit(MakeBuildResult build) {
        List<String> reasons = new ArrayList<>();
        build.notAlike()
                .forEach(name ->
                        reasons.add("%s is not what its recorded command compiles, so that nothing can be said of it."
                                .formatted(name)));
        build.asLinked().forEach((name, object) -> {
            boolean optimizedWhenLinked = ElfFile.read(object).sections().stream()
                    .anyMatch(section -> section.name().startsWith(".gnu.lto_"));
            if (optimizedWhenLinked) {
                reasons.add("%s is compiled for link-time optimization.".formatted(name));
            }
        });
        String together = build.otherOutputs().stream()
                .filter(output -> output.mayShareProcess() && changes(output))
                .map(OtherOutput::name)
                .collect(Collectors.joining(", "));
        if (!together.isEmpty()) {
            reasons.add("The patch changes %s as well, which may run in the same process.".formatted(together));
        }
        return reasons;
    }

    private static boolean changes(OtherOutput output) {
        return output.differs() || output.objects().stream().anyMatch(CertifyProgram::changes);
    }

    private static boolean changes(ObjectPair pair) {
        return pair.original().isEmpty()
                || pair.patched().isEmpty()
                || !dev.suture.diff.SameBytes.inProgram(
                        ElfFile.read(pair.original().get()),
                        ElfFile.read(pair.patched().get()));
    }

    private static List<Finding> findings(List<dev.suture.linked.Finding> findings) {
        return findings.stream()
                .map(finding -> new Finding(finding.object(), finding.symbol(), finding.what()))
                .toList();
    }

    private static ProgramCertificate.PayloadFile file(Path file, Payload payload) {
        return new ProgramCertificate.PayloadFile(
                file.getFileName().toString(),
                Certify.sha256(file),
                payload.buildId().orElse(""),
                payload.changedFile().orElse(""),
                payload.depends().orElse(""));
    }
}
