package dev.suture.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * A daemon of the distribution as it was before one of the CVE patches that its source package carries.
 *
 * @param daemon the source package
 * @param patch the patch's name in it
 * @param source the source before the patch
 * @param program what was built from it
 * @param command the command that built it
 * @param patchFile the patch
 */
record DaemonState(String daemon, String patch, Path source, Path program, String command, Path patchFile) {
    /** {@return the CVE patches of a daemon, in the order in which its package applies them} */
    static List<String> patches(String daemon) {
        return script(daemon);
    }

    /** {@return the daemon before the patch, fetched and built if that was never done} */
    static DaemonState before(String daemon, String patch) {
        Path state = Path.of(script(daemon, patch).getLast());
        try {
            return new DaemonState(
                    daemon,
                    patch,
                    state.resolve("source"),
                    state.resolve("program"),
                    Files.readString(state.resolve("command")).strip(),
                    state.resolve("patch"));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** {@return the file of another CVE patch of the daemon} */
    Path file(String otherPatch) {
        return source.resolve("../../../package/debian/patches")
                .resolve(otherPatch)
                .normalize();
    }

    /** {@return the lines that it prints; the test is skipped if it cannot fetch or build the daemon} */
    private static List<String> script(String... arguments) {
        String script =
                Path.of("../scripts/daemon-cves").toAbsolutePath().normalize().toString();
        List<String> command = new java.util.ArrayList<>(List.of(script));
        command.addAll(List.of(arguments));
        try {
            Path words = Files.createTempFile("daemon-cves", ".log");
            Process process =
                    new ProcessBuilder(command).redirectError(words.toFile()).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            String said = Files.readString(words).strip();
            Files.delete(words);
            Assumptions.assumeTrue(status == 0, "needs the distribution's source packages: " + said);
            return output.strip().lines().toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
