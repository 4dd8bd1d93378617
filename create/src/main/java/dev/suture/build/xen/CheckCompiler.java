package dev.suture.build.xen;

import dev.suture.LivePatchException;
import dev.suture.build.Cause;
import dev.suture.build.ChildProcess;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Compares the compiler at hand with the one that built the tree, by what each writes into {@code .comment}: gcc and
 * clang both put their name and full version there.
 */
final class CheckCompiler {
    private CheckCompiler() {}

    /**
     * Checks one object; the first of a build stands for the others.
     *
     * @param original an object of the tree that was compiled from C
     * @param makefileCompiler the words make calls the compiler with
     * @param workDirectory a place for a trial object
     * @param log gets the compiler's messages
     * @param mark the mark of what is started
     * @throws OtherCompilerException if another compiler built it
     */
    static void check(Path original, String makefileCompiler, Path workDirectory, Path log, String mark) {
        Optional<String> built = comment(original);
        if (built.isEmpty()) {
            return;
        }
        Path trial = workDirectory.resolve("compiler.o");
        List<String> command = new ArrayList<>(List.of(makefileCompiler.split(" +")));
        command.addAll(List.of("-x", "c", "-c", "/dev/null", "-o", trial.toString()));
        int status = ChildProcess.run(command, workDirectory, Map.of(), mark, log, line -> {});
        if (status != 0) {
            throw new LivePatchException(
                    "%s, which built the tree, cannot compile an empty file (exit status %d, see %s)"
                            .formatted(makefileCompiler, status, log));
        }
        String atHand = comment(trial).orElse("a compiler that does not say its version");
        try {
            Files.delete(trial);
        } catch (IOException e) {
            throw new LivePatchException("cannot delete " + trial + ": " + Cause.of(e), e);
        }
        if (!atHand.equals(built.get())) {
            throw new OtherCompilerException(original.toString(), built.get(), makefileCompiler, atHand);
        }
    }

    private static Optional<String> comment(Path object) {
        return ElfFile.read(object)
                .section(".comment")
                .map(Section::bytes)
                .map(bytes -> new String(bytes, StandardCharsets.ISO_8859_1)
                        .replace('\0', ' ')
                        .strip());
    }
}
