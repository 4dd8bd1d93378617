package dev.suture.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.build.SourcePatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WriteOutputTest {
    @TempDir
    Path directory;

    @Test
    void anOutputReplacesWhatWasThereAndLeavesNothingElse() throws IOException {
        Path output = directory.resolve("fix.livepatch");
        Files.writeString(output, "old");
        WriteOutput.check(output);
        WriteOutput.write(output, new byte[] {1, 2, 3});

        assertThat(output).hasBinaryContent(new byte[] {1, 2, 3});
        assertThat(directory).isDirectoryNotContaining(file -> !file.equals(output));
    }

    @Test
    void aDirectoryThatIsNotThereIsNoticedBeforeTheWork() {
        Path output = directory.resolve("absent/fix.livepatch");

        assertThatThrownBy(() -> WriteOutput.check(output))
                .hasMessage("%s: cannot be written: there is no directory %s", output, output.getParent());
    }

    @Test
    void aDirectoryIsNoOutput() {
        assertThatThrownBy(() -> WriteOutput.check(directory))
                .hasMessage("%s: cannot be written: it is a directory", directory);
    }

    @Test
    void whatThePayloadSaysOfItselfComesFromItsPatches() throws IOException {
        Path patch = directory.resolve("fix.patch");
        Files.writeString(patch, """
                Subject: Check the size

                This is XSA-123 / CVE-2020-1234.
                --- a/xen/common/domain.c
                +++ b/xen/common/domain.c
                @@ -1 +1,2 @@
                 int domain;
                +/* XSA-999 is another one */
                """);

        List<String> metadata = Metadata.of(
                new PayloadRequest(
                        directory.resolve("fix.livepatch"), "fix", Optional.empty(), List.of("author=me"), Set.of()),
                List.of(SourcePatch.read(patch)));

        assertThat(metadata)
                .startsWith("name=fix", "patch=Check the size", "cve=CVE-2020-1234", "xsa=XSA-123")
                .endsWith("author=me")
                .noneMatch(entry -> entry.contains("XSA-999"));
    }
}
