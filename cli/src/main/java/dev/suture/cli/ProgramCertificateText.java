package dev.suture.cli;

import dev.suture.build.Stage;
import dev.suture.certify.Certificate;
import dev.suture.certify.Finding;
import dev.suture.certify.ProgramCertificate;
import java.util.ArrayList;
import java.util.List;

/** A certificate of a payload for a process, for people. */
final class ProgramCertificateText {
    private final List<String> lines = new ArrayList<>();

    private ProgramCertificateText() {}

    static String of(ProgramCertificate certificate, List<Stage> stages) {
        ProgramCertificateText text = new ProgramCertificateText();
        text.subject(certificate);
        text.findings(certificate);
        long total = stages.stream().mapToLong(Stage::milliseconds).sum();
        text.lines.add(
                "%s: %s (%.1f s)".formatted(certificate.payload().name(), certificate.verdict(), total / 1000.0));
        return String.join("\n", text.lines);
    }

    private void subject(ProgramCertificate certificate) {
        lines.add("payload        sha256 %s, build id %s"
                .formatted(certificate.payload().sha256(), certificate.payload().buildId()));
        certificate
                .below()
                .forEach(below -> lines.add("on top of      %s, sha256 %s, build id %s"
                        .formatted(below.name(), below.sha256(), below.buildId())));
        named("applied", certificate.applied());
        named("patch", certificate.patches());
        ProgramCertificate.Program program = certificate.program();
        lines.add("program        %s, build id %s, sha256 %s"
                .formatted(program.name(), program.buildId(), program.sha256()));
        lines.add("patched        %,d objects are others, with %,d functions, of which %,d are the running ones"
                .formatted(
                        certificate.counts().objects(),
                        certificate.counts().functions(),
                        certificate.counts().same()));
    }

    private void named(String title, List<Certificate.NamedFile> files) {
        files.forEach(file -> lines.add("%-14s %s, sha256 %s".formatted(title, file.name(), file.sha256())));
    }

    private void findings(ProgramCertificate certificate) {
        certificate.replaced().forEach(name -> lines.add("replaced       " + name));
        certificate.brought().forEach(name -> lines.add("brought        " + name));
        certificate.hooks().forEach(name -> lines.add("hook           " + name));
        add("MISSING", certificate.missing());
        add("EXTRA", certificate.extra());
        add("UNPROVED", certificate.unproved());
        add("unchanged", certificate.unchangedInSource());
        add("only at start", certificate.startOnly());
        add("for hooks", certificate.leftToHooks());
        certificate.otherOutputs().forEach(name -> lines.add("also changed   " + name));
    }

    private void add(String title, List<Finding> findings) {
        for (Finding finding : findings) {
            String object = finding.object().isEmpty() ? "" : " (" + finding.object() + ")";
            lines.add("%-14s %s%s: %s".formatted(title, finding.name(), object, finding.why()));
        }
    }
}
