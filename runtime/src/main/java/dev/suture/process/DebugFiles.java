package dev.suture.process;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.nio.charset.StandardCharsets;
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
    private static final Path GLOBAL = Path.of("/usr/lib/debug");

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
        for (Path candidate : candidates(file)) {
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

    private static List<Path> candidates(LoadedFile file) {
        List<Path> candidates = new ArrayList<>();
        file.elf()
                .buildId()
                .filter(id -> id.length() > 2)
                .ifPresent(id -> candidates.add(
                        GLOBAL.resolve(".build-id/" + id.substring(0, 2) + "/" + id.substring(2) + ".debug")));
        Path folder = Path.of(file.path()).getParent();
        if (folder != null) {
            file.elf().section(".gnu_debuglink").map(DebugFiles::linkedName).ifPresent(name -> {
                candidates.add(folder.resolve(name));
                candidates.add(folder.resolve(".debug").resolve(name));
                candidates.add(Path.of(GLOBAL.toString() + folder).resolve(name));
            });
        }
        return candidates;
    }

    private static String linkedName(Section section) {
        String text = new String(section.bytes(), StandardCharsets.UTF_8);
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }
}
