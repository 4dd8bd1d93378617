package dev.suture.rehearse;

import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/**
 * Writes the files a Linux kernel starts with, as an uncompressed cpio archive that belongs to root whoever writes it.
 * Folders are added as files need them.
 *
 * @see "Linux Documentation/driver-api/early-userspace/buffer-format.rst: format newc"
 */
final class Initramfs implements Closeable {
    private static final int CONSOLE_MAJOR = 5;
    private static final int CONSOLE_MINOR = 1;

    private final CpioArchiveOutputStream cpio;
    private final Set<String> folders = new HashSet<>();
    private long inode = 1;

    Initramfs(Path file) throws IOException {
        OutputStream output = new BufferedOutputStream(Files.newOutputStream(file));
        cpio = new CpioArchiveOutputStream(output, CpioConstants.FORMAT_NEW);
    }

    /** Adds an empty folder, and those above it. */
    void folder(String path) throws IOException {
        if (path.isEmpty()) {
            return;
        }
        int slash = path.lastIndexOf('/');
        if (slash > 0) {
            folder(path.substring(0, slash));
        }
        if (folders.add(path)) {
            put(path, CpioConstants.C_ISDIR | 0755, new byte[0]);
        }
    }

    /** Adds a file that anybody may read and run. */
    void file(String path, byte[] contents) throws IOException {
        folder(path.substring(0, Math.max(0, path.lastIndexOf('/'))));
        put(path, CpioConstants.C_ISREG | 0755, contents);
    }

    /** Adds {@code /dev/console}, without which the first program has no standard output. */
    void console() throws IOException {
        folder("dev");
        CpioArchiveEntry entry = entry("dev/console", CpioConstants.C_ISCHR | 0600);
        entry.setRemoteDeviceMaj(CONSOLE_MAJOR);
        entry.setRemoteDeviceMin(CONSOLE_MINOR);
        cpio.putArchiveEntry(entry);
        cpio.closeArchiveEntry();
    }

    @Override
    public void close() throws IOException {
        cpio.close();
    }

    private void put(String path, long mode, byte[] contents) throws IOException {
        CpioArchiveEntry entry = entry(path, mode);
        entry.setSize(contents.length);
        cpio.putArchiveEntry(entry);
        cpio.write(contents);
        cpio.closeArchiveEntry();
    }

    private CpioArchiveEntry entry(String path, long mode) {
        CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, path);
        entry.setMode(mode);
        // Entries that share an inode number would be taken for hard links.
        entry.setInode(inode++);
        entry.setNumberOfLinks(1);
        return entry;
    }
}
