package dev.suture.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read from the kernel's words about a process. */
class ProcStatusTest {
    @TempDir
    private Path folder;

    private ProcStatus said(String coreDumping) throws Exception {
        String status = Files.readString(Path.of("/proc/self/status"));
        assertThat(status).contains("\nCoreDumping:\t0\n");
        return ProcStatus.ofFile(
                Files.writeString(folder.resolve("status"), status.replace("\nCoreDumping:\t0\n", coreDumping)));
    }

    @Test
    void whoWritesItsCoreHasCrashed() throws Exception {
        assertThat(said("\nCoreDumping:\t1\n").isDumpingCore()).isTrue();
        assertThat(said("\nCoreDumping:\t0\n").isDumpingCore()).isFalse();
        assertThat(said("\n").isDumpingCore()).isFalse();
    }
}
