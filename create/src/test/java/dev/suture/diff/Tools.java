package dev.suture.diff;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Assumptions;

/** Compilers and binutils, and objects that they made of small sources. */
public final class Tools {
    /** What Xen gives gcc, as far as it decides what an object looks like. */
    public static final List<String> LIKE_XEN = List.of(
            "-std=gnu11",
            "-w",
            "-O2",
            "-fomit-frame-pointer",
            "-fno-builtin",
            "-fno-common",
            "-fno-strict-aliasing",
            "-ffunction-sections",
            "-fdata-sections",
            "-fno-pie",
            "-fpic",
            "-fno-stack-protector",
            "-fno-exceptions",
            "-fno-asynchronous-unwind-tables",
            "-mno-red-zone",
            "-mno-sse",
            "-fno-jump-tables",
            "-fcf-protection=none");

    /** Hidden visibility for declarations, too, as Xen has it; an option sees only to definitions. */
    private static final String HIDDEN = "#pragma GCC visibility push(hidden)\n#line 1\n";

    private static final Map<List<String>, Path> MADE = new ConcurrentHashMap<>();
    private static final Path DIRECTORY = makeDirectory();

    private Tools() {}

    private static Path makeDirectory() {
        try {
            Path directory = Files.createTempDirectory("suture-objects");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(directory)));
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path directory) {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            // It is in the system's directory for temporary files, which is emptied sooner or later.
        }
    }

    /** Skips the test, with a reason, unless the program is installed. */
    public static void assumeInstalled(String program) {
        boolean isThere = Arrays.stream(
                        System.getenv().getOrDefault("PATH", "/usr/bin").split(":"))
                .anyMatch(path -> Files.isExecutable(Path.of(path, program)));
        Assumptions.assumeTrue(isThere, program + " is not installed");
    }

    /** {@return a new empty directory that is deleted after the tests} */
    public static Path directory() {
        try {
            return Files.createTempDirectory(DIRECTORY, "files");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * {@return the object that gcc makes of a C source as Xen would compile it}
     *
     * @param name of the source, which becomes the object's file symbol
     * @param options behind those of Xen
     */
    public static Path gcc(String name, String source, String... options) {
        List<String> all = new ArrayList<>(LIKE_XEN);
        all.addAll(List.of(options));
        return compile("gcc", name, HIDDEN + source, all);
    }

    /** {@return the object that a compiler makes of a source with these options and no others} */
    public static Path compile(String compiler, String name, String source, List<String> options) {
        assumeInstalled(compiler);
        List<String> key = new ArrayList<>(List.of(compiler, name, source));
        key.addAll(options);
        return MADE.computeIfAbsent(key, made -> {
            try {
                Path folder = directory();
                Files.writeString(folder.resolve(name), source);
                List<String> command = new ArrayList<>(List.of(compiler, "-c"));
                command.addAll(options);
                command.addAll(List.of(name, "-o", "output.o"));
                run(folder, command);
                return folder.resolve("output.o");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** {@return the output of a command that has to succeed} */
    public static String run(Path folder, List<String> command) {
        assumeInstalled(command.getFirst());
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as("%s: %s", command, output).isZero();
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
