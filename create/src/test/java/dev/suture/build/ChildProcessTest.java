package dev.suture.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildProcessTest {
    @TempDir
    Path directory;

    @Test
    void outputGoesToTheListenerAndTheLog() throws IOException {
        List<String> heard = new ArrayList<>();
        Path log = directory.resolve("log");

        int status = ChildProcess.run(
                List.of("sh", "-c", "echo one; echo two >&2; exit 3"),
                directory,
                Map.of(),
                directory.toString(),
                log,
                heard::add);

        assertThat(status).isEqualTo(3);
        assertThat(heard).containsExactly("one", "two");
        assertThat(log).hasContent("one\ntwo\n");
    }

    @Test
    void aProcessThatOutlivesItsParentIsFoundAndEnded() throws IOException {
        Path orphan = directory.resolve("orphan");
        ChildProcess.run(
                List.of("sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $! > " + orphan),
                directory,
                Map.of(),
                directory.toString(),
                directory.resolve("log"),
                line -> {});
        long identifier = Long.parseLong(Files.readString(orphan).strip());
        assertThat(isRunning(identifier)).isTrue();

        ChildProcess.killMarked(directory.toString());

        assertThat(isRunning(identifier)).isFalse();
    }

    /** A dead process that its new parent has not yet collected (state Z) does not run. */
    private static boolean isRunning(long identifier) throws IOException {
        Path state = Path.of("/proc/" + identifier + "/stat");
        return Files.exists(state) && !Files.readString(state).contains(") Z ");
    }

    @Test
    void aMissingProgramIsNamed() {
        assertThatThrownBy(() -> ChildProcess.run(
                        List.of("no-such-compiler"),
                        directory,
                        Map.of(),
                        directory.toString(),
                        directory.resolve("log"),
                        line -> {}))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("cannot run no-such-compiler");
    }
}
