package dev.suture.cli;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import dev.suture.elf.ElfFile;
import dev.suture.payload.Payload;
import dev.suture.payload.PayloadDigest;
import java.nio.file.Path;

/** The files of payloads, as they are named on a command line. */
final class PayloadFiles {
    private static final int MOST_BYTES = 128 << 20;

    private PayloadFiles() {}

    /**
     * {@return a payload that is as it was made}
     *
     * @param anyBuildId whether to take it though its build id does not tell that
     * @throws LivePatchException if it is damaged
     */
    static Payload read(Path file, boolean anyBuildId) {
        // All at once: what is checked is what is loaded, whatever becomes of the file meanwhile.
        ElfFile elf = ElfFile.read(file.toString(), PlainFile.read(file, MOST_BYTES));
        if (!anyBuildId && !PayloadDigest.isRight(elf)) {
            throw new LivePatchException(
                    "%s: its build id is not the digest of the file: it was changed since suture made it, or another linker did. Build it again, or take it from where it was made; --any-build-id takes it as it is."
                            .formatted(file));
        }
        return Payload.read(elf);
    }

    /** {@return the last name of a path; empty for the root, which has none} */
    static String lastName(Path path) {
        Path last = path.getFileName();
        return last == null ? "" : last.toString();
    }

    /** {@return the name of a file without its ending} */
    static String nameOf(Path file) {
        String name = lastName(file);
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }
}
