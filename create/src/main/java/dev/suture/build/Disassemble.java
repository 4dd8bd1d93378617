package dev.suture.build;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Puts instructions into words, by binutils' {@code objdump} where that is installed. */
public final class Disassemble {
    private Disassemble() {}

    /**
     * {@return the first instruction in x86-64 code; empty if nobody can tell}
     *
     * @param directory a place for a file
     * @param address where the code is, for what it says about distances
     */
    public static Optional<String> first(byte[] code, long address, Path directory) {
        List<String> output = new ArrayList<>();
        try {
            Path file = Files.write(Files.createTempFile(directory, "code", ".bin"), code);
            List<String> command = List.of(
                    "objdump",
                    "-D",
                    "-b",
                    "binary",
                    "-m",
                    "i386:x86-64",
                    "--adjust-vma=0x%x".formatted(address),
                    file.toString());
            ChildProcess.run(
                    command,
                    directory,
                    Map.of("LC_ALL", "C"),
                    directory.toString(),
                    directory.resolve("objdump.log"),
                    output::add);
            Files.delete(file);
        } catch (IOException | LivePatchException e) {
            // Without objdump the bytes have to do.
            return Optional.empty();
        }
        return output.stream()
                .filter(line -> line.matches("\\s*[0-9a-f]+:\\t.*\\t.*"))
                .map(line -> line.substring(line.lastIndexOf('\t') + 1).strip().replaceAll("\\s+", " "))
                .findFirst();
    }
}
