package dev.suture.create;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Puts a file where the user wants it, whole or not at all. */
public final class WriteOutput {
    private WriteOutput() {}

    /**
     * Looks whether the file could be written, before an hour of work is spent on it.
     *
     * @throws LivePatchException if not
     */
    public static void check(Path output) {
        if (Files.isDirectory(output)) {
            throw new LivePatchException("%s: cannot be written: it is a directory".formatted(output));
        }
        // It is renamed onto, and a device that is gone is missed by others.
        if (Files.exists(output) && !Files.isRegularFile(output)) {
            throw new LivePatchException("%s: cannot be written: it is a device or a pipe".formatted(output));
        }
        Path directory = directoryOf(output);
        if (!Files.isDirectory(directory)) {
            throw new LivePatchException(
                    "%s: cannot be written: there is no directory %s".formatted(output, directory));
        }
        if (!Files.isWritable(directory)) {
            throw new LivePatchException(
                    "%s: cannot be written: no permission to write in %s".formatted(output, directory));
        }
    }

    /**
     * Looks whether files could be written into a directory, which need not be there yet.
     *
     * @throws LivePatchException if not
     */
    static void checkDirectory(Path output) {
        if (!Files.isDirectory(output)) {
            check(output);
            if (Files.exists(output)) {
                throw new LivePatchException(
                        "%s: cannot be written: several payloads need a directory, and this is a file"
                                .formatted(output));
            }
        } else {
            check(output.resolve("payload"));
        }
    }

    /**
     * Writes the file beside its place and renames it.
     *
     * @throws LivePatchException if that fails; what was there before is still there, then
     */
    public static void write(Path output, byte[] contents) {
        check(output);
        Path beside = null;
        try {
            beside = Files.createTempFile(directoryOf(output), "." + output.getFileName(), ".part");
            try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
                ByteBuffer left = ByteBuffer.wrap(contents);
                while (left.hasRemaining()) {
                    channel.write(left);
                }
                // Renamed before it is on disk, it could be empty after a crash.
                channel.force(true);
            }
            makeReadable(beside);
            Files.move(beside, output, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            deleteQuietly(beside);
            throw new LivePatchException("%s: cannot be written: %s".formatted(output, PlainFile.why(e)), e);
        }
    }

    /** A temporary file is its owner's alone; an output is whatever the user's other new files are. */
    private static void makeReadable(Path file) throws IOException {
        Path probe = Files.createFile(file.resolveSibling(file.getFileName() + ".mode"));
        try {
            Files.setPosixFilePermissions(file, Files.getPosixFilePermissions(probe));
        } catch (UnsupportedOperationException e) {
            // A file system without permissions needs none set.
        } finally {
            Files.delete(probe);
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // The failure that is on its way to the user says more than this one.
        }
    }

    private static Path directoryOf(Path output) {
        return output.toAbsolutePath().getParent();
    }
}
