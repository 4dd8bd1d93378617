package dev.suture.rehearse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InitramfsTest {
    @TempDir
    private Path folder;

    @Test
    void cpioUnpacksWhatWasPacked() throws IOException, InterruptedException {
        assumeTrue(Command.onPath("cpio").isPresent(), "cpio is missing: apt-get install cpio");
        Path archive = folder.resolve("initramfs");
        try (Initramfs files = new Initramfs(archive)) {
            files.console();
            files.file("init", "#!/bin/sh\n".getBytes());
            files.file("suture/observe/0", "uname -r\n".getBytes());
            files.file("suture/observe/1", new byte[0]);
        }

        Command.Ended list = Command.run(folder, List.of("cpio", "-itv", "--quiet", "-F", archive.toString()));
        Command.run(folder, List.of("cpio", "-id", "--quiet", "-F", archive.toString(), "suture/*", "init"));

        assertThat(list.exitCode()).isZero();
        assertThat(list.output())
                .containsPattern("crw------- +1 root +root +5, +1 .* dev/console")
                .containsPattern("-rwxr-xr-x +1 root +root +10 .* init")
                .containsPattern("drwxr-xr-x .* suture/observe\n");
        assertThat(folder.resolve("suture/observe/0")).hasContent("uname -r");
        assertThat(folder.resolve("suture/observe/1")).isEmptyFile();
        assertThat(Files.isExecutable(folder.resolve("init"))).isTrue();
    }
}
