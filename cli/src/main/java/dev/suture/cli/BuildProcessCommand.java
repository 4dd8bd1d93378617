package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.create.CreateProcessPayload;
import dev.suture.create.CreateReport;
import dev.suture.create.CreateStack;
import dev.suture.create.PayloadRequest;
import dev.suture.create.ProcessRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code suture build process}: from a program's source, its build command and source patches to a payload. */
@Command(
        name = "process",
        description = {
            "Make a live patch for a running program or one of its shared libraries, in C or C++, with any build command."
                    + " The source directory is never changed: the command runs in a copy of it, once for each state of the"
                    + " source, and only what the patch reaches is compiled again, with the program's own flags. The"
                    + " processes of the command are watched: if anything but a compiler reads what the patch changes, the"
                    + " command runs once more with it.",
            "",
            "The source has to be what the binary was built from: each function that is to be replaced is compared with the"
                    + " binary's own code. Says for each function why it is replaced, and for each thing that comes along what"
                    + " needs it. What cannot go live is refused, with all reasons and what to do about each; nothing is"
                    + " written then."
        },
        footer = {
            "  suture build process --source ~/redis --build 'make' --binary /usr/bin/redis-server \\",
            "      --patch CVE-2025-32023.patch --output cve.livepatch",
            "  suture build process --source . --build 'cmake -B build && cmake --build build' \\",
            "      --binary /opt/bin/app --patch fix.patch --output fix.livepatch --json"
        })
final class BuildProcessCommand extends SutureCommand {
    @Option(
            names = "--source",
            paramLabel = "DIR",
            required = true,
            description = "The source directory that the binary was built from.")
    private Path source;

    @Option(
            names = "--build",
            paramLabel = "COMMAND",
            required = true,
            description = "The command that builds the program in there, configuring included; run by sh.")
    private String build;

    @Option(
            names = "--binary",
            paramLabel = "FILE",
            required = true,
            description = "The program or shared library that runs.")
    private Path binary;

    @Option(
            names = "--debug-file",
            paramLabel = "FILE",
            description =
                    "Where the symbols of a stripped binary are (default: by its build id in /usr/lib/debug, or by its"
                            + " .gnu_debuglink).")
    private Path debugFile;

    @Option(
            names = "--explain",
            paramLabel = "FILE.html",
            description = "Also write a page that tells a reviewer why each thing is in the payload or not, with both"
                    + " versions of each function side by side; also when the patch is refused. The page needs nothing"
                    + " else.")
    private Path explanation;

    @Mixin
    private PayloadOptions options;

    @Spec
    private CommandSpec command;

    @Override
    Answer answer(Progress progress) {
        options.check();
        if (options.stack() && explanation != null) {
            throw new ParameterException(
                    command.commandLine(), "--explain explains one payload: build it alone to have it explained");
        }
        List<SourcePatch> patches = options.patches();
        if (options.stack()) {
            CreateStack.Report report = CreateStack.create(
                    options.applied(),
                    patches,
                    options.stackRequest(options.output()),
                    options.skipRefused(),
                    (applied, together, payload) ->
                            CreateProcessPayload.create(request(applied, together, payload), progress));
            return StackAnswer.of(report, target(report.payloads().getFirst()));
        }
        CreateReport report = CreateProcessPayload.create(
                request(options.applied(), patches, options.request()), Optional.ofNullable(explanation), progress);
        return CreateAnswer.of(report, target(report));
    }

    private ProcessRequest request(List<SourcePatch> applied, List<SourcePatch> patches, PayloadRequest payload) {
        return new ProcessRequest(
                source,
                build,
                binary,
                Optional.ofNullable(debugFile),
                applied,
                patches,
                XenBuildRequest.userCache(),
                options.keep(),
                options.jobs(),
                payload);
    }

    private String target(CreateReport report) {
        return "%s (%s)".formatted(binary.getFileName(), report.target());
    }
}
