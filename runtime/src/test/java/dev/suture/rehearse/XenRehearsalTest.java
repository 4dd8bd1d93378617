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
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Boots Debian's own build of Xen, once: a boot takes 5 to 15 s. */
@Tag("xen")
class XenRehearsalTest {
    @TempDir
    private Path folder;

    @Test
    void xenItselfSaysWhyItRefusesAFile() throws IOException, InterruptedException {
        assumeTrue(
                Command.onPath("qemu-system-x86_64").isPresent(),
                "qemu-system-x86_64 is missing: apt-get install qemu-system-x86");
        // What a payload has to have, and a note that Xen cannot parse.
        Path noPayload = folder.resolve("no payload.o");
        Path source = Files.writeString(folder.resolve("payload.s"), """
                .section .livepatch.depends,"a",@note; .long 4, 4, 3; .asciz "GNU"; .long 1
                .section .livepatch.xen_depends,"a",@note; .long 4, 4, 3; .asciz "GNU"; .long 1
                """);
        assertThat(new ProcessBuilder("as", "-o", noPayload.toString(), source.toString())
                        .start()
                        .waitFor())
                .isZero();

        RehearsalReport report = XenRehearsal.run(
                RehearsalRequest.of(hypervisor(), List.of(noPayload))
                        .observing(List.of("cat /sys/hypervisor/version/major", "echo seen; exit 7")),
                Progress.NONE);

        assertThat(report.verdict()).isEqualTo(Verdict.REFUSED);
        assertThat(report.hypervisor().version().orElseThrow()).startsWith("4.17");
        assertThat(Path.of(report.consoleLog())).content().contains("livepatch: ");
        PayloadReport refused = report.payloads().get(0);
        assertThat(refused.verdict()).isEqualTo(Verdict.REFUSED);
        assertThat(refused.reason().orElseThrow()).startsWith("upload: livepatch: no_payload: ");
        assertThat(refused.steps())
                .singleElement()
                .satisfies(step -> assertThat(step.ok()).isFalse())
                .extracting(Step::exitCode)
                .isEqualTo(Optional.of(1));
        assertThat(refused.observed().before())
                .extracting(RehearsalReport.Observation::output)
                .containsExactly("4\n", "seen\n");
        assertThat(refused.observed().before().get(1).exitCode()).isEqualTo(7);
        assertThat(refused.observed().applied()).isEmpty();
    }

    @Test
    void theClientForLaterHypervisorsCanBeMade() throws IOException, InterruptedException {
        assumeTrue(Command.onPath("gcc").isPresent(), "gcc is missing");
        Path client = Files.write(folder.resolve("made"), OwnClient.make(folder).orElseThrow());
        assertThat(client.toFile().setExecutable(true)).isTrue();

        Process process = new ProcessBuilder(client.toString(), "list").start();

        assertThat(new String(process.getInputStream().readAllBytes())).contains("/dev/xen/privcmd failed: -");
        assertThat(process.waitFor()).isEqualTo(1);
    }

    private static HypervisorImage hypervisor() throws InterruptedException {
        try {
            return new HypervisorImage(LabParts.debianHypervisor(LabParts.cacheFolder(), Progress.NONE));
        } catch (LivePatchException e) {
            return abort("Debian's hypervisor cannot be had: " + e.getMessage());
        }
    }
}
