package dev.suture.rehearse;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import dev.suture.elf.Elf;
import dev.suture.elf.ElfFile;
import dev.suture.payload.Payload;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A payload as the client in dom0 gets it.
 *
 * @param name the name to upload it under: the file's without its ending, with a number if two would be the same
 * @param file the file as the user knows it
 * @param bytes what is in it
 */
record PayloadFile(String name, Path file, byte[] bytes) {
    // Xen allows 127 (XEN_LIVEPATCH_NAME_SIZE with its final NUL); the rest is for a number.
    private static final int MOST_CHARACTERS = 120;
    /** Of a file that is read at all; Xen itself says from which size on it takes none. */
    private static final int MOST_BYTES = 64 << 20;

    /**
     * {@return the payloads, each with a name of its own}
     *
     * @throws LivePatchException if one cannot be read or is no ELF file
     */
    static List<PayloadFile> read(List<Path> files) {
        Set<String> taken = new HashSet<>();
        List<PayloadFile> payloads = new ArrayList<>();
        for (Path file : files) {
            byte[] bytes = PlainFile.read(file, MOST_BYTES);
            check(file, bytes);
            String base = baseName(file);
            String name = base;
            for (int number = 2; !taken.add(name); number++) {
                name = base + "-" + number;
            }
            payloads.add(new PayloadFile(name, file, bytes));
        }
        return payloads;
    }

    // What no hypervisor takes is known before one is booted.
    private static void check(Path file, byte[] bytes) {
        if (!HypervisorImage.isElf(bytes)) {
            throw new LivePatchException(file + ": not a payload: it does not begin as an ELF file does");
        }
        ElfFile elf = ElfFile.read(file.toString(), bytes);
        if (elf.header().machine() != Elf.EM_X86_64) {
            throw new LivePatchException("%s: not a payload for Xen on x86-64: it is for machine %d"
                    .formatted(file, elf.header().machine()));
        }
        if (Payload.read(elf).changedFile().isPresent()) {
            throw new LivePatchException(
                    "%s: it is a payload for processes, and Xen takes none of these: load it with suture load"
                            .formatted(file));
        }
    }

    private static String baseName(Path file) {
        // Plain characters only: the name passes through a shell and a list in columns.
        String name = file.getFileName()
                .toString()
                .replaceFirst("(?<=.)\\.[^.]*$", "")
                .replaceAll("[^A-Za-z0-9._+-]", "_");
        return name.substring(0, Math.min(name.length(), MOST_CHARACTERS));
    }
}
