package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.create.CreateReport;
import dev.suture.create.CreateRequest;
import dev.suture.create.CreateXenPayload;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code suture build xen}: from a built Xen tree and source patches to a payload. */
@Command(
        name = "xen",
        description = {
            "Make a live patch for the hypervisor that a Xen tree was built to. The tree is never changed: the patched"
                    + " sources are compiled in a scratch copy, with the tree's own makefiles and flags, and only what the"
                    + " patch reaches.",
            "",
            "Says for each function why it is replaced, and for each thing that comes along what needs it. What cannot go"
                    + " live is refused, with all reasons and what to do about each; nothing is written then."
        },
        footer = {
            "  suture build xen --tree ~/xen --patch xsa475.patch --output xsa475.livepatch",
            "  suture build xen --tree ~/xen --patch a.patch --patch b.patch --output ab.livepatch --json",
            "  suture build xen --tree ~/xen --patch b.patch --output b.livepatch --depends a.livepatch",
            "  suture build xen --tree ~/xen --patch a.patch --output a.livepatch --explain a.html"
        })
final class BuildXenCommand extends SutureCommand {
    @Option(
            names = "--tree",
            paramLabel = "DIR",
            required = true,
            description = "The built Xen tree (its root, or its folder xen).")
    private Path tree;

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
            description = "What the payload is stacked on: a build id, or the file of another payload (default: the"
                    + " hypervisor itself).")
    private String depends;

    @Option(
            names = "--metadata",
            paramLabel = "K=V",
            description =
                    "A line for .modinfo. May be given more than once. The name, the patches' subjects, the XSA and"
                            + " CVE numbers they name and the version of suture are there by themselves.")
    private List<String> metadata = List.of();

    @Option(
            names = "--allow-type",
            paramLabel = "TYPE",
            description = "Go on although the layout of this type changes, because no value of it outlives a call.")
    private Set<String> allowedTypes = Set.of();

    @Option(
            names = "--explain",
            paramLabel = "FILE.html",
            description = "Also write a page that tells a reviewer why each thing is in the payload or not, with both"
                    + " versions of each function side by side; also when the patch is refused. The page needs nothing"
                    + " else.")
    private Path explanation;

    @Option(
            names = "--insist-on-compiler",
            description = "Go on although the compiler is not the one that built the tree.")
    private boolean insistOnCompiler;

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
        checkUsage();
        List<SourcePatch> read = patches.stream().map(SourcePatch::read).toList();
        XenBuildRequest build = new XenBuildRequest(
                XenTree.open(tree), read, XenBuildRequest.userCache(), Optional.empty(), keep, insistOnCompiler, jobs);
        CreateReport report = CreateXenPayload.create(
                new CreateRequest(
                        build,
                        output,
                        payloadName(),
                        Optional.ofNullable(depends),
                        metadata,
                        allowedTypes,
                        Optional.ofNullable(explanation)),
                progress);
        return CreateAnswer.of(report, "Xen " + report.target());
    }

    private void checkUsage() {
        PayloadOptions.check(metadata, jobs, command);
    }

    private String payloadName() {
        return PayloadOptions.name(name, output);
    }
}
