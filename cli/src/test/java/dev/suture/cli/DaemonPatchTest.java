package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One CVE patch of a real daemon, from its source package into the running server; {@link DaemonPatchesTest} does all. */
@Tag("daemons")
class DaemonPatchTest {
    @TempDir
    private Path directory;

    @Test
    void aNameServerUnderLoadStopsBelievingForgedAnswersAndBelievesThemAgainAfterTheRevert() throws Exception {
        PatchedDaemon daemon = new PatchedDaemon(DaemonState.before("dnsmasq", "CVE-2026-4893.patch"), directory);
        assertThat(PatchedDaemon.reasons(daemon.build())).isEmpty();

        assertThat(daemon.patchDnsmasq(Optional.of("forged.example"))).isPositive();
    }
}
