package dev.suture.certify;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import dev.suture.Progress;
import dev.suture.Version;
import dev.suture.build.SourcePatch;
import dev.suture.build.Stage;
import dev.suture.build.Stages;
import dev.suture.build.xen.AskWholeXenBuild;
import dev.suture.build.xen.WholeXenBuild;
import dev.suture.build.xen.XenTree;
import dev.suture.diff.ObjectPieces;
import dev.suture.diff.SpecialSections;
import dev.suture.diff.SplitObject;
import dev.suture.elf.ElfFile;
import dev.suture.payload.Payload;
import dev.suture.payload.XenRelease;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Certifies a payload: proves what it makes of the hypervisor that it is for. */
public final class Certify {
    private final CertifyRequest request;
    private final XenTree tree;
    private final List<Payload> payloads;
    private final ElfFile image;
    private final SpecialSections tables;
    private final Stages stages;

    private Certify(CertifyRequest request, Progress progress) {
        this.request = request;
        tree = request.build().tree();
        payloads = ReadPayload.read(request.payload(), request.below());
        image = ElfFile.read(tree.xenSyms());
        tables = SpecialSections.xenX86(XenRelease.of(tree.version()).minor());
        stages = new Stages(progress);
    }

    /**
     * What certifying gave.
     *
     * @param certificate what was proved, or not
     * @param stages what took how long
     */
    public record Result(Certificate certificate, List<Stage> stages) {
        public Result {
            stages = List.copyOf(stages);
        }
    }

    /**
     * Certifies a payload.
     *
     * @param progress hears how it gets on
     * @throws LivePatchException if the payload, the tree, a patch or a tool is not as it has to be
     */
    public static Result certify(CertifyRequest request, Progress progress) {
        Certify work = new Certify(request, progress);
        Certificate certificate = work.certify();
        return new Result(certificate, work.stages.end());
    }

    private Certificate certify() {
        List<PayloadContents> contents = new ArrayList<>();
        for (Payload payload : payloads) {
            contents.add(PayloadContents.read(payload.elf(), contents.size() + 1));
        }
        RunningSystem system = new RunningSystem(image, contents, tables);
        Replacements replacements = Replacements.of(system);
        Optional<Certificate.Shipped> shipped =
                request.shipped().map(file -> CompareShipped.compare(file, sha256(file), image));
        // Compilers keep the processors busy, but not all the time.
        CompletableFuture<Baseline> baseline = CompletableFuture.supplyAsync(this::proveBaseline);
        try (WholeXenBuild build = WholeXenBuild.run(request.build(), request.fromNothing(), stages)) {
            stages.begin("prove the baseline");
            Baseline proved = join(baseline);
            stages.begin("compare the patched program");
            Program program = read(build.objects(), build::file);
            Tolerance tolerance = MovedLines.tolerance(build.states(), contents.size(), build.stamps());
            JudgeProgram.Result judged = JudgeProgram.judge(program, system, replacements, tolerance);
            List<Finding> extra = new ArrayList<>(judged.judgement().extra());
            FindUnaccounted.find(system.certified(), program, judged.prove())
                    .forEach(what -> extra.add(new Finding("", what, "nothing of the patched program needs it")));
            Judgement judgement = confirmLines(proveUnchanged(judged, program, contents, build), build);
            stages.begin("find inlined copies");
            List<Certificate.InlinedInto> inlined =
                    FindInlined.find(judgement, name -> tree.xenDirectory().resolve(name));
            return certificate(
                    proved,
                    shipped,
                    judgement,
                    extra,
                    inlined,
                    program.objects().size(),
                    build);
        }
    }

    private Judgement proveUnchanged(
            JudgeProgram.Result judged, Program program, List<PayloadContents> contents, WholeXenBuild build) {
        if (judged.notReplaced().isEmpty()) {
            return judged.judgement();
        }
        stages.begin("compare the sources of what is missing");
        AskWholeXenBuild ask = build.ask();
        return new ProveUnchanged(program, this::original, ask.compiler(), tables)
                .apply(judged, contents, ask::preprocess);
    }

    /** What payloads below replaced was made of another source than the tree's. */
    private Judgement confirmLines(Judgement judgement, WholeXenBuild build) {
        if (judgement.lineNumbersOnly().isEmpty()) {
            return judgement;
        }
        stages.begin("compare what differs in line numbers");
        ConfirmLines lines = ConfirmLines.of(judgement.lineNumbersOnly(), build.ask(), tables);
        return judgement.withLines(lines::confirms, request.below().isEmpty());
    }

    private Optional<ObjectPieces> original(String name) {
        Path file = tree.xenDirectory().resolve(name);
        return Files.isRegularFile(file)
                ? Optional.of(SplitObject.split(name, ElfFile.read(file), tables))
                : Optional.empty();
    }

    private static Baseline join(CompletableFuture<Baseline> baseline) {
        try {
            return baseline.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof LivePatchException known) {
                throw known;
            }
            throw e;
        }
    }

    private Baseline proveBaseline() {
        Program program =
                read(WholeXenBuild.objectsOf(tree), name -> tree.xenDirectory().resolve(name));
        RunningSystem system = new RunningSystem(image, List.of(), tables);
        List<String> config =
                CompareConfig.differences(image, tree.xenDirectory().resolve(".config"));
        return ProveBaseline.prove(program, system, new CauseOfDifference(image, config));
    }

    private Program read(List<String> names, Function<String, Path> files) {
        List<ObjectPieces> objects = names.parallelStream()
                .map(name -> SplitObject.split(name, ElfFile.read(files.apply(name)), tables))
                .toList();
        return new Program(objects);
    }

    private Certificate certificate(
            Baseline baseline,
            Optional<Certificate.Shipped> shipped,
            Judgement judgement,
            List<Finding> extra,
            List<Certificate.InlinedInto> inlined,
            int objects,
            WholeXenBuild build) {
        String buildId = image.buildId().orElse("");
        List<String> reasons =
                Reasons.of(baseline, shipped, judgement, extra, payloads.getLast(), buildId, build.configDiffers());
        return new Certificate(
                1,
                Version.text(),
                reasons.isEmpty() ? Certificate.EXACT : Certificate.NOT_EXACT,
                reasons,
                payloadFile(request.payload(), payloads.getLast()),
                IntStream.range(0, request.below().size())
                        .mapToObj(i -> payloadFile(request.below().get(i), payloads.get(i)))
                        .toList(),
                files(request.build().applied()),
                files(request.build().patches()),
                new Certificate.Hypervisor(tree.version(), buildId, sha256(tree.xenSyms()), build.compiler(), shipped),
                baseline,
                request.fromNothing() ? Certificate.FROM_NOTHING : Certificate.WHAT_MAKE_DECIDED,
                new Certificate.Counts(objects, judgement.functions(), judgement.variables(), judgement.same()),
                judgement.replaced(),
                judgement.brought(),
                judgement.hooks(),
                judgement.missing(),
                extra,
                judgement.lineNumbersOnly(),
                judgement.unchangedInSource(),
                judgement.bootOnly(),
                judgement.leftToHooks(),
                judgement.notReached(),
                judgement.unproved(),
                inlined);
    }

    private static Certificate.PayloadFile payloadFile(Path file, Payload payload) {
        return new Certificate.PayloadFile(
                file.getFileName().toString(),
                sha256(file),
                payload.buildId().orElse(""),
                payload.xenDepends().orElse(""),
                payload.depends().orElse(""));
    }

    static List<Certificate.NamedFile> files(List<SourcePatch> patches) {
        return patches.stream()
                .map(SourcePatch::file)
                .map(file -> new Certificate.NamedFile(file.getFileName().toString(), sha256(file)))
                .toList();
    }

    static String sha256(Path file) {
        PlainFile.check(file);
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            new DigestInputStream(in, digest).transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new LivePatchException(file + ": cannot be read: " + PlainFile.why(e), e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
