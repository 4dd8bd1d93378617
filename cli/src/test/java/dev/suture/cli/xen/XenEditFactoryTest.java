package dev.suture.cli.xen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.CompileException;
import dev.suture.build.xen.WholeXenBuild;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.build.xen.XenTree;
import dev.suture.certify.Certificate;
import dev.suture.certify.Certify;
import dev.suture.certify.CertifyRequest;
import dev.suture.cli.factory.Dice;
import dev.suture.cli.factory.EditXen;
import dev.suture.create.CreateReport;
import dev.suture.create.CreateRequest;
import dev.suture.create.CreateXenPayload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random edits of the source of Xen: each is refused, or its payload is what the certificate proves to be the patch.
 *
 * <p>{@code -Dsuture.xenfactory.from=N} and {@code -Dsuture.xenfactory.count=M} say which seeds.
 */
@Tag("factory")
@Tag("long")
class XenEditFactoryTest {
    @TempDir
    private Path folder;

    @Test
    void everyPayloadIsProvedToBeThePatchAlone(TestReporter reporter) throws Exception {
        String given = System.getenv("SUTURE_XEN_TREE");
        assumeTrue(given != null, "SUTURE_XEN_TREE is not set: make test builds a Xen tree and sets it");
        XenTree tree = XenTree.open(Path.of(given));
        List<String> sources = WholeXenBuild.objectsOf(tree).stream()
                .filter(name -> name.endsWith(".o") && !name.endsWith(".init.o"))
                .map(name -> "xen/" + name.replaceFirst("o$", "c"))
                .filter(name -> Files.isRegularFile(tree.root().resolve(name)))
                .toList();
        long first = Long.getLong("suture.xenfactory.from", 1);
        int count = Integer.getInteger("suture.xenfactory.count", 20);
        Map<String, Integer> verdicts = new TreeMap<>();
        List<String> wrong = new ArrayList<>();
        for (long seed = first; seed < first + count; seed++) {
            Path patch = folder.resolve("fix.patch");
            String edit = EditXen.write(tree.root(), sources, new Dice(seed), patch);
            String verdict = verdict(tree, patch);
            verdicts.merge(verdict.split(":", 2)[0], 1, Integer::sum);
            String said = "xen seed %d: %s [%s]".formatted(seed, verdict.replace('\n', ' '), edit);
            System.out.println(said);
            if (verdict.startsWith("wrong")) {
                wrong.add(said);
            }
        }
        reporter.publishEntry("verdicts", verdicts.toString());
        assertThat(wrong).isEmpty();
        assertThat(verdicts.getOrDefault("right", 0)).isPositive();
    }

    private String verdict(XenTree tree, Path patch) throws IOException {
        XenBuildRequest build = XenBuildRequest.of(tree, List.of(SourcePatch.read(patch)));
        Path output = folder.resolve("fix.livepatch");
        CreateReport report;
        try {
            report = CreateXenPayload.create(
                    new CreateRequest(build, output, "fix", Optional.empty(), List.of(), Set.of()), Progress.NONE);
        } catch (CompileException e) {
            return "does not compile";
        } catch (LivePatchException e) {
            return "failed: " + e.getMessage();
        } catch (RuntimeException e) {
            return "wrong: " + e;
        }
        if (report.output().isEmpty()) {
            return (report.withoutEffect() ? "nothing: " : "refused: ")
                    + report.refusals().getFirst();
        }
        Certificate certificate = Certify.certify(
                        new CertifyRequest(output, List.of(), build, Optional.empty(), false), Progress.NONE)
                .certificate();
        // What the selection leaves out on one proof alone is said in its report, and so is no surprise.
        boolean isRight = certificate.verdict().equals(Certificate.EXACT)
                || certificate.missing().isEmpty()
                        && certificate.extra().isEmpty()
                        && !report.unproved().isEmpty();
        return isRight ? "right" : "wrong: " + certificate.reasons();
    }
}
