package dev.suture.image;

import dev.suture.LivePatchException;
import dev.suture.elf.ElfFile;
import dev.suture.elf.Section;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Finds the symbols of a stripped file.
 *
 * @see "GDB manual, Debugging Information in Separate Files"
 */
public final class FindDebugFile {
    private static final int LONGEST_NAME = 255;
    private static final Path GLOBAL = Path.of("/usr/lib/debug");

    private FindDebugFile() {}

    /**
     * {@return the file that has the symbols of {@code elf}}
     *
     * @param named the only one to try, if given
     * @throws LivePatchException if there is none, saying where it was looked for
     */
    static ElfFile find(Path file, ElfFile elf, Optional<Path> named) {
        List<Path> candidates = named.map(List::of).orElseGet(() -> candidates(file, elf));
        List<String> tried = new ArrayList<>();
        for (Path candidate : candidates) {
            if (!Files.isRegularFile(candidate) || !Files.isReadable(candidate)) {
                tried.add(candidate + ": not there");
                continue;
            }
            ElfFile debug = ElfFile.read(candidate);
            if (!debug.buildId().equals(elf.buildId())) {
                tried.add(candidate + ": it has build id " + debug.buildId().orElse("none"));
            } else if (debug.symbols().isEmpty()) {
                tried.add(candidate + ": it has no symbol table either");
            } else {
                return debug;
            }
        }
        throw new LivePatchException(
                "%s: it is stripped, and its symbols were not found; looked at:%n  %s%nInstall its debug symbols, or name the file with --debug-file."
                        .formatted(file, tried.stream().collect(Collectors.joining("\n  "))));
    }

    /** {@return where the separate symbols of a file may be, the likeliest first; looks at no disk} */
    public static List<Path> candidates(Path file, ElfFile elf) {
        List<Path> candidates = new ArrayList<>();
        elf.buildId()
                .filter(id -> id.length() > 2)
                .ifPresent(id -> candidates.add(
                        GLOBAL.resolve(".build-id/" + id.substring(0, 2) + "/" + id.substring(2) + ".debug")));
        Path folder = file.toAbsolutePath().normalize().getParent();
        if (folder != null) {
            elf.section(".gnu_debuglink").flatMap(FindDebugFile::linkedName).ifPresent(name -> {
                candidates.add(folder.resolve(name));
                candidates.add(folder.resolve(".debug").resolve(name));
                candidates.add(Path.of(GLOBAL.toString() + folder).resolve(name));
            });
        }
        return candidates;
    }

    /** {@return the file, if it is one that is installed for all programs} */
    public static Optional<ElfFile> installed(Path candidate) {
        return candidate.startsWith(GLOBAL) && Files.isRegularFile(candidate)
                ? Optional.of(ElfFile.read(candidate))
                : Optional.empty();
    }

    // A name without directories: the file says what its debug file is called, and not where to look.
    private static Optional<String> linkedName(Section section) {
        String text = new String(section.bytes(), StandardCharsets.ISO_8859_1);
        int end = text.indexOf('\0');
        String name = end < 0 ? text : text.substring(0, end);
        boolean isName = !name.isEmpty() && name.indexOf('/') < 0 && !name.equals(".") && !name.equals("..");
        return isName && name.length() <= LONGEST_NAME
                ? Optional.of(new String(name.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8))
                : Optional.empty();
    }
}
