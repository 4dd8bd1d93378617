package dev.suture.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * All CVE patches of the distribution's nginx as a stack, in all processes of a running one: the master, its workers, and
 * the workers that the master starts later, which have what the master has.
 */
@Tag("daemons")
@Tag("long")
class NginxStackTest {
    private static final int WORKERS = 3;
    private static final int CLIENTS = 4;
    private static final int ROUNDS = 60;
    private static final String PAGE = "the page ".repeat(1000);

    @TempDir
    private Path directory;

    /** Fetches a page from the server itself, and through its proxy. */
    private record HttpClient(int port) implements ServerLoad.Client {
        @Override
        public int round(long number) throws IOException {
            for (String path : List.of("/page.txt", "/through/page.txt")) {
                URI page = URI.create("http://127.0.0.1:%d%s".formatted(port, path));
                HttpURLConnection connection = (HttpURLConnection) page.toURL().openConnection();
                assertThat(connection.getResponseCode()).isEqualTo(200);
                byte[] body = connection.getInputStream().readAllBytes();
                assertThat(new String(body, StandardCharsets.UTF_8)).isEqualTo(PAGE);
            }
            return 2;
        }

        @Override
        public void close() {}
    }

    private List<Path> payloads(DaemonState state, List<String> patches) throws IOException {
        Path output = directory.resolve("stack");
        List<Object> build = new ArrayList<>(List.of("build", "process", "--source", state.source(), "--build"));
        build.addAll(List.of(state.command(), "--binary", state.program(), "--stack", "--output", output, "--patch"));
        patches.forEach(patch -> build.add(state.file(patch)));
        Said said = Said.suture(build.toArray());
        assertThat(said.exitCode()).as(said.toString()).isEqualTo(ExitCode.DONE);
        return patches.stream()
                .map(patch -> output.resolve(patch.replace(".patch", ".livepatch")))
                .filter(Files::exists)
                .toList();
    }

    private List<String> nginx(DaemonState state, int port) throws IOException {
        // The workers of a master that is root's are another user's.
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.createDirectories(directory.resolve("logs"));
        Files.writeString(directory.resolve("page.txt"), PAGE);
        Files.writeString(directory.resolve("nginx.conf"), """
                daemon off;
                worker_processes %d;
                events { worker_connections 128; }
                http {
                  access_log off;
                  server {
                    listen 127.0.0.1:%d;
                    root %s;
                    location /through/ { proxy_pass http://127.0.0.1:%2$d/; }
                  }
                }
                """.formatted(WORKERS, port, directory));
        return List.of(
                state.program().toString(),
                "-p",
                directory.toString(),
                "-c",
                directory.resolve("nginx.conf").toString());
    }

    private static List<Long> workers(RunningDaemon master) {
        return ProcessHandle.of(master.pid()).stream()
                .flatMap(ProcessHandle::children)
                .map(ProcessHandle::pid)
                .toList();
    }

    private static void serves(ServerLoad load, String when) throws InterruptedException {
        load.serveOn(ROUNDS);
        assertThat(load.errors()).as(when).isEmpty();
    }

    private static String applied(long pid) {
        return Said.words("list", "--on", "pid:" + pid)
                .lines()
                .filter(line -> line.contains(" applied "))
                .map(line -> line.strip().split(" ")[0])
                .collect(Collectors.joining(" "));
    }

    @Test
    void masterAndWorkersServeOnWhileTheStackGoesOnAndOff() throws Exception {
        List<String> patches = DaemonState.patches("nginx");
        DaemonState state = DaemonState.before("nginx", patches.getFirst());
        List<Path> payloads = payloads(state, patches);
        assertThat(payloads).hasSizeGreaterThan(8);
        List<String> names = payloads.stream()
                .map(file -> file.getFileName().toString().replace(".livepatch", ""))
                .toList();
        int port = PatchedDaemon.freePort();
        String all = "exe:" + state.program();
        try (RunningDaemon master = RunningDaemon.start(nginx(state, port), directory.resolve("log"));
                ServerLoad load = new ServerLoad()) {
            while (workers(master).size() < WORKERS) {
                assertThat(master.isAlive()).as(master.log()).isTrue();
                Thread.sleep(20);
            }
            for (int i = 0; i < CLIENTS; i++) {
                load.add(new HttpClient(port));
            }
            serves(load, "before the patches");
            for (Path payload : payloads) {
                Said said = Said.suture("load", payload, "--on", all, "--any-user", "--all-or-nothing");
                Assumptions.assumeFalse(said.err().contains("permission"), "needs to trace processes: " + said.err());
                assertThat(said.exitCode()).as(said.toString()).isEqualTo(ExitCode.DONE);
                assertThat(said.out().lines()).hasSize(WORKERS + 1).allMatch(line -> line.contains("now applied"));
                serves(load, "with " + payload);
            }
            List<Long> old = workers(master);
            for (long pid : Stream.concat(Stream.of(master.pid()), old.stream()).toList()) {
                assertThat(applied(pid)).isEqualTo(String.join(" ", names));
            }

            assertThat(new ProcessBuilder("sh", "-c", "kill -HUP " + master.pid())
                            .start()
                            .waitFor())
                    .isZero();
            while (workers(master).size() != WORKERS || workers(master).stream().anyMatch(old::contains)) {
                Thread.sleep(20);
            }
            serves(load, "with new workers");
            long worker = workers(master).getFirst();
            assertThat(applied(worker)).isEqualTo(String.join(" ", names));

            // What is done to one of them is its own affair.
            assertThat(Said.words("revert", names.getLast(), "--on", "pid:" + worker))
                    .contains("now checked");
            assertThat(applied(workers(master).getLast())).contains(names.getLast());
            assertThat(Said.words("apply", names.getLast(), "--on", "pid:" + worker))
                    .contains("now applied");
            for (String name : names.reversed()) {
                assertThat(Said.suture("revert", name, "--on", all, "--any-user")
                                .exitCode())
                        .isEqualTo(ExitCode.DONE);
            }
            serves(load, "after the reverts");
            for (String name : names.reversed()) {
                assertThat(Said.suture("unload", name, "--on", all, "--any-user")
                                .exitCode())
                        .isEqualTo(ExitCode.DONE);
            }
            serves(load, "after the unloads");
            assertThat(Said.words("list", "--on", all).lines())
                    .hasSize(WORKERS + 1)
                    .allMatch(line -> line.endsWith("no payloads"));
            assertThat(load.answers()).isGreaterThan((long) ROUNDS * CLIENTS * payloads.size());
        }
    }
}
