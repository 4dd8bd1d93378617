package dev.suture.rehearse;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Makes the client with which dom0 talks to hypervisors that Debian's does not know the control interface of. It is a
 * program of one file that needs no library, so any C compiler for this machine will do.
 */
final class OwnClient {
    private static final List<String> COMPILERS = List.of("gcc", "cc", "clang");

    private OwnClient() {}

    /**
     * {@return the program; empty if this machine has no C compiler}
     *
     * @param folder where to work
     * @throws LivePatchException if the compiler cannot make it
     */
    static Optional<byte[]> make(Path folder) throws IOException, InterruptedException {
        Optional<Path> compiler = COMPILERS.stream()
                .map(Command::onPath)
                .flatMap(Optional::stream)
                .findFirst();
        if (compiler.isEmpty()) {
            return Optional.empty();
        }
        Path source = folder.resolve("client.c");
        Path program = folder.resolve("client");
        try (InputStream text = OwnClient.class.getResourceAsStream("client.c")) {
            if (text == null) {
                throw new IllegalStateException("client.c is not beside this class");
            }
            Files.write(source, text.readAllBytes());
        }
        Process process = new ProcessBuilder(
                        compiler.get().toString(),
                        "-static",
                        "-nostdlib",
                        "-ffreestanding",
                        "-fno-stack-protector",
                        "-O2",
                        "-o",
                        program.toString(),
                        source.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new LivePatchException(
                    "%s cannot compile the client for the rehearsal:%n%s".formatted(compiler.get(), said.strip()));
        }
        return Optional.of(Files.readAllBytes(program));
    }
}
