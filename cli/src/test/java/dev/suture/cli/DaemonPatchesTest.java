package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.create.CreateReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every CVE patch that the distribution's redis and dnsmasq carry, in their order, each on the daemon as it was just
 * before it: those that can, go into the daemon while clients check each of its answers, and out again; of the others
 * the reason is known here. What came of each is in {@code target/daemon-patches.md}.
 */
@Tag("daemons")
@Tag("long")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DaemonPatchesTest {
    private static final Path TABLE = Path.of("target/daemon-patches.md");
    private static final int LEAST_LIVE = 8;

    /** Words of the reasons for which a patch does not go live, all of which must be given. */
    private static final Map<String, List<String>> REFUSED = Map.of(
            "CVE-2026-2291.patch", List.of("the layout of a type changes", "union bigname: 1032 -> 2056 bytes"),
            "CVE-2025-46818.patch",
                    List.of(
                            "the layout of a type changes",
                            "added lua_enable_deprecated_api",
                            "data `static_configs` was resized",
                            "data `lua_builtins_allow_list` was resized"));

    /** A command whose answer tells whether the fault is there, and what it is then. */
    private record Visible(List<String> command, String faultyAnswer) {}

    private static final Map<String, Visible> VISIBLE = Map.of(
            "0001-Apply-security-fixes-for-CVEs-1113.patch",
            new Visible(List.of("ACL", "SETUSER", "somebody", "%~key"), "\\+OK"),
            "0002-Fix-Read-Write-key-pattern-selector-CVE-2024-51741-1.patch",
            new Visible(List.of("ACL", "SETUSER", "somebody", "%"), "\\+OK"));

    @TempDir
    private Path directory;

    private final List<String> rows = new ArrayList<>();
    private int live;

    static Stream<String> redisPatches() {
        return DaemonState.patches("redis").stream();
    }

    static Stream<String> dnsmasqPatches() {
        return DaemonState.patches("dnsmasq").stream();
    }

    @ParameterizedTest
    @MethodSource("redisPatches")
    void redisServesOnWhileItIsPatched(String patch) throws Exception {
        PatchedDaemon daemon = new PatchedDaemon(DaemonState.before("redis", patch), directory);
        CreateReport report = daemon.build();
        if (goesLive("redis", patch, report)) {
            Visible visible = VISIBLE.getOrDefault(patch, new Visible(List.of(), ""));
            row("redis", patch, report, daemon.patchRedis(visible.command(), visible.faultyAnswer()));
        }
    }

    @ParameterizedTest
    @MethodSource("dnsmasqPatches")
    void dnsmasqServesOnWhileItIsPatched(String patch) throws Exception {
        PatchedDaemon daemon = new PatchedDaemon(DaemonState.before("dnsmasq", patch), directory);
        CreateReport report = daemon.build();
        if (goesLive("dnsmasq", patch, report)) {
            boolean forged = patch.equals("CVE-2026-4893.patch");
            long answers = daemon.patchDnsmasq(forged ? Optional.of("forged.example") : Optional.empty());
            row("dnsmasq", patch, report, answers);
        }
    }

    /** The patched loop is in the process that runs scripts for dnsmasq, and never ends. */
    @Test
    void theHelperOfDnsmasqIsReachedAndIsInThePatchedFunctionForEver() throws Exception {
        Assumptions.assumeTrue(
                "root".equals(System.getProperty("user.name")), "needs root: dnsmasq serves DHCP in this test");
        DaemonState state = DaemonState.before("dnsmasq", "CVE-2026-4892.patch");
        PatchedDaemon daemon = new PatchedDaemon(state, directory);
        assertThat(PatchedDaemon.reasons(daemon.build())).isEmpty();
        int port = PatchedDaemon.freePort();
        List<String> command = new ArrayList<>(daemon.dnsmasq(port, "--keep-in-foreground"));
        command.addAll(List.of(
                "--user=root",
                "--log-facility=-",
                "--dhcp-range=127.0.0.10,127.0.0.20,255.0.0.0,1h",
                "--dhcp-alternate-port=%d,%d".formatted(PatchedDaemon.freePort(), PatchedDaemon.freePort()),
                "--dhcp-leasefile=" + directory.resolve("leases"),
                "--dhcp-script=/bin/true"));
        String[] load = {
            "load", daemon.payload().toString(), "--on", "exe:" + state.program(), "--timeout", "1", "--all-or-nothing"
        };
        try (RunningDaemon running = RunningDaemon.start(command, directory.resolve("log"));
                ServerLoad clients = new ServerLoad()) {
            PatchedDaemon.waitFor(running, "read .*hosts");
            clients.add(new DnsClient(port, "c", true));
            clients.serveOn(20);
            String words = Said.words((Object[]) load);

            assertThat(words)
                    .contains("pid:%d: load cve: done, now applied".formatted(running.pid()))
                    .containsPattern("pid:[0-9]+: load cve: timed out")
                    .contains("(program) will return into create_helper")
                    .contains("pid:%d: revert cve: done".formatted(running.pid()));
            clients.serveOn(20);
            assertThat(clients.errors()).isEmpty();
            assertThat(Said.words("list", "--on", "exe:" + state.program())).doesNotContain("cve");
        }
    }

    private boolean goesLive(String daemon, String patch, CreateReport report) {
        List<String> reasons = PatchedDaemon.reasons(report);
        if (REFUSED.containsKey(patch)) {
            assertThat(String.join("\n", reasons)).contains(REFUSED.get(patch));
            rows.add("| %s | %s | refused | %s | |".formatted(daemon, patch, String.join("; ", reasons)));
            return false;
        }
        assertThat(reasons).isEmpty();
        return true;
    }

    private void row(String daemon, String patch, CreateReport report, long answers) {
        live++;
        List<String> functions =
                report.functions().stream().map(function -> function.name()).toList();
        rows.add("| %s | %s | live | %s | %d, no error |"
                .formatted(daemon, patch, String.join(" ", functions), answers));
    }

    @AfterAll
    void atLeastEightWentLive() throws IOException {
        List<String> lines = new ArrayList<>(List.of(
                "| daemon | patch | outcome | functions replaced, or why not | answers |", "|---|---|---|---|---|"));
        lines.addAll(rows);
        Files.write(TABLE, lines, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);
        Assumptions.assumeFalse(rows.isEmpty(), "needs the distribution's source packages");
        assertThat(live).isGreaterThanOrEqualTo(LEAST_LIVE);
    }
}
