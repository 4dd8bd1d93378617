package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.advise.Advice;
import dev.suture.advise.AdviceText;
import dev.suture.advise.AdviseRequest;
import dev.suture.advise.AdviseXenPatch;
import dev.suture.build.xen.XenBuildRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code suture advise}: can this patch go live, hunk by hunk, and if not, what to change. */
@Command(
        name = "advise",
        description = {
            "Say of each hunk of a patch for Xen whether it can go live, why, and what to do where it cannot: hooks for data"
                    + " and shadow variables for grown structures as code to paste, and where values of a type come from"
                    + " whose layout changes. Functions are named that run while Xen quiesces or applies a payload.",
            "",
            "Only what the patch reaches is compiled, in a scratch copy; the verdict is that of `suture build xen`. With"
                    + " --no-compile nothing is: what the tree's objects and sources tell takes seconds, and is likely"
                    + " instead of certain."
        },
        footer = {
            "  suture advise --tree ~/xen --patch xsa472.patch",
            "  suture advise --tree ~/xen --patch xsa472.patch --no-compile",
            "  suture advise --tree ~/xen --patch xsa472.patch --write-live part.patch"
        })
final class AdviseCommand extends SutureCommand {
    @Mixin
    private XenPatchOptions options;

    @Option(names = "--no-compile", description = "Compile nothing: say what is likely.")
    private boolean noCompile;

    @Option(
            names = "--write-live",
            paramLabel = "FILE",
            description = "Find the hunks that can go live without the others, build them, and write them as a patch.")
    private Path liveSubset;

    @Option(
            names = "--allow-type",
            paramLabel = "TYPE",
            description = "Go on although the layout of this type changes, because no value of it outlives a call.")
    private Set<String> allowedTypes = Set.of();

    @Option(
            names = "--insist-on-compiler",
            description = "Go on although the compiler is not the one that built the tree.")
    private boolean insistOnCompiler;

    @Spec
    private CommandSpec command;

    @Override
    Answer answer(Progress progress) {
        if (noCompile && liveSubset != null) {
            throw new ParameterException(
                    command.commandLine(), "--write-live builds what it writes, so it cannot go with --no-compile");
        }
        XenBuildRequest build = options.request(List.of(), insistOnCompiler);
        Advice advice = AdviseXenPatch.advise(
                new AdviseRequest(build, !noCompile, allowedTypes, Optional.ofNullable(liveSubset)), progress);
        return new Answer(
                advice.live() ? ExitCode.DONE : ExitCode.REFUSED,
                advice,
                AdviceText.of(advice),
                AdviceText.refusals(advice));
    }
}
