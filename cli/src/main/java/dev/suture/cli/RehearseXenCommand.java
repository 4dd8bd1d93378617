package dev.suture.cli;

import dev.suture.Progress;
import dev.suture.rehearse.HypervisorImage;
import dev.suture.rehearse.LabParts;
import dev.suture.rehearse.RehearsalReport;
import dev.suture.rehearse.RehearsalReport.Observation;
import dev.suture.rehearse.RehearsalReport.PayloadReport;
import dev.suture.rehearse.RehearsalReport.Step;
import dev.suture.rehearse.RehearsalRequest;
import dev.suture.rehearse.Verdict;
import dev.suture.rehearse.XenRehearsal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code suture rehearse xen}: payloads on a Xen booted for the purpose. */
@Command(
        name = "xen",
        description = {
            "Boot a Xen hypervisor in an emulator and try payloads on it: upload, apply, list, revert, unload, each with"
                    + " Xen's own client (for Xen 4.21 and 4.22 one of Suture's, which takes a C compiler). Nothing on"
                    + " this machine is changed, and no privilege is needed.",
            "",
            "Needs QEMU. Everything else is downloaded once, as Debian packages, and kept in $SUTURE_CACHE or"
                    + " ~/.cache/suture."
        },
        footer = {
            "  suture rehearse xen fix.livepatch --tree ~/xen",
            "  suture rehearse xen a.livepatch b.livepatch --stack --xen /boot/xen-4.17-amd64.gz",
            "  suture rehearse xen fix.livepatch --tree ~/xen \\",
            "      --observe 'cat /sys/hypervisor/version/extra' --json"
        })
final class RehearseXenCommand extends SutureCommand {
    private static final int XEN_LINES_SHOWN = 20;

    @Parameters(paramLabel = "PAYLOAD", arity = "1..*", description = "Payload files, in the order to try them.")
    private List<Path> payloads;

    @ArgGroup(multiplicity = "1")
    private Booted booted;

    static final class Booted {
        @Option(
                names = "--tree",
                paramLabel = "DIR",
                description = "A built Xen source tree (its root, or its folder xen): boots the xen/xen in it.")
        private Path tree;

        @Option(
                names = "--xen",
                paramLabel = "IMAGE",
                description = "A bootable hypervisor: the file xen of a build, or xen.gz.")
        private Path image;
    }

    @Option(
            names = "--stack",
            description = "Apply each payload on top of the ones before, then take them off in reverse. Needed for"
                    + " payloads that depend on one another. Without it each is taken off before the next.")
    private boolean stacked;

    @Option(
            names = "--observe",
            paramLabel = "COMMAND",
            description =
                    "A shell command to run in dom0 before each payload is uploaded, while it is applied and after"
                            + " it is reverted. May be given more than once.")
    private List<String> observations = List.of();

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "How long any one step may take (default: 60).")
    private Duration stepTimeout = RehearsalRequest.STEP_TIMEOUT;

    @Option(
            names = "--boot-timeout",
            paramLabel = "SECONDS",
            description = "How long the boot may take (default: 180).")
    private Duration bootTimeout = RehearsalRequest.BOOT_TIMEOUT;

    @Option(
            names = "--log",
            paramLabel = "FILE",
            description = "Where to write all that Xen and dom0 print (default: a new file in the cache).")
    private Path log;

    @Override
    Answer answer(Progress progress) throws InterruptedException {
        HypervisorImage hypervisor =
                booted.tree != null ? HypervisorImage.inTree(booted.tree) : new HypervisorImage(booted.image);
        RehearsalReport report = XenRehearsal.run(
                new RehearsalRequest(
                        hypervisor,
                        payloads,
                        stacked,
                        observations,
                        bootTimeout,
                        stepTimeout,
                        Optional.ofNullable(log),
                        LabParts.cacheFolder()),
                progress);
        return new Answer(exitCode(report.verdict()), report, text(report));
    }

    private static ExitCode exitCode(Verdict verdict) {
        return switch (verdict) {
            case PASSED -> ExitCode.DONE;
            case NOT_REHEARSED, REFUSED, FAILED, CRASHED -> ExitCode.REFUSED;
            case TIMED_OUT -> ExitCode.TIMED_OUT;
        };
    }

    private static String text(RehearsalReport report) {
        StringBuilder text = new StringBuilder();
        text.append("Xen %s".formatted(report.hypervisor().version().orElse("of unknown version")));
        report.bootMillis().ifPresent(millis -> text.append(", booted in %.1f s".formatted(millis / 1000.0)));
        text.append('\n');
        for (PayloadReport payload : report.payloads()) {
            text.append("%s: %s%n".formatted(payload.name(), inWords(payload.verdict())));
            for (Step step : payload.steps()) {
                text.append("  %-7s %-6s %5d ms%s%n"
                        .formatted(
                                step.action(),
                                step.ok() ? "ok" : "FAILED",
                                step.millis(),
                                step.attempts() > 1 ? "  after %d attempts".formatted(step.attempts()) : ""));
                if (!step.ok()) {
                    step.xenLog().stream()
                            .distinct()
                            .limit(XEN_LINES_SHOWN)
                            .forEach(line ->
                                    text.append("    (XEN) ").append(line).append('\n'));
                }
            }
            appendObserved(text, "before", payload.observed().before());
            appendObserved(text, "applied", payload.observed().applied());
            appendObserved(text, "reverted", payload.observed().reverted());
            payload.reason()
                    .ifPresent(reason -> text.append("  ").append(reason).append('\n'));
            payload.remedy()
                    .ifPresent(remedy -> text.append("        ").append(remedy).append('\n'));
        }
        if (report.bootMillis().isEmpty()) {
            report.reason().ifPresent(reason -> text.append(reason).append('\n'));
        }
        return text.append("Console log: ").append(report.consoleLog()).toString();
    }

    private static void appendObserved(StringBuilder text, String when, List<Observation> observations) {
        for (Observation observation : observations) {
            text.append("  %-9s%s: %s%n"
                    .formatted(when, observation.command(), observation.output().strip()));
        }
    }

    private static String inWords(Verdict verdict) {
        return switch (verdict) {
            case PASSED -> "passed";
            case NOT_REHEARSED -> "not rehearsed";
            case REFUSED -> "refused";
            case FAILED -> "failed";
            case TIMED_OUT -> "timed out";
            case CRASHED -> "crashed the machine";
        };
    }
}
