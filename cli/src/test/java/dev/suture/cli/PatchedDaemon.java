package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import dev.suture.Refusal;
import dev.suture.build.SourcePatch;
import dev.suture.build.xen.XenBuildRequest;
import dev.suture.create.CreateProcessPayload;
import dev.suture.create.CreateReport;
import dev.suture.create.ProcessRequest;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;

/** A daemon under load, and one of its own CVE patches on its way into it and out again. */
final class PatchedDaemon {
    /** Rounds of questions that each client has answered between two changes. */
    private static final int ROUNDS = 60;

    private static final int CLIENTS = 4;

    /** What can be seen of the fix from outside: whether the daemon still does what it should not. */
    interface Fault {
        boolean isThere() throws Exception;
    }

    private final DaemonState state;
    private final Path directory;
    private final Path payload;

    PatchedDaemon(DaemonState state, Path directory) {
        this.state = state;
        this.directory = directory;
        payload = directory.resolve("cve.livepatch");
    }

    /** {@return what comes of making a payload of the patch} */
    CreateReport build() {
        return CreateProcessPayload.create(
                new ProcessRequest(
                        state.source(),
                        state.command(),
                        state.program(),
                        Optional.empty(),
                        List.of(SourcePatch.read(state.patchFile())),
                        XenBuildRequest.userCache(),
                        false,
                        2,
                        payload,
                        "cve",
                        Optional.empty(),
                        List.of(),
                        Set.of()),
                Progress.NONE);
    }

    Path payload() {
        return payload;
    }

    /** {@return how many answers were right while a redis got the patch, lost it, and forgot it} */
    long patchRedis(List<String> faultyCommand, String faultyAnswer) throws Exception {
        Path socket = directory.resolve("socket");
        List<String> command = List.of(
                state.program().toString(),
                "--port",
                "0",
                "--unixsocket",
                socket.toString(),
                "--save",
                "",
                "--dir",
                "/");
        try (RunningDaemon daemon = RunningDaemon.start(command, directory.resolve("log"))) {
            waitFor(daemon, "ready to accept connections");
            Fault fault = () -> {
                try (RedisClient client = new RedisClient(socket, "probe")) {
                    return client.ask(faultyCommand.toArray(String[]::new)).matches(faultyAnswer);
                }
            };
            try (ServerLoad load = new ServerLoad()) {
                for (int i = 0; i < CLIENTS; i++) {
                    load.add(new RedisClient(socket, "c" + i));
                }
                return patch(daemon, load, faultyCommand.isEmpty() ? Optional.empty() : Optional.of(fault));
            }
        }
    }

    /** {@return how many answers were right while a dnsmasq got the patch, lost it, and forgot it} */
    long patchDnsmasq(Optional<String> faultyName) throws Exception {
        try (DnsUpstream upstream = new DnsUpstream();
                ServerLoad load = new ServerLoad()) {
            int port = freePort();
            List<String> command = new ArrayList<>(dnsmasq(port, "--no-daemon"));
            command.addAll(
                    List.of("--server=127.0.0.1#" + upstream.port(), "--add-subnet=32", "--dns-forward-max=1000"));
            try (RunningDaemon daemon = RunningDaemon.start(command, directory.resolve("log"));
                    DnsClient probe = new DnsClient(port, "probe", false)) {
                waitFor(daemon, "read .*hosts");
                Optional<Fault> fault = faultyName.map(name -> () -> probe.isAnswered(name));
                for (int i = 0; i < CLIENTS; i++) {
                    load.add(new DnsClient(port, "c" + i, false));
                }
                return patch(daemon, load, fault);
            }
        }
    }

    /** {@return the command of a dnsmasq that knows the names that {@link DnsClient} asks for} */
    List<String> dnsmasq(int port, String mode) throws IOException {
        Path hosts = directory.resolve("hosts");
        Files.write(
                hosts,
                IntStream.range(0, DnsClient.HOSTS)
                        .mapToObj(i -> "127.9.0.%d host%d.test".formatted(i, i))
                        .toList());
        return List.of(
                state.program().toString(),
                mode,
                "--conf-file=/dev/null",
                "--port=" + port,
                "--listen-address=127.0.0.1",
                "--bind-interfaces",
                "--no-resolv",
                "--no-hosts",
                "--local=/test/",
                "--addn-hosts=" + hosts,
                "--pid-file=");
    }

    private long patch(RunningDaemon daemon, ServerLoad load, Optional<Fault> fault) throws Exception {
        String target = "pid:" + daemon.pid();
        serves(daemon, load, "before the patch");
        seesFault(fault, true);
        String loaded = Said.words("load", payload.toString(), "--on", target);
        Assumptions.assumeFalse(loaded.contains("permission"), "needs the permission to trace processes: " + loaded);
        assertThat(loaded).contains("now applied");
        serves(daemon, load, "with the patch");
        seesFault(fault, false);
        assertThat(Said.words("revert", "cve", "--on", target)).contains("now checked");
        serves(daemon, load, "after the revert");
        seesFault(fault, true);
        assertThat(Said.words("unload", "cve", "--on", target)).contains("done");
        serves(daemon, load, "after the unload");
        assertThat(Said.words("list", "--on", target)).doesNotContain("cve");
        return load.answers();
    }

    private static void serves(RunningDaemon daemon, ServerLoad load, String when) throws Exception {
        load.serveOn(ROUNDS);
        assertThat(load.errors()).as(when).isEmpty();
        assertThat(daemon.isAlive()).as(when + ": " + daemon.log()).isTrue();
    }

    private static void seesFault(Optional<Fault> fault, boolean expected) throws Exception {
        if (fault.isPresent()) {
            assertThat(fault.get().isThere()).as("the fault is there").isEqualTo(expected);
        }
    }

    static void waitFor(RunningDaemon daemon, String words) throws Exception {
        while (!daemon.log().matches("(?s).*" + words + ".*")) {
            assertThat(daemon.isAlive()).as(daemon.log()).isTrue();
            Thread.sleep(10);
        }
    }

    /** {@return a port of loopback that was free for both protocols just now} */
    static int freePort() throws IOException {
        while (true) {
            try (DatagramSocket udp = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                    ServerSocket _ = new ServerSocket(udp.getLocalPort(), 1, InetAddress.getLoopbackAddress())) {
                return udp.getLocalPort();
            } catch (BindException e) {
                // Somebody has it for the other protocol.
                continue;
            }
        }
    }

    static List<String> reasons(CreateReport report) {
        return report.refusals().stream().map(Refusal::text).toList();
    }
}
