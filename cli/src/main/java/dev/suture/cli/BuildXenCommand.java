package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.create.CreateReport;
import dev.suture.create.CreateRequest;
import dev.suture.create.CreateXenPayload;
import dev.suture.diff.Selection.LeftOut;
import dev.suture.link.LinkResult;
import dev.suture.payload.Explanation;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
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
            "  suture build xen --tree ~/xen --patch b.patch --output b.livepatch --depends a.livepatch",
            "  suture build xen --tree ~/xen --patch a.patch --output a.livepatch --explain a.html"
        })
final class BuildXenCommand extends SutureCommand {
    private static final String LIVE_PATCH_ENDING = ".livepatch";

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
        boolean made = report.refusals().isEmpty();
        return new Answer(made ? ExitCode.DONE : ExitCode.REFUSED, report, text(report), errors(report));
    }

    private void checkUsage() {
        for (String entry : metadata) {
            if (!entry.matches("(?s)[^=\\x00]+=[^\\x00]*")) {
                throw new ParameterException(
                        command.commandLine(), "--metadata %s: expected KEY=VALUE".formatted(entry));
            }
        }
        if (jobs < 1) {
            throw new ParameterException(command.commandLine(), "--jobs %d: expected at least 1".formatted(jobs));
        }
    }

    private String payloadName() {
        if (name != null) {
            return name;
        }
        String file = output.getFileName().toString();
        return file.endsWith(LIVE_PATCH_ENDING) ? file.substring(0, file.length() - LIVE_PATCH_ENDING.length()) : file;
    }

    private static String errors(CreateReport report) {
        return report.refusals().stream().map(Refusal::text).collect(Collectors.joining("\n"));
    }

    private static String text(CreateReport report) {
        StringBuilder text = new StringBuilder();
        for (LinkResult.Function function : report.functions()) {
            text.append("replaces %s (%s, %d -> %d bytes): %s%n"
                    .formatted(
                            function.name(),
                            function.object(),
                            function.oldSize(),
                            function.newSize(),
                            function.reason()));
        }
        for (Explanation.Added added : report.added()) {
            boolean named = added.kind().equals("FUNCTION") || added.kind().equals("DATA");
            if (named) {
                text.append("adds %s (%s, %d bytes, %s): %s%n"
                        .formatted(added.name(), added.object(), added.sizeBytes(), added.section(), added.reason()));
            }
        }
        for (LeftOut left : report.leftOut()) {
            text.append("leaves out %s (%s): %s%n".formatted(left.symbol(), left.object(), left.why()));
        }
        for (String warning : report.warnings()) {
            text.append("warning: %s%n".formatted(warning));
        }
        report.workDirectory().ifPresent(directory -> text.append("objects kept in %s%n".formatted(directory)));
        report.output()
                .ifPresent(file -> text.append("%s: %,d bytes, build id %s%n  for Xen %s%n  on top of %s%n"
                        .formatted(file, report.sizeBytes(), report.buildId(), report.xenDepends(), report.depends())));
        long total = report.stages().stream()
                .mapToLong(CreateReport.StageTime::millis)
                .sum();
        String stages = report.stages().stream()
                .filter(stage -> stage.millis() >= 10)
                .map(stage -> "%s %.2f s".formatted(stage.name(), stage.millis() / 1000.0))
                .collect(Collectors.joining(", "));
        return text.append("%d objects compiled, %.2f s (%s)".formatted(report.objectsBuilt(), total / 1000.0, stages))
                .toString();
    }
}
