package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.certify.Certificate;
import dev.suture.certify.Certify;
import dev.suture.certify.CertifyRequest;
import dev.suture.create.WriteOutput;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
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
            "Of a payload that is stacked on others, name all of these with --depends, the lowest first, and their patches"
                    + " with --applied: then what runs is the hypervisor with the payloads below, and the patched one has"
                    + " all patches. One made with --replaces goes directly on the hypervisor, and is certified with all of"
                    + " its patches. Payloads for processes cannot be certified."
        },
        footer = {
            "  suture certify xsa475.livepatch --tree ~/xen --patch xsa475.patch",
            "  suture certify xsa475.livepatch --tree ~/xen --patch xsa475.patch \\",
            "      --shipped /boot/xen.gz --output xsa475.json",
            "  suture certify ab.livepatch --tree ~/xen --patch a.patch --patch b.patch --json",
            "  suture certify b.livepatch --tree ~/xen --patch b.patch --depends a.livepatch --applied a.patch",
            "  suture certify limit.livepatch --tree ~/xen --patch fix.patch --patch limit.c"
        })
final class CertifyCommand extends SutureCommand {
    @Parameters(paramLabel = "PAYLOAD", description = "A live patch file, of any builder.")
    private Path payload;

    @Mixin
    private XenPatchOptions options;

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
            description = "Build only what make finds out of date, and take the rest from the tree. Much faster; the"
                    + " certificate says so.")
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
        XenBuildRequest build = options.request(applied, false);
        Optional.ofNullable(output).ifPresent(WriteOutput::check);
        Certify.Result result = Certify.certify(
                new CertifyRequest(payload, below, build, Optional.ofNullable(shipped), !trustMake), progress);
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
