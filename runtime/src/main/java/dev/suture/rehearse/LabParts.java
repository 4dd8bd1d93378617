package dev.suture.rehearse;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import dev.suture.Progress;
import dev.suture.cache.UserCache;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * What a rehearsal boots around the hypervisor: a dom0 kernel with its Xen modules, a shell, and Xen's stock client with
 * the libraries it needs. All from Debian packages, taken apart but not installed, and kept in a cache folder.
 *
 * <p>In: the cache folder. Out: the files. The first call downloads (about 80 MB, 20 s); later ones only check that
 * what the cache holds is what was put there. A folder is filled beside its place and renamed, under a lock, so two
 * processes may do this at once.
 *
 * @param kernel the dom0 kernel, bootable under Xen
 * @param modules kernel modules in the order they have to be loaded
 * @param busybox a statically linked busybox
 * @param client {@code xen-livepatch}
 * @param libraries the dynamic loader and the shared libraries of the client, under the names it looks for
 */
public record LabParts(Path kernel, List<Path> modules, Path busybox, Path client, List<Path> libraries) {
    private static final String XEN = "4.17";

    private static final PackagedFiles DOM0 = new PackagedFiles(
            "dom0-xen-" + XEN,
            List.of(
                    PackagedFiles.Source.behind(
                            "linux-image-amd64",
                            "boot/vmlinuz-.*",
                            ".*/xen-privcmd\\.ko",
                            ".*/xen-evtchn\\.ko",
                            ".*/xenfs\\.ko"),
                    PackagedFiles.Source.of(
                            List.of(
                                    "xen-utils-" + XEN,
                                    "libxenmisc" + XEN,
                                    "libxencall1",
                                    "libxendevicemodel1",
                                    "libxenevtchn1",
                                    "libxenforeignmemory1",
                                    "libxengnttab1",
                                    "libxentoolcore1",
                                    "libxentoollog1"),
                            "usr/lib/xen-" + XEN + "/bin/xen-livepatch",
                            "usr/lib/x86_64-linux-gnu/libxen"
                                    + "(ctrl|call|devicemodel|evtchn|foreignmemory|gnttab|toolcore|toollog)\\.so\\..*"),
                    PackagedFiles.Source.of(
                            List.of("libc6"), "lib/x86_64-linux-gnu/(libc\\.so\\.6|ld-linux-x86-64\\.so\\.2)"),
                    PackagedFiles.Source.of(List.of("busybox-static"), "bin/busybox")));

    private static final PackagedFiles HYPERVISOR = new PackagedFiles(
            "hypervisor-xen-" + XEN,
            List.of(PackagedFiles.Source.of(
                    List.of("xen-hypervisor-" + XEN + "-amd64"), "boot/xen-" + XEN + "-amd64\\.gz")));

    public LabParts {
        modules = List.copyOf(modules);
        libraries = List.copyOf(libraries);
    }

    /** {@return where Suture keeps what it can fetch or make again: $SUTURE_CACHE, else the user's cache folder} */
    public static Path cacheFolder() {
        return UserCache.directory();
    }

    /**
     * {@return the parts, downloaded if the cache does not hold them}
     *
     * @param cache a folder of Suture's own, created if missing
     * @throws LivePatchException if a package cannot be had, or the folder not be written
     */
    public static LabParts in(Path cache, Progress progress) throws InterruptedException {
        Path folder = filled(DOM0, cache, progress);
        return new LabParts(
                only(folder, "vmlinuz-"),
                Stream.of("xen-privcmd.ko", "xen-evtchn.ko", "xenfs.ko")
                        .map(folder::resolve)
                        .toList(),
                folder.resolve("busybox"),
                folder.resolve("xen-livepatch"),
                named(folder, name -> name.contains(".so.")));
    }

    /**
     * {@return Debian's own build of the hypervisor, compressed, downloaded if the cache does not hold it}
     *
     * @param cache a folder of Suture's own, created if missing
     * @throws LivePatchException if the package cannot be had, or the folder not be written
     */
    public static Path debianHypervisor(Path cache, Progress progress) throws InterruptedException {
        return only(filled(HYPERVISOR, cache, progress), "xen-");
    }

    // One thread at a time: the lock on the file keeps out other processes only.
    private static synchronized Path filled(PackagedFiles wanted, Path cache, Progress progress)
            throws InterruptedException {
        Path folder = cache.resolve("rehearse");
        Path filled = folder.resolve(wanted.folderName());
        try {
            Files.createDirectories(folder);
            try (FileChannel lock =
                    FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                if (lock.tryLock() == null) {
                    progress.waiting("another rehearsal, which looks after the same downloads");
                    lock.lock();
                }
                if (!wanted.isIntactIn(filled)) {
                    progress.stage("download " + wanted.name());
                    Path beside = folder.resolve(wanted.folderName() + ".new");
                    Folders.delete(beside);
                    try {
                        wanted.fetchInto(beside, progress);
                        Folders.delete(filled);
                        Files.move(beside, filled, StandardCopyOption.ATOMIC_MOVE);
                    } finally {
                        Folders.delete(beside);
                    }
                }
            }
            return filled;
        } catch (ClosedByInterruptException | FileLockInterruptionException e) {
            throw (InterruptedException) new InterruptedException().initCause(e);
        } catch (IOException e) {
            throw new LivePatchException("cannot write to the cache %s: %s".formatted(folder, PlainFile.why(e)), e);
        }
    }

    private static Path only(Path folder, String prefix) {
        return named(folder, name -> name.startsWith(prefix) && !name.contains("livepatch") && !name.endsWith(".ko"))
                .getFirst();
    }

    private static List<Path> named(Path folder, Predicate<String> fits) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> fits.test(file.getFileName().toString()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new LivePatchException("cannot read the cache %s: %s".formatted(folder, PlainFile.why(e)), e);
        }
    }
}
