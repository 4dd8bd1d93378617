package dev.suture.process;

import dev.suture.elf.ElfFile;
import dev.suture.linux.ForeignFile;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Reads the files of a process, which may be hostile: only regular files, below its own root, of limited size, and none
 * on a file system that another user serves ({@link Mounts}).
 */
final class TargetFiles {
    private static final long MOST_BYTES = 1L << 30;
    private static final int IDENTIFICATION_BYTES = 16;

    private final int pid;
    private final Mounts mounts;

    TargetFiles(int pid) {
        this.pid = pid;
        mounts = Mounts.of(pid);
    }

    /** {@return why nothing of a mapping may be read, its memory neither; empty if it may} */
    Optional<ProcessException> whyNot(Mapping mapping) {
        return mounts.isForeign(mapping)
                ? Optional.of(new ProcessException(
                        pid,
                        "%s is on a file system that another user serves (fuse), who may never answer; run suture as that user"
                                .formatted(mapping.path())))
                : Optional.empty();
    }

    /**
     * {@return the file of a mapping; empty if what is mapped is no file}
     *
     * <p>It is read through {@code /proc/PID/map_files}, which still has what is deleted or replaced on disk, or where that
     * is not permitted below {@code /proc/PID/root}, if it is still the same inode.
     *
     * @throws ProcessException if it cannot be read
     */
    Optional<ElfFile> mapped(Mapping mapping) {
        String name = mapping.path();
        try (ForeignFile file =
                ForeignFile.at("/proc/%d/map_files/%x-%x".formatted(pid, mapping.start(), mapping.end()))) {
            if (file.isThere()) {
                return read(file, name);
            }
        }
        try (ForeignFile program = ForeignFile.at(programPath())) {
            if (program.isThere() && program.inode() == mapping.inode()) {
                return read(program, name);
            }
        }
        try (ForeignFile inRoot = ForeignFile.in(rootPath(), fromRoot(name), false)) {
            if (!mapping.isDeleted() && inRoot.isThere() && inRoot.inode() == mapping.inode()) {
                return read(inRoot, name);
            }
        }
        throw new ProcessException(
                pid,
                "%s is no longer the file the process runs, and only root can read that (/proc/%d/map_files)"
                        .formatted(mapping.name(), pid));
    }

    private Optional<ElfFile> read(ForeignFile file, String name) {
        if (!file.isRegular()) {
            return Optional.empty();
        }
        if (file.sizeBytes() > MOST_BYTES) {
            throw new ProcessException(pid, "%s has %,d bytes, too many to be read".formatted(name, file.sizeBytes()));
        }
        try {
            return Optional.of(ElfFile.read(name, file.read(MOST_BYTES)));
        } catch (IOException e) {
            throw new ProcessException(pid, "%s cannot be read: %s".formatted(name, e.getMessage()));
        }
    }

    /** {@return a file below the root of the process; empty if there is none that may be read} */
    Optional<ElfFile> inRoot(Path path) {
        if (mounts.isUnderForeign(path)) {
            return Optional.empty();
        }
        try (ForeignFile file = ForeignFile.in(rootPath(), fromRoot(path.toString()), !mounts.hasForeign())) {
            return file.isThere() && !mounts.isForeign(file.device()) ? read(file, path.toString()) : Optional.empty();
        }
    }

    /** {@return the first bytes of the program; empty if they cannot be read} */
    Optional<byte[]> programStart() {
        try (ForeignFile program = ForeignFile.at(programPath())) {
            return program.isRegular() && !mounts.isForeign(program.device())
                    ? Optional.of(program.read(IDENTIFICATION_BYTES).toArray(ValueLayout.JAVA_BYTE))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** {@return the number of the program's file; 0 if it cannot be seen} */
    long programInode() {
        try (ForeignFile program = ForeignFile.at(programPath())) {
            return program.isThere() ? program.inode() : 0;
        }
    }

    // Of a process in a changed root the kernel tells paths as we see them.
    private String fromRoot(String path) {
        try {
            String root = Files.readSymbolicLink(Path.of(rootPath())).toString();
            return path.startsWith(root + "/") ? path.substring(root.length()) : path;
        } catch (IOException e) {
            return path;
        }
    }

    private String programPath() {
        return "/proc/" + pid + "/exe";
    }

    private String rootPath() {
        return "/proc/" + pid + "/root";
    }
}
