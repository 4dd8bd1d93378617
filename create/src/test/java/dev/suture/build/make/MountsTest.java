package dev.suture.build.make;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the programs of a build see is mounted by a script; here it runs where more is mounted than usual. */
class MountsTest {
    @TempDir
    private Path directory;

    /** @param before commands that mount, in the folder {@code around} */
    private String seal(String before, String command) throws Exception {
        Files.createDirectories(directory.resolve("around/inner"));
        Path copy = Files.createDirectories(directory.resolve("copy"));
        Path script = Files.writeString(directory.resolve("enter.sh"), Mounts.ENTER);
        String entered = "cd %s/around && %s exec sh %s - true %s %s %s . -- sh -c '%s'"
                .formatted(directory, before, script, copy, directory, copy, command);
        return run(List.of("unshare", "--user", "--map-root-user", "--mount", "--", "sh", "-c", entered));
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(new ArrayList<>(command))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes()).strip();
        return "%d %s".formatted(process.waitFor(), said).strip();
    }

    private void needsNamespaces() throws Exception {
        String said = run(List.of("unshare", "--user", "--map-root-user", "--mount", "--", "true"));
        Assumptions.assumeTrue(said.equals("0"), "needs user namespaces: " + said);
    }

    @Test
    void whatIsMountedElsewhereIsReadOnly() throws Exception {
        needsNamespaces();

        assertThat(seal("mount -t tmpfs none inner &&", "touch %s/around/inner/x || echo no".formatted(directory)))
                .startsWith("0 ")
                .endsWith("no");
        assertThat(seal("", "touch %s/copy/x && echo yes".formatted(directory))).isEqualTo("0 yes");
    }

    @Test
    void aMountThatNobodyCanReachIsNoReasonToStop() throws Exception {
        needsNamespaces();

        assertThat(seal(
                        "mount -t tmpfs none inner && mkdir inner/deep && mount -t tmpfs none inner/deep"
                                + " && mount -t tmpfs none inner &&",
                        "echo runs"))
                .isEqualTo("0 runs");
    }

    @Test
    void whatCanBeReachedAndNotSealedStopsIt() throws Exception {
        needsNamespaces();

        assertThat(seal(
                        "mount -t tmpfs none inner && mkdir inner/deep && mount -t tmpfs none inner/deep"
                                + " && mount -t tmpfs none inner && mkdir inner/deep &&",
                        "echo runs"))
                .startsWith("125 ")
                .contains("cannot mount");
    }

    @Test
    void programsAreLookedForInTheCurrentDirectoryWherePathHasAnEmptyElement() {
        Path source = Path.of("/home/me/app");

        assertThat(Mounts.programsIn(source, "/usr/bin:/bin")).isEmpty();
        for (String path : List.of("", ":/bin", "/bin:", "/usr/bin::/bin", ".:/bin", "/bin:tools")) {
            assertThat(Mounts.programsIn(source, path)).as(path).isPresent();
        }
        assertThat(Mounts.programsIn(source, "/bin:/home/me/app/tools")).isPresent();
        assertThat(Mounts.programsIn(source, "/bin:/home/me/other/../app/tools"))
                .isPresent();
    }
}
