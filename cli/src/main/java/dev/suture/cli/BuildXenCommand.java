package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.create.CreateReport;
import dev.suture.create.CreateRequest;
import dev.suture.create.CreateXenPayload;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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

    @Override
    Answer answer(Progress progress) {
        options.check();
        XenBuildRequest build = new XenBuildRequest(
                XenTree.open(tree),
                options.patches(),
                XenBuildRequest.userCache(),
                Optional.empty(),
                options.keep(),
                insistOnCompiler,
                options.jobs());
        CreateReport report = CreateXenPayload.create(
                new CreateRequest(build, options.request(), Optional.ofNullable(explanation)), progress);
        return CreateAnswer.of(report, "Xen " + report.target());
    }
}
