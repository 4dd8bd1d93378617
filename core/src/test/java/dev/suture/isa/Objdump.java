package dev.suture.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** GNU objdump and gas, which know better. */
final class Objdump {
    /**
     * One line of a disassembly.
     *
     * @param address of the first byte
     * @param sizeBytes how many bytes objdump shows on it
     * @param text mnemonic and operands in AT&T syntax
     */
    record Line(long address, int sizeBytes, String text) {}

    /** Options for a file that is nothing but code. */
    static final List<String> RAW_BYTES = List.of("-D", "-b", "binary", "-m", "i386:x86-64");

    private Objdump() {}

    static void assumeInstalled() {
        assumeTrue(onPath("objdump"), "objdump is not installed (package binutils)");
        assumeTrue(onPath("as"), "as is not installed (package binutils)");
    }

    private static boolean onPath(String tool) {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
    }

    /** Hands over each instruction of the file's code, in the order of addresses within a section. */
    static void disassemble(Path file, List<String> options, Consumer<Line> each)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("objdump", "-d", "-w", "-z", "-M", "att"));
        command.addAll(options);
        command.add(file.toString());
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader reader = process.inputReader()) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                parse(line, each);
            }
        } finally {
            process.destroy();
        }
        assertThat(process.waitFor()).as("exit code of %s", command).isZero();
    }

    /** As in " 401000:\tf3 0f 1e fa \tendbr64"; data that a symbol marks as such has no second tab. */
    private static void parse(String line, Consumer<Line> each) {
        int afterAddress = line.indexOf(":\t");
        int afterBytes = line.indexOf('\t', afterAddress + 2);
        if (afterAddress < 0 || afterBytes < 0) {
            return;
        }
        int sizeBytes =
                (line.substring(afterAddress + 2, afterBytes).stripTrailing().length() + 1) / 3;
        long address = Long.parseUnsignedLong(line, line.lastIndexOf(' ', afterAddress) + 1, afterAddress, 16);
        each.accept(new Line(address, sizeBytes, line.substring(afterBytes + 1).strip()));
    }

    /** {@return an object file that gas makes of a source} */
    static Path assemble(Path directory, String source) throws IOException, InterruptedException {
        Path input = directory.resolve("source.s");
        Path object = directory.resolve("source.o");
        Path messages = directory.resolve("messages");
        Files.writeString(input, source);
        Process process = new ProcessBuilder("as", "--64", "-o", object.toString(), input.toString())
                .redirectErrorStream(true)
                .redirectOutput(messages.toFile())
                .start();
        assertThat(process.waitFor()).as(Files.readString(messages)).isZero();
        return object;
    }
}
