package dev.suture;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Files that somebody names, who may name anything: a directory, a device without end, a pipe that nobody writes to. */
public final class PlainFile {
    private PlainFile() {}

    /**
     * Makes sure that a path is that of a file. A pipe that the caller has open already ({@code /dev/fd/63}, as shells
     * make it) counts as one: it has an end.
     *
     * @throws LivePatchException if not
     */
    public static void check(Path path) {
        if (Files.isRegularFile(path) || isOpenAlready(path) && !Files.isDirectory(path)) {
            return;
        }
        String found = Files.isDirectory(path)
                ? "it is a directory"
                : Files.exists(path) ? "it is a device or a pipe" : "there is no such file";
        throw new LivePatchException("%s: cannot be read: %s".formatted(path, found));
    }

    private static boolean isOpenAlready(Path path) {
        return path.startsWith("/dev/fd") || path.startsWith("/proc/self/fd") || path.equals(Path.of("/dev/stdin"));
    }

    /**
     * {@return all of a file}
     *
     * @throws LivePatchException if it is no file, cannot be read, or has more bytes than that
     */
    public static byte[] read(Path path, int mostBytes) {
        check(path);
        try (InputStream in = Files.newInputStream(path)) {
            byte[] bytes = in.readNBytes(mostBytes + 1);
            if (bytes.length > mostBytes) {
                throw new LivePatchException(
                        "%s: cannot be read: it has more than %,d bytes".formatted(path, mostBytes));
            }
            return bytes;
        } catch (IOException e) {
            throw new LivePatchException("%s: cannot be read: %s".formatted(path, why(e)), e);
        }
    }

    /** {@return why reading or writing failed, in words; the exceptions of java.nio name only the file} */
    public static String why(IOException failure) {
        return switch (failure) {
            case NoSuchFileException _ -> "there is no such file";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException other when other.getReason() != null -> other.getReason();
            default -> failure.getMessage() == null ? "input or output failed" : failure.getMessage();
        };
    }
}
