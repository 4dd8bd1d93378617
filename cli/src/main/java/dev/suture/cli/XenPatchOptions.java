package dev.suture.cli;

import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options of all commands that look into patches of a Xen tree and make no payload. */
final class XenPatchOptions {
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
                    "A unified diff or mailed patch. Several are applied in the order given. A C file among them, by"
                            + " its name, is no patch: it is one more object of the payload, for its hooks (suture new hook).")
    private List<Path> patches;

    @Option(
            names = "--jobs",
            paramLabel = "N",
            description = "How many compilers may run at once (default: one per processor).")
    private int jobs = Runtime.getRuntime().availableProcessors();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    /**
     * {@return what to build}
     *
     * @param applied the patches that are applied already
     * @param insistOnCompiler whether to go on with another compiler than the tree's
     */
    XenBuildRequest request(List<Path> applied, boolean insistOnCompiler) {
        PayloadOptions.checkJobs(jobs, command);
        return new XenBuildRequest(
                XenTree.open(tree),
                read(applied),
                read(patches),
                XenBuildRequest.userCache(),
                Optional.empty(),
                false,
                insistOnCompiler,
                jobs);
    }

    private static List<SourcePatch> read(List<Path> files) {
        return files.stream().map(SourcePatch::read).toList();
    }
}
