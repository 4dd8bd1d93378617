package dev.suture.rehearse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.rehearse.RehearsalReport.PayloadReport;
import dev.suture.rehearse.RehearsalReport.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Boots Debian's own build of Xen, once: a boot takes 5 to 15 s. */
class XenRehearsalTest {
    @TempDir
    private Path folder;

    @Test
    void xenItselfSaysWhyItRefusesAFile() throws IOException, InterruptedException {
        assumeTrue(
                Command.onPath("qemu-system-x86_64").isPresent(),
                "qemu-system-x86_64 is missing: apt-get install qemu-system-x86");
        // A kernel module is a relocatable object for x86-64, as a payload is, and lacks all that makes it one.
        Path module = parts().modules().getFirst();
        byte[] object = Files.readAllBytes(module);
        Path cutShort = Files.write(folder.resolve("cut-short.o"), Arrays.copyOf(object, object.length / 2));

        RehearsalReport report = XenRehearsal.run(
                RehearsalRequest.of(hypervisor(), List.of(module, cutShort))
                        .observing(List.of("cat /sys/hypervisor/version/major", "echo seen; exit 7")),
                Progress.NONE);

        assertThat(report.verdict()).isEqualTo(Verdict.REFUSED);
        assertThat(report.hypervisor().version().orElseThrow()).startsWith("4.17");
        assertThat(Path.of(report.consoleLog())).content().contains("livepatch: ");
        PayloadReport noPayload = report.payloads().get(0);
        assertThat(noPayload.verdict()).isEqualTo(Verdict.REFUSED);
        assertThat(noPayload.reason().orElseThrow()).startsWith("upload: livepatch: xen-privcmd: ");
        assertThat(noPayload.steps())
                .singleElement()
                .satisfies(step -> assertThat(step.ok()).isFalse())
                .extracting(Step::exitCode)
                .isEqualTo(Optional.of(1));
        assertThat(noPayload.observed().before())
                .extracting(RehearsalReport.Observation::output)
                .containsExactly("4\n", "seen\n");
        assertThat(noPayload.observed().before().get(1).exitCode()).isEqualTo(7);
        assertThat(noPayload.observed().applied()).isEmpty();
        PayloadReport cut = report.payloads().get(1);
        assertThat(cut.reason()).contains("upload: livepatch: cut-short: Bogus e_shoff");
        assertThat(cut.remedy().orElseThrow()).contains("cut short");
    }

    private static LabParts parts() throws InterruptedException {
        try {
            return LabParts.in(LabParts.cacheFolder(), Progress.NONE);
        } catch (LivePatchException e) {
            return abort("the parts of a dom0 cannot be had: " + e.getMessage());
        }
    }

    private static HypervisorImage hypervisor() throws InterruptedException {
        try {
            return new HypervisorImage(LabParts.debianHypervisor(LabParts.cacheFolder(), Progress.NONE));
        } catch (LivePatchException e) {
            return abort("Debian's hypervisor cannot be had: " + e.getMessage());
        }
    }
}
