package dev.suture.rehearse;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Makes the client with which dom0 talks to hypervisors that Debian's does not know the control interface of. It is a
 * program of one file that needs no library, so any C compiler for this machine will do.
 */
final class OwnClient {
    private static final List<String> COMPILERS = List.of("gcc", "cc", "clang");

    /** What it speaks, of Xen 4.21 and 4.22; Debian's client speaks that of 4.17 to 4.20. */
    private static final int INTERFACE = 0x16;

    private OwnClient() {}

    /** {@return a C compiler of this machine} */
    static Optional<Path> compiler() {
        return COMPILERS.stream().map(Command::onPath).flatMap(Optional::stream).findFirst();
    }

    /**
     * Makes sure, before anything is fetched or booted, that there is a client for a hypervisor.
     *
     * @param compiler to make one with
     * @throws LivePatchException if it is known to need one that cannot be made
     */
    static void require(HypervisorImage image, Optional<Path> compiler) {
        OptionalInt wanted = image.controlInterface();
        if (compiler.isEmpty() && wanted.isPresent() && wanted.getAsInt() == INTERFACE) {
            throw new LivePatchException(
                    "%s: it speaks control interface 0x%x, which Xen 4.17's client does not; Suture makes a client of its own for it, and this machine has no C compiler\n        Install one (on Debian: apt-get install gcc)."
                            .formatted(image.file(), INTERFACE));
        }
    }

    /**
     * {@return the program; empty if this machine has no C compiler}
     *
     * @param folder where to work
     * @throws LivePatchException if the compiler cannot make it
     */
    static Optional<byte[]> make(Path folder) throws IOException, InterruptedException {
        Optional<Path> compiler = compiler();
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
