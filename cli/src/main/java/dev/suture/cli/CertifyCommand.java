package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.certify.Certificate;
import dev.suture.certify.Certify;
import dev.suture.certify.CertifyProgram;
import dev.suture.certify.CertifyProgramRequest;
import dev.suture.certify.CertifyRequest;
import dev.suture.certify.ProgramCertificate;
import dev.suture.create.WriteOutput;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code suture certify}: what a payload makes of the hypervisor or program that it is for. */
@Command(
        name = "certify",
        description = {
            "Prove that a payload is the patch: nothing missing, nothing extra. The whole patched hypervisor is built from"
                    + " nothing, link included, in a scratch copy of the tree, and each of its functions and variables is"
                    + " looked for: it has to be in the running hypervisor (xen-syms) as it is, or in the payload. What is in"
                    + " the payload besides is extra. Nothing that the payload says of itself is believed, and nothing of how"
                    + " it was made is used.",
            "",
            "Proves the baseline, too: that the tree's objects are what xen-syms was linked from, function by function; and"
                    + " with --shipped that xen-syms is what the hosts boot.",
            "",
            "The verdict is `exact` if the baseline is proved, nothing is missing and nothing is extra; else the exit code is"
                    + " 3. Listed apart, and not counted: functions that differ in line numbers alone, what is used only"
                    + " while the hypervisor boots, variables that the payload's hooks have to see to, and functions that"
                    + " are unchanged in the source: the compiler only decided otherwise what to inline, which is proved"
                    + " from both sources behind the preprocessor, by the code with which `suture build` leaves them out.",
            "",
            "Of a payload that is stacked on others, name all of these with --depends, the lowest first, and their patches"
                    + " with --applied: then what runs is the hypervisor with the payloads below, and the patched one has"
                    + " all patches. One made with --replaces goes directly on the hypervisor, and is certified with all of"
                    + " its patches.",
            "",
            "Of a payload for a program or shared library give --source, --build and --binary instead of --tree. The build"
                    + " command runs on the source without and with the patches and links both; each function and variable"
                    + " of the objects that are others then has to be what the binary has, or be in the payload, byte for"
                    + " byte and reference for reference. Listed apart, and not counted: what was proved to run only when"
                    + " the program starts, and what the compiler makes the same of both sources when it looks at each"
                    + " function alone."
        },
        footer = {
            "  suture certify xsa475.livepatch --tree ~/xen --patch xsa475.patch",
            "  suture certify xsa475.livepatch --tree ~/xen --patch xsa475.patch \\",
            "      --shipped /boot/xen.gz --output xsa475.json",
            "  suture certify ab.livepatch --tree ~/xen --patch a.patch --patch b.patch --json",
            "  suture certify b.livepatch --tree ~/xen --patch b.patch --depends a.livepatch --applied a.patch",
            "  suture certify limit.livepatch --tree ~/xen --patch fix.patch --patch limit.c",
            "  suture certify cve.livepatch --source ~/redis --build make \\",
            "      --binary /usr/bin/redis-server --patch cve.patch"
        })
final class CertifyCommand extends SutureCommand {
    @Parameters(paramLabel = "PAYLOAD", description = "A live patch file, of any builder.")
    private Path payload;

    @Option(
            names = "--tree",
            paramLabel = "DIR",
            description = "The built Xen tree that the running hypervisor is from (its root, or its folder xen).")
    private Path tree;

    @Option(
            names = "--source",
            paramLabel = "DIR",
            description = "The source directory that the binary was built from.")
    private Path source;

    @Option(
            names = "--build",
            paramLabel = "COMMAND",
            description = "The command that builds the program in there; run by sh.")
    private String build;

    @Option(names = "--binary", paramLabel = "FILE", description = "The program or shared library that runs.")
    private Path binary;

    @Option(
            names = "--debug-file",
            paramLabel = "FILE",
            description = "Where the symbols of a stripped binary are (default: where debuggers look).")
    private Path debugFile;

    @Option(
            names = "--patch",
            paramLabel = "FILE",
            required = true,
            arity = "1..*",
            parameterConsumer = UntilOperand.Payload.class,
            description =
                    "The patches that the payload is to be, in their order. A C file among them is one more object of"
                            + " the payload, for its hooks.")
    private List<Path> patches;

    @Option(
            names = "--jobs",
            paramLabel = "N",
            description = "How many compilers may run at once (default: one per processor).")
    private int jobs = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--depends",
            paramLabel = "PAYLOAD",
            arity = "1..*",
            description = "The payloads that this one is stacked on, all of them, the lowest first.")
    private List<Path> below = List.of();

    @Option(
            names = "--applied",
            paramLabel = "FILE",
            arity = "1..*",
            parameterConsumer = UntilOperand.Payload.class,
            description = "The patches that the payloads of --depends were made from, in their order.")
    private List<Path> applied = List.of();

    @Option(
            names = "--shipped",
            paramLabel = "IMAGE",
            description = "The image that the hosts boot (xen.gz, or xen): proves that it is what xen-syms loads.")
    private Path shipped;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Also write the certificate there, as JSON. The same inputs give the same bytes.")
    private Path output;

    @Option(
            names = "--trust-make",
            description =
                    "Build only what make finds out of date, or what the patches are seen to reach, and take the rest"
                            + " from the tree or copy. Much faster; the certificate of a hypervisor says so.")
    private boolean trustMake;

    @Spec
    private CommandSpec command;

    @Override
    Answer answer(Progress progress) {
        if (!applied.isEmpty() && below.isEmpty()) {
            throw new ParameterException(
                    command.commandLine(),
                    "--applied: name the payloads that were made from these patches with --depends as well");
        }
        PayloadOptions.checkJobs(jobs, command);
        boolean ofProgram = source != null && build != null && binary != null;
        boolean anyOfProgram = source != null || build != null || binary != null || debugFile != null;
        if (tree == null ? !ofProgram : anyOfProgram) {
            throw new ParameterException(
                    command.commandLine(),
                    "say what the payload is for: --tree for a hypervisor; --source, --build and --binary for a program");
        }
        if (ofProgram && shipped != null) {
            throw new ParameterException(command.commandLine(), "--shipped: is about hypervisors");
        }
        return ofProgram ? ofProgram(progress) : ofHypervisor(progress);
    }

    private Answer ofHypervisor(Progress progress) {
        XenBuildRequest request = new XenBuildRequest(
                XenTree.open(tree),
                read(applied),
                read(patches),
                XenBuildRequest.userCache(),
                Optional.empty(),
                false,
                false,
                jobs);
        Optional.ofNullable(output).ifPresent(WriteOutput::check);
        Certify.Result result = Certify.certify(
                new CertifyRequest(payload, below, request, Optional.ofNullable(shipped), !trustMake), progress);
        Certificate certificate = result.certificate();
        return answer(
                certificate,
                certificate.isExact(),
                certificate.reasons(),
                CertificateText.of(certificate, result.stages()));
    }

    private Answer ofProgram(Progress progress) {
        Optional.ofNullable(output).ifPresent(WriteOutput::check);
        CertifyProgram.Result result = CertifyProgram.certify(
                new CertifyProgramRequest(
                        payload,
                        below,
                        source,
                        build,
                        binary,
                        Optional.ofNullable(debugFile),
                        read(applied),
                        read(patches),
                        XenBuildRequest.userCache(),
                        !trustMake,
                        jobs),
                progress);
        ProgramCertificate certificate = result.certificate();
        return answer(
                certificate,
                certificate.isExact(),
                certificate.reasons(),
                ProgramCertificateText.of(certificate, result.stages()));
    }

    private Answer answer(Object certificate, boolean isExact, List<String> reasons, String text) {
        if (output != null) {
            WriteOutput.write(output, (Json.text(certificate) + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return new Answer(isExact ? ExitCode.DONE : ExitCode.REFUSED, certificate, text, String.join("\n", reasons));
    }

    private static List<SourcePatch> read(List<Path> files) {
        return files.stream().map(SourcePatch::read).toList();
    }
}
