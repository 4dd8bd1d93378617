package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.certify.Certificate;
import dev.suture.certify.Certify;
import dev.suture.certify.CertifyRequest;
import dev.suture.create.WriteOutput;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code suture certify}: what a payload makes of the hypervisor that it is for. */
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
            "A payload that is stacked on another, or that is for a process, cannot be certified yet."
        },
        footer = {
            "  suture certify xsa475.livepatch --tree ~/xen --patch xsa475.patch",
            "  suture certify xsa475.livepatch --tree ~/xen --patch xsa475.patch --shipped /boot/xen.gz --output xsa475.json",
            "  suture certify ab.livepatch --tree ~/xen --patch a.patch --patch b.patch --json",
            "  suture certify limit.livepatch --tree ~/xen --patch fix.patch --patch limit.c"
        })
final class CertifyCommand extends SutureCommand {
    @Parameters(paramLabel = "PAYLOAD", description = "A live patch file, of any builder.")
    private Path payload;

    @Option(
            names = "--tree",
            paramLabel = "DIR",
            required = true,
            description = "The built Xen tree that the running hypervisor is from (its root, or its folder xen).")
    private Path tree;

    @Option(
            names = "--patch",
            paramLabel = "FILE",
            required = true,
            arity = "1..*",
            description =
                    "What the payload is to do: a unified diff or mailed patch. Several are applied in the order given. A C"
                            + " file among them is no patch: it is one more object, as for `suture build xen`.")
    private List<Path> patches;

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
            description = "Build only what make finds out of date, and take the rest from the tree. Much faster; the"
                    + " certificate says so.")
    private boolean trustMake;

    @Option(
            names = "--jobs",
            paramLabel = "N",
            description = "How many compilers may run at once (default: one per processor).")
    private int jobs = Runtime.getRuntime().availableProcessors();

    @Spec
    private CommandSpec command;

    @Override
    Answer answer(Progress progress) {
        PayloadOptions.checkJobs(jobs, command);
        Optional.ofNullable(output).ifPresent(WriteOutput::check);
        XenBuildRequest build = new XenBuildRequest(
                XenTree.open(tree),
                patches.stream().map(SourcePatch::read).toList(),
                XenBuildRequest.userCache(),
                Optional.empty(),
                false,
                false,
                jobs);
        Certify.Result result =
                Certify.certify(new CertifyRequest(payload, build, Optional.ofNullable(shipped), !trustMake), progress);
        Certificate certificate = result.certificate();
        if (output != null) {
            WriteOutput.write(output, (Json.text(certificate) + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return new Answer(
                certificate.isExact() ? ExitCode.DONE : ExitCode.REFUSED,
                certificate,
                CertificateText.of(certificate, result.stages()),
                String.join("\n", certificate.reasons()));
    }
}
