package dev.suture.process;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.image.FindDebugFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
        for (Path candidate : FindDebugFile.candidates(Path.of(file.path()), file.elf())) {
            for (Path path : List.of(Path.of("/proc/" + pid + "/root" + candidate), candidate)) {
                tried.add(candidate);
                if (Files.isReadable(path)) {
                    try {
                        ElfFile debug = ElfFile.read(path);
                        if (debug.buildId().equals(file.elf().buildId())
                                && !debug.symbols().isEmpty()) {
                            return debug;
                        }
                    } catch (LivePatchException e) {
                        // Not a file for us; the next may be.
                        continue;
                    }
                }
            }
        }
        return file.elf();
    }
}
