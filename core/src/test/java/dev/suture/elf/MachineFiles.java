package dev.suture.elf;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** The ELF64 files that this machine happens to have. */
final class MachineFiles {
    private static final byte[] ELF64_LITTLE_ENDIAN = {0x7f, 'E', 'L', 'F', 2, 1};
    private static final long LARGEST_BYTES = 64 << 20;

    private MachineFiles() {}

    /** All of them up to 64 MiB, in an order that is arbitrary but always the same, so that a part is a fair sample. */
    static List<Path> shuffled() throws IOException {
        List<Path> found = new ArrayList<>();
        for (String root : List.of("/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/usr/local")) {
            Files.walkFileTree(Path.of(root), new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    boolean candidate = attributes.isRegularFile() && attributes.size() <= LARGEST_BYTES;
                    if (candidate && isElf64(file)) {
                        found.add(file);
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException e) {
                    return FileVisitResult.CONTINUE;
                }
            });
        }
        Collections.sort(found);
        Collections.shuffle(found, new Random(1));
        return found;
    }

    private static boolean isElf64(Path file) {
        if (!Files.isReadable(file)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(ELF64_LITTLE_ENDIAN.length), ELF64_LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
