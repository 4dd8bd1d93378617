package dev.suture.dwarf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.suture.elf.ElfFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** Compiles source that tests contain, with the compilers that are there. */
final class CompiledSource {
    private final Path directory;
    private int count;

    CompiledSource(Path directory) {
        this.directory = directory;
    }

    /** Skips the test, with a reason, unless the program is installed. */
    static void assumeInstalled(String program) {
        Assumptions.assumeTrue(isInstalled(program), program + " is not installed");
    }

    private static boolean isInstalled(String program) {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "/usr/bin").split(":"))
                .anyMatch(path -> Files.isExecutable(Path.of(path, program)));
    }

    /** {@return the command for a compiler, which may be installed under a name with its version only} */
    private static String command(String compiler) {
        if (compiler.equals("clang") && !isInstalled(compiler)) {
            for (int version = 24; version >= 11; version--) {
                if (isInstalled(compiler + "-" + version)) {
                    return compiler + "-" + version;
                }
            }
        }
        assumeInstalled(compiler);
        return compiler;
    }

    /** {@return the object made from C by {@code gcc -c -g} and the given options} */
    ElfFile c(String source, String... options) {
        return ElfFile.read(compile("gcc", ".c", source, withDefaults(options)));
    }

    /** {@return the object made from C++ by {@code g++ -c -g} and the given options} */
    ElfFile cpp(String source, String... options) {
        assumeInstalled("g++");
        return ElfFile.read(compile("g++", ".cc", source, withDefaults(options)));
    }

    private static List<String> withDefaults(String... options) {
        List<String> all = new ArrayList<>(List.of("-c", "-g"));
        all.addAll(List.of(options));
        return all;
    }

    Path compile(String compiler, String suffix, String source, List<String> options) {
        String program = command(compiler);
        try {
            Path folder = Files.createDirectories(directory.resolve("compiled" + count++));
            Files.writeString(folder.resolve("source" + suffix), source);
            List<String> command = new ArrayList<>(List.of(program, "source" + suffix, "-o", "output"));
            command.addAll(options);
            run(folder, command);
            return folder.resolve("output");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return what a C program made of the source prints} */
    String printedBy(String source) {
        Path program = compile("gcc", ".c", source, List.of("-w"));
        return run(program.getParent(), List.of(program.toString()));
    }

    /** {@return the output of a command that has to succeed} */
    static String run(Path folder, List<String> command) {
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
