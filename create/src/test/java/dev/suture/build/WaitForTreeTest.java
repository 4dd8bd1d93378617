package dev.suture.build;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.Progress;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another process builds in the same tree. */
class WaitForTreeTest {
    @TempDir
    private Path directory;

    @Test
    void whoIsWaitedForIsSaid() throws IOException, InterruptedException {
        Path tree = Files.createDirectories(directory.resolve("tree"));
        Path cache = directory.resolve("cache");
        Path copy;
        try (ScratchTree scratch = ScratchTree.open(cache, tree, _ -> true, Progress.NONE)) {
            copy = scratch.directory();
        }
        String hold = """
                import fcntl, os, sys
                lock = open(sys.argv[1] + '/lock', 'w')
                fcntl.lockf(lock, fcntl.LOCK_EX)
                open(sys.argv[1] + '/used', 'w').write('2026-01-02T03:04:05Z by process %d' % os.getpid())
                print('held', flush=True)
                sys.stdin.readline()
                """;
        Process other = new ProcessBuilder("python3", "-c", hold, copy.toString()).start();
        List<String> waited = Collections.synchronizedList(new ArrayList<>());
        try (BufferedReader said = other.inputReader()) {
            assertThat(said.readLine()).isEqualTo("held");
            Progress progress = new Progress() {
                @Override
                public void stage(String name) {}

                @Override
                public void advance(long done, long total) {}

                @Override
                public void waiting(String what) {
                    waited.add(what);
                    other.destroy();
                }
            };
            ScratchTree.open(cache, tree, _ -> true, progress).close();
        } finally {
            other.destroyForcibly().waitFor();
        }

        assertThat(waited)
                .containsExactly(
                        "another build of this tree (process %d, since 2026-01-02T03:04:05Z)".formatted(other.pid()));
    }
}
