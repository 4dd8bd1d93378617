package dev.suture.rehearse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.rehearse.RehearsalReport.Observation;
import dev.suture.rehearse.RehearsalReport.PayloadReport;
import dev.suture.rehearse.RehearsalReport.Step;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TranscriptTest {
    private static final List<PayloadFile> TWO =
            List.of(payload("xen_hello_world", 1000), payload("xen_bye_world", 1000));

    private final ConsoleLines lines = new ConsoleLines();

    @Test
    void theConsoleOfARealRehearsalGivesAReportOnEachPayload() throws IOException {
        Transcript transcript = new Transcript(TWO, List.of("cat /sys/hypervisor/version/extra", "uname -r; false"));
        try (BufferedReader log = new BufferedReader(new InputStreamReader(
                TranscriptTest.class.getResourceAsStream("two-stacked.log"), StandardCharsets.UTF_8))) {
            log.lines().forEach(line -> transcript.accept(lines.accept(line), 0));
        }

        assertThat(transcript.done()).isTrue();
        assertThat(transcript.version()).contains("4.17.5");
        assertThat(transcript.buildId()).contains("19ec80a7cfbad71fb29bf77878cd027db308540f");
        List<PayloadReport> reports = transcript.reports(Verdict.PASSED, "");
        assertThat(reports).extracting(PayloadReport::verdict).containsExactly(Verdict.PASSED, Verdict.PASSED);
        PayloadReport bye = reports.get(1);
        assertThat(bye.steps()).extracting(Step::action).containsExactly("upload", "apply", "list", "revert", "unload");
        assertThat(bye.steps().get(1).xenLog())
                .containsExactly(
                        "livepatch: xen_bye_world: Verifying enabled expectations for all functions",
                        "livepatch: xen_bye_world: Applying 1 functions",
                        "livepatch: xen_bye_world finished APPLY with rc=0");
        assertThat(bye.observed().before())
                .contains(new Observation("cat /sys/hypervisor/version/extra", 0, "Hello World\n"));
        assertThat(bye.observed().applied())
                .contains(new Observation("cat /sys/hypervisor/version/extra", 0, "Bye World!\n"));
        assertThat(bye.observed().reverted())
                .contains(new Observation("cat /sys/hypervisor/version/extra", 0, "Hello World\n"));
    }

    @Test
    void aPayloadThatXenAppliesOnlyOnTopOfAnotherIsSentToTheStack() {
        Transcript transcript = new Transcript(List.of(payload("bye", 1000)), List.of());
        hear(
                transcript,
                "@suture ready .",
                "@suture begin 0 upload .",
                end("upload", 0, 1, "Uploading /suture/bye.livepatch... completed\n"),
                "@suture begin 0 apply .",
                "(XEN) livepatch: bye: check against hypervisor build-id failed",
                end("apply", 1, 1, "Applying bye... failed\nError 22: Invalid argument\n"),
                "@suture begin 0 unload .",
                end("unload", 0, 1, "Unloading bye... completed\n"),
                "@suture done .");

        PayloadReport report = transcript.reports(Verdict.PASSED, "").getFirst();

        assertThat(report.verdict()).isEqualTo(Verdict.REFUSED);
        assertThat(report.reason()).contains("apply: livepatch: bye: check against hypervisor build-id failed");
        assertThat(report.remedy().orElseThrow()).contains("--stack");
    }

    @Test
    void aPayloadTooBigForXenIsToldSoThoughXenKeepsSilent() {
        Transcript transcript = new Transcript(List.of(payload("big", 3_000_000)), List.of());
        hear(
                transcript,
                "@suture ready .",
                "@suture begin 0 upload .",
                end("upload", 1, 1, "Uploading /suture/big.livepatch... failed\nError 22: Invalid argument\n"));

        PayloadReport report = transcript.reports(Verdict.PASSED, "").getFirst();

        assertThat(report.reason().orElseThrow())
                .startsWith("upload: the payload has 3000000 bytes, and Xen takes at most 2097152");
        assertThat(report.remedy().orElseThrow()).contains("strip --strip-debug");
    }

    @Test
    void aHaltThatNeverSucceedsIsATimeoutAndSaysHowOftenItWasTried() {
        Transcript transcript = new Transcript(List.of(payload("slow", 1000)), List.of());
        hear(
                transcript,
                "@suture ready .",
                "@suture begin 0 upload .",
                end("upload", 0, 1, ""),
                "@suture begin 0 apply .",
                "(XEN) livepatch: slow: Timed out on semaphore in CPU quiesce phase 1/1",
                "(XEN) livepatch: slow finished APPLY with rc=-16",
                end("apply", 2, 10, "Applying slow... failed\nError 16: Device or resource busy\n"));

        PayloadReport report = transcript.reports(Verdict.PASSED, "").getFirst();

        assertThat(report.verdict()).isEqualTo(Verdict.TIMED_OUT);
        assertThat(report.reason())
                .contains("apply: livepatch: slow: Timed out on semaphore in CPU quiesce phase 1/1 (10 attempts)");
    }

    @Test
    void aDeathIsLaidToTheStepUnderWayAndTheRestIsNotRehearsed() {
        Transcript transcript = new Transcript(TWO, List.of());
        hear(
                transcript,
                "@suture ready .",
                "@suture begin 0 upload .",
                end("upload", 0, 1, ""),
                "@suture begin 0 apply .",
                "(XEN) Panic on CPU 0:");

        List<PayloadReport> reports = transcript.reports(Verdict.CRASHED, "apply xen_hello_world: Panic on CPU 0:");

        assertThat(reports).extracting(PayloadReport::verdict).containsExactly(Verdict.CRASHED, Verdict.NOT_REHEARSED);
        Step last = reports.getFirst().steps().getLast();
        assertThat(last.action()).isEqualTo("apply");
        assertThat(last.exitCode()).isEqualTo(Optional.empty());
        assertThat(last.xenLog()).containsExactly("Panic on CPU 0:");
    }

    @Test
    void aListWithoutThePayloadIsAFailure() {
        Transcript transcript = new Transcript(List.of(payload("gone", 1000)), List.of());
        hear(
                transcript,
                "@suture ready .",
                "@suture begin 0 list .",
                end("list", 0, 1, "gone                                    | CHECKED    | \n"));

        assertThat(transcript.reports(Verdict.PASSED, "").getFirst().verdict()).isEqualTo(Verdict.FAILED);
    }

    @Test
    void aGarbledMarkerIsNotGuessedAt() {
        Transcript transcript = new Transcript(TWO, List.of());

        assertThatThrownBy(() -> hear(transcript, "@suture begin 0 up")).isInstanceOf(GarbledConsoleException.class);
        assertThatThrownBy(() -> hear(transcript, "@suture end 0 upload 0 1 =b2s= ."))
                .isInstanceOf(GarbledConsoleException.class)
                .hasMessageContaining("garbled");
    }

    private void hear(Transcript transcript, String... console) {
        for (String line : console) {
            transcript.accept(lines.accept(line), 0);
        }
    }

    private static String end(String step, int exitCode, int attempts, String output) {
        String encoded = Base64.getEncoder().encodeToString(output.getBytes(StandardCharsets.UTF_8));
        return "@suture end 0 %s %d %d =%s .".formatted(step, exitCode, attempts, encoded);
    }

    private static PayloadFile payload(String name, int sizeBytes) {
        return new PayloadFile(name, Path.of(name + ".livepatch"), new byte[sizeBytes]);
    }
}
