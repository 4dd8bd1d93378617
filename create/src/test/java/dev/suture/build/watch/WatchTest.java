package dev.suture.build.watch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.build.watch.Observation.Kind;
import dev.suture.build.watch.Observation.Use;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the processes of real commands are seen to do. */
class WatchTest {
    @TempDir
    private Path directory;

    private Watch.Watched watch(String command) throws IOException {
        Files.createDirectories(directory.resolve("tree/sub"));
        Files.writeString(directory.resolve("tree/a"), "text\n");
        Watch.Run run = words -> {
            try {
                return new ProcessBuilder(words)
                        .directory(directory.resolve("tree").toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("output").toFile())
                        .start()
                        .waitFor();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        };
        return Watch.run(
                List.of("sh", "-c", command), directory, List.of(directory.resolve("tree")), Map.of(), run, () -> {});
    }

    private Set<String> paths(Watch.Watched watched, Kind kind) throws IOException {
        assertThat(watched.observation().unknown()).isEqualTo(Optional.empty());
        String tree = directory.resolve("tree").toRealPath() + "/";
        return watched.observation().uses().stream()
                .filter(use -> use.kind() == kind && use.path().startsWith(tree))
                .map(use -> use.path().substring(tree.length()))
                .collect(Collectors.toSet());
    }

    @Test
    void theExitStatusIsTheCommands() throws IOException {
        assertThat(watch("exit 7").status()).isEqualTo(7);
        assertThat(watch("kill -9 $$").status()).isEqualTo(137);
    }

    @Test
    void whatIsReadAndWrittenIsSeenThroughLinksAndOtherNames() throws IOException {
        Watch.Watched watched =
                watch("cd sub && ln -s ../a other && cat other >made && exec 3<../sub/../sub/made && cat <&3 "
                        + "&& mv made /proc/self/cwd/moved");

        assertThat(paths(watched, Kind.READ)).contains("a", "sub/other", "sub/made");
        assertThat(paths(watched, Kind.WRITE)).contains("sub/made", "sub/other");
        assertThat(watched.observation().uses())
                .anyMatch(use -> use.kind() == Kind.RENAME && use.to().endsWith("sub/moved"));
    }

    @Test
    void manyProcessesAtOnceAndTheirThreadsAreFollowed() throws IOException {
        Watch.Watched watched =
                watch("for i in 1 2 3 4 5 6 7 8 9; do (for j in 1 2 3 4 5; do cat a >out$i$j; done) & done; wait");

        assertThat(watched.status()).isZero();
        assertThat(paths(watched, Kind.WRITE)).hasSize(45);
        assertThat(watched.observation().uses().stream()
                        .filter(use -> use.kind() == Kind.READ && use.path().endsWith("tree/a"))
                        .map(Use::program)
                        .distinct())
                .hasSize(45);
    }

    @Test
    void aStoppedProcessGoesOnAsWithoutATracer() throws IOException {
        assertThat(watch("sleep 5 & kill -STOP $!; kill -CONT $!; kill $!; wait $!; test $? = 143")
                        .status())
                .isZero();
    }

    @Test
    void whatIsAskedForAndIsNotThereIsSeen() throws IOException {
        Watch.Watched watched = watch("test -e none; cat missing/file 2>/dev/null; [ -x sub ]");

        assertThat(paths(watched, Kind.LOOK)).contains("none");
        assertThat(paths(watched, Kind.ASK)).contains("sub");
        assertThat(paths(watched, Kind.READ)).contains("missing/file");
    }

    @Test
    void whoTracesOthersIsNotDisturbedUnseen() throws IOException {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/strace")), "needs strace");

        assertThat(watch("strace -f true").disturbed()).isTrue();
    }

    @Test
    void aServerMayReadInItsPlace() throws IOException {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "needs python3");
        Watch.Watched watched = watch("python3 -c '"
                + "import socket; l = socket.socket(); l.bind((\"127.0.0.1\", 0)); l.listen();"
                + "c = socket.create_connection(l.getsockname())'");

        assertThat(watched.observation().unknown())
                .hasValueSatisfying(why -> assertThat(why).contains("server"));
    }

    @Test
    void anObservationThatIsNotWholeIsUnknown() throws IOException {
        Watch.Watched watched = watch("cat a");
        Path file = directory.resolve("observation");
        watched.observation().write(file);
        assertThat(Observation.read(file)).isEqualTo(watched.observation());
        String text = Files.readString(file);
        for (int length = 0; length < text.length() - 1; length += 3) {
            Files.writeString(file, text.substring(0, length));
            assertThat(Observation.read(file).unknown())
                    .as("the first %d characters", length)
                    .isPresent();
        }
        assertThat(Observation.read(directory.resolve("none")).unknown()).isPresent();
    }
}
