package dev.suture.rehearse;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.Files;
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

    /**
     * {@return the payloads, each with a name of its own}
     *
     * @throws LivePatchException if one cannot be read or is no ELF file
     */
    static List<PayloadFile> read(List<Path> files) {
        Set<String> taken = new HashSet<>();
        List<PayloadFile> payloads = new ArrayList<>();
        for (Path file : files) {
            byte[] bytes;
            try {
                bytes = Files.readAllBytes(file);
            } catch (IOException e) {
                throw new LivePatchException(file + ": no such payload, or it cannot be read (" + e + ")", e);
            }
            if (!HypervisorImage.isElf(bytes)) {
                throw new LivePatchException(file + ": not a payload: it does not begin as an ELF file does");
            }
            String base = baseName(file);
            String name = base;
            for (int number = 2; !taken.add(name); number++) {
                name = base + "-" + number;
            }
            payloads.add(new PayloadFile(name, file, bytes));
        }
        return payloads;
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
