package dev.suture.process;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.image.FindDebugFile;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Where the symbols of a stripped file are.
 *
 * @see "GDB manual, Debugging Information in Separate Files"
 */
final class DebugFiles {
    private final List<Path> tried = new ArrayList<>();

    /** {@return where was looked so far} */
    List<Path> tried() {
        return List.copyOf(tried);
    }

    /**
     * {@return the file itself if it has a symbol table, or else a separate file that has one; the file itself, without,
     * if there is none}
     */
    ElfFile withSymbols(LoadedFile file, int pid) {
        if (!file.elf().symbols().isEmpty()) {
            return file.elf();
        }
        TargetFiles targetFiles = new TargetFiles(pid);
        for (Path candidate : FindDebugFile.candidates(path(file), file.elf())) {
            tried.add(candidate);
            // Those of its own root first; of ours only what is installed for all, whatever the file says of itself.
            Optional<ElfFile> debug = ifRight(() -> targetFiles.inRoot(candidate), file)
                    .or(() -> ifRight(() -> FindDebugFile.installed(candidate), file));
            if (debug.isPresent()) {
                return debug.get();
            }
        }
        return file.elf();
    }

    private static Path path(LoadedFile file) {
        try {
            return Path.of(file.path());
        } catch (InvalidPathException e) {
            // In this locale; the build id still tells where to look.
            return Path.of("/");
        }
    }

    private static Optional<ElfFile> ifRight(Supplier<Optional<ElfFile>> read, LoadedFile file) {
        try {
            return read.get()
                    .filter(debug -> debug.buildId().equals(file.elf().buildId())
                            && !debug.symbols().isEmpty());
        } catch (LivePatchException e) {
            // Not a file for us; the next may be.
            return Optional.empty();
        }
    }
}
