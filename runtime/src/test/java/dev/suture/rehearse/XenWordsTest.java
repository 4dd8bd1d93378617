package dev.suture.rehearse;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class XenWordsTest {
    @Test
    void theReasonIsWhatXenComplainsOfAndNotWhatItReports() {
        List<String> log = List.of(
                "livepatch: hooks: Verifying enabled expectations for all functions",
                "livepatch: hooks: Calling pre-apply hook function",
                "pre_apply_hook: Hook starting.",
                "livepatch: hooks: pre-apply hook failed (rc=-22), aborting!");

        assertThat(XenWords.reason(log, "Applying hooks... failed\n"))
                .isEqualTo("livepatch: hooks: pre-apply hook failed (rc=-22), aborting!");
    }

    @Test
    void whereXenIsSilentTheReasonIsWhatItsClientSays() {
        List<String> log = List.of("livepatch: hooks finished APPLY with rc=-22");

        assertThat(XenWords.reason(log, "Applying hooks... failed\nError 22: Invalid argument\n"))
                .isEqualTo("Applying hooks... failed Error 22: Invalid argument");
    }

    @Test
    void theCauseOfAPanicIsInTheLinesAfterIt() {
        List<String> lines = List.of(
                "FATAL PAGE FAULT",
                "****************************************",
                "Panic on CPU 0:",
                "FATAL PAGE FAULT",
                "[error_code=0002]",
                "Faulting linear address: 0000000000000000",
                "****************************************",
                "",
                "Reboot in five seconds...");

        assertThat(XenWords.causeOfDeath(lines))
                .isEqualTo("Panic on CPU 0: FATAL PAGE FAULT [error_code=0002]"
                        + " Faulting linear address: 0000000000000000");
    }

    @Test
    void theCauseOfDom0sPanicIsInItsLine() {
        List<String> lines = List.of(
                "[   15.753824] Kernel panic - not syncing: sysrq triggered crash", "[   15.759579] CPU: 0 PID: 124");

        assertThat(XenWords.causeOfDeath(lines)).isEqualTo("dom0: Kernel panic - not syncing: sysrq triggered crash");
    }

    @Test
    void aDeadMachineIsToldFromATalkativeOne() {
        assertThat(XenWords.tellsOfDeath("*** DOUBLE FAULT ***")).isTrue();
        assertThat(XenWords.tellsOfDeath("Hardware Dom0 crashed: rebooting machine in 5 seconds."))
                .isTrue();
        assertThat(XenWords.tellsOfDeath("livepatch: panic_room: Applying 1 functions"))
                .isFalse();
    }
}
