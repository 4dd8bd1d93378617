package dev.suture.cli;

import dev.suture.build.Stage;
import dev.suture.certify.Baseline;
import dev.suture.certify.Certificate;
import dev.suture.certify.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A certificate for people. */
final class CertificateText {
    private final List<String> lines = new ArrayList<>();

    private CertificateText() {}

    static String of(Certificate certificate, List<Stage> stages) {
        CertificateText text = new CertificateText();
        text.subject(certificate);
        text.baseline(certificate);
        text.findings(certificate);
        long total = stages.stream().mapToLong(Stage::milliseconds).sum();
        text.lines.add(
                "%s: %s (%.1f s)".formatted(certificate.payload().name(), certificate.verdict(), total / 1000.0));
        return String.join("\n", text.lines);
    }

    private void subject(Certificate certificate) {
        lines.add("payload        sha256 %s, build id %s"
                .formatted(certificate.payload().sha256(), certificate.payload().buildId()));
        certificate
                .below()
                .forEach(below -> lines.add("on top of      %s, sha256 %s, build id %s"
                        .formatted(below.name(), below.sha256(), below.buildId())));
        certificate
                .applied()
                .forEach(patch -> lines.add("applied        %s, sha256 %s".formatted(patch.name(), patch.sha256())));
        certificate
                .patches()
                .forEach(patch -> lines.add("patch          %s, sha256 %s".formatted(patch.name(), patch.sha256())));
        Certificate.Hypervisor hypervisor = certificate.hypervisor();
        lines.add("hypervisor     Xen %s, build id %s, by %s"
                .formatted(hypervisor.version(), hypervisor.buildId(), hypervisor.compiler()));
        lines.add("xen-syms       sha256 " + hypervisor.sha256());
        hypervisor
                .shipped()
                .ifPresent(shipped -> lines.add("shipped        %s, sha256 %s: %s"
                        .formatted(
                                shipped.name(),
                                shipped.sha256(),
                                shipped.same() ? "what xen-syms loads" : "differs " + shipped.difference())));
    }

    private void baseline(Certificate certificate) {
        Baseline baseline = certificate.baseline();
        lines.add("baseline       %s: %,d functions and %,d variables of the tree's objects looked for in xen-syms, %s"
                .formatted(
                        baseline.proven() ? "proved" : "not proved",
                        baseline.functions(),
                        baseline.variables(),
                        baseline.proven() ? "all found" : baseline.different() + " not found"));
        baseline.first()
                .ifPresent(first -> lines.add("  first        %s (%s): %s%n  cause        %s: %s"
                        .formatted(first.name(), first.object(), first.what(), first.cause(), first.evidence())));
        lines.add("patched        built %s: %,d objects, %,d functions, of which %,d are the running ones"
                .formatted(
                        certificate.patchedBuild(),
                        certificate.counts().objects(),
                        certificate.counts().functions(),
                        certificate.counts().same()));
    }

    private void findings(Certificate certificate) {
        add("replaced", certificate.replaced());
        add("brought", certificate.brought());
        add("hook", certificate.hooks());
        add("MISSING", certificate.missing());
        add("EXTRA", certificate.extra());
        add("UNPROVED", certificate.unproved());
        add("unchanged", certificate.unchangedInSource());
        add("only lines", certificate.lineNumbersOnly());
        add("only at boot", certificate.bootOnly());
        add("for hooks", certificate.leftToHooks());
        add("not reached", certificate.notReached());
        if (!certificate.inlinedInto().isEmpty()) {
            lines.add("inlined        "
                    + certificate.inlinedInto().stream()
                            .map(inlined ->
                                    "%s into %s (%s)".formatted(inlined.function(), inlined.into(), inlined.state()))
                            .collect(Collectors.joining(", ")));
        }
    }

    private void add(String title, List<Finding> findings) {
        for (Finding finding : findings) {
            String object = finding.object().isEmpty() ? "" : " (" + finding.object() + ")";
            String why = finding.why().isEmpty() ? "" : ": " + finding.why();
            lines.add("%-14s %s%s%s".formatted(title, finding.name(), object, why));
        }
    }
}
