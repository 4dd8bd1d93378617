package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.create.CreateReport;
import dev.suture.create.CreateRequest;
import dev.suture.create.CreateStack;
import dev.suture.create.CreateXenPayload;
import dev.suture.create.PayloadRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
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
            "  suture build xen --tree ~/xen --patch b.patch --output b.livepatch \\",
            "      --depends a.livepatch --applied a.patch",
            "  suture build xen --tree ~/xen --series patches/series --stack --output stack",
            "  suture build xen --tree ~/4.17 --tree ~/4.20 --patch xsa475.patch --output payloads",
            "  suture build xen --tree ~/xen --patch a.patch --output a.livepatch --explain a.html"
        })
final class BuildXenCommand extends SutureCommand {
    @Option(
            names = "--tree",
            paramLabel = "DIR",
            required = true,
            description = "The built Xen tree (its root, or its folder xen). Of several, each gets a payload: in the"
                    + " output, a directory then, below the build id of its hypervisor.")
    private List<Path> trees;

    @Mixin
    private PayloadOptions options;

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

    @Spec
    private CommandSpec command;

    @Override
    Answer answer(Progress progress) {
        options.check();
        boolean several = trees.size() > 1 || options.stack();
        if (several && explanation != null) {
            throw new ParameterException(
                    command.commandLine(), "--explain explains one payload: build it alone to have it explained");
        }
        List<SourcePatch> patches = options.patches();
        if (trees.size() > 1) {
            return BuildForTrees.build(
                    trees,
                    options.output(),
                    progress,
                    (tree, directory, hears) -> options.stack()
                            ? buildStack(tree, patches, options.stackRequest(directory), hears)
                            : build(tree, patches, options.requestIn(directory, patches.getFirst()), hears));
        }
        XenTree tree = XenTree.open(trees.getFirst());
        return options.stack()
                ? buildStack(tree, patches, options.stackRequest(options.output()), progress)
                : build(tree, patches, options.request(), progress);
    }

    private Answer build(XenTree tree, List<SourcePatch> patches, PayloadRequest payload, Progress progress) {
        CreateReport report = CreateXenPayload.create(
                new CreateRequest(
                        buildRequest(tree, options.applied(), patches), payload, Optional.ofNullable(explanation)),
                progress);
        return CreateAnswer.of(report, "Xen " + report.target());
    }

    private Answer buildStack(XenTree tree, List<SourcePatch> patches, PayloadRequest wanted, Progress progress) {
        CreateStack.Report report = CreateStack.create(
                options.applied(),
                patches,
                wanted,
                options.skipRefused(),
                (applied, together, payload) -> CreateXenPayload.create(
                        new CreateRequest(buildRequest(tree, applied, together), payload, Optional.empty()), progress));
        return StackAnswer.of(report, "Xen " + report.payloads().getFirst().target());
    }

    private XenBuildRequest buildRequest(XenTree tree, List<SourcePatch> applied, List<SourcePatch> patches) {
        return new XenBuildRequest(
                tree,
                applied,
                patches,
                XenBuildRequest.userCache(),
                Optional.empty(),
                options.keep(),
                insistOnCompiler,
                options.jobs());
    }
}
