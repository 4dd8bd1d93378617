package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.create.CreateProcessPayload;
import dev.suture.create.CreateReport;
import dev.suture.create.ProcessRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code suture build process}: from a program's source, its build command and source patches to a payload. */
@Command(
        name = "process",
        description = {
            "Make a live patch for a running program or one of its shared libraries, in C or C++, with any build command."
                    + " The source directory is never changed: the command runs in a copy of it, once for each state of the"
                    + " source, and only what the patch reaches is compiled again, with the program's own flags. If the patch"
                    + " adds sources or changes makefiles, the command runs once more with it.",
            "",
            "The source has to be what the binary was built from: each function that is to be replaced is compared with the"
                    + " binary's own code. Says for each function why it is replaced, and for each thing that comes along what"
                    + " needs it. What cannot go live is refused, with all reasons and what to do about each; nothing is"
                    + " written then."
        },
        footer = {
            "  suture build process --source ~/redis --build 'make' --binary /usr/bin/redis-server \\",
            "      --patch CVE-2025-32023.patch --output cve.livepatch",
            "  suture build process --source . --build 'cmake -B build && cmake --build build' --binary /opt/bin/app \\",
            "      --patch fix.patch --output fix.livepatch --json"
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
            names = "--patch",
            paramLabel = "FILE",
            required = true,
            arity = "1..*",
            description = "A unified diff or mailed patch. Several are applied in the order given.")
    private List<Path> patches;

    @Option(names = "--output", paramLabel = "FILE", required = true, description = "Where to write the payload.")
    private Path output;

    @Option(
            names = "--name",
            paramLabel = "N",
            description = "The payload's name (default: the output's file name without .livepatch).")
    private String name;

    @Option(
            names = "--depends",
            paramLabel = "BUILDID|PAYLOAD",
            description =
                    "What the payload is stacked on: a build id, or the file of another payload (default: the binary"
                            + " itself).")
    private String depends;

    @Option(
            names = "--metadata",
            paramLabel = "K=V",
            description =
                    "A line for .modinfo. May be given more than once. The name, the patches' subjects, the CVE numbers"
                            + " they name and the version of suture are there by themselves.")
    private List<String> metadata = List.of();

    @Option(
            names = "--allow-type",
            paramLabel = "TYPE",
            description = "Go on although the layout of this type changes, because no value of it outlives a call.")
    private Set<String> allowedTypes = Set.of();

    @Option(names = "--keep", description = "Keep the objects and the build log, and say where they are.")
    private boolean keep;

    @Option(
            names = "--jobs",
            paramLabel = "N",
            description = "How many compilers may run at once (default: one per processor).")
    private int jobs = Runtime.getRuntime().availableProcessors();

    @Spec
    private CommandSpec command;

    @Override
    Answer answer(Progress progress) {
        PayloadOptions.check(metadata, jobs, command);
        CreateReport report = CreateProcessPayload.create(
                new ProcessRequest(
                        source,
                        build,
                        binary,
                        Optional.ofNullable(debugFile),
                        patches.stream().map(SourcePatch::read).toList(),
                        XenBuildRequest.userCache(),
                        keep,
                        jobs,
                        output,
                        PayloadOptions.name(name, output),
                        Optional.ofNullable(depends),
                        metadata,
                        allowedTypes),
                progress);
        return CreateAnswer.of(report, "%s (%s)".formatted(binary.getFileName(), report.target()));
    }
}
