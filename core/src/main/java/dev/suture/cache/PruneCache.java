package dev.suture.cache;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Lets go what a cache has not been asked for in a long time, and of the rest what was used longest ago until it is no
 * larger than it may be. What somebody uses stays.
 *
 * <p>For example, of three copies of 5 GB that were used 40 days, 2 days and an hour ago, with 8 GB allowed: the first is
 * too old, the second makes it too much, the third stays.
 *
 * <p>An entry is renamed before it is deleted, under its lock: whoever comes meanwhile makes a new one.
 */
public final class PruneCache {
    /** How long an entry is kept without being used. */
    public static final Duration LONGEST_UNUSED = Duration.ofDays(30);

    private static final Duration BETWEEN = Duration.ofDays(1);
    private static final String STAMP = ".pruned";
    private static final String GONE = ".gone-";

    private record Entry(Path path, FileTime used, long sizeBytes) {}

    private final Path folder;
    private final long largestBytes;
    private final Instant now;

    private PruneCache(Path folder, long largestBytes, Instant now) {
        this.folder = folder;
        this.largestBytes = largestBytes;
        this.now = now;
    }

    /**
     * Prunes a cache, at most once a day. What cannot be deleted is left there.
     *
     * @param folder whose entries are looked at: directories with a lock, and plain files; others are left alone
     * @param largestBytes how large all of them together may be
     */
    public static void daily(Path folder, long largestBytes) {
        Instant now = Instant.now();
        Path stamp = folder.resolve(STAMP);
        try {
            if (Files.exists(stamp)
                    && Files.getLastModifiedTime(stamp).toInstant().isAfter(now.minus(BETWEEN))) {
                return;
            }
            Files.writeString(stamp, "");
            prune(folder, largestBytes, now);
        } catch (IOException e) {
            // A cache that is too large is no reason to fail; the next day tries again.
            return;
        }
    }

    /**
     * Prunes a cache.
     *
     * @param now the present
     * @return what was let go, by name
     */
    static List<String> prune(Path folder, long largestBytes, Instant now) throws IOException {
        return new PruneCache(folder, largestBytes, now).prune();
    }

    private List<String> prune() throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (Path path : children()) {
            if (path.getFileName().toString().startsWith(GONE)) {
                delete(path);
            } else if (Files.isDirectory(path) ? Files.exists(path.resolve(CacheEntry.LOCK)) : isPlain(path)) {
                entries.add(new Entry(path, used(path), sizeBytes(path)));
            }
        }
        entries.sort(Comparator.comparing(Entry::used).thenComparing(Entry::path));
        long total = entries.stream().mapToLong(Entry::sizeBytes).sum();
        List<String> gone = new ArrayList<>();
        for (Entry entry : entries) {
            boolean old = entry.used().toInstant().isBefore(now.minus(LONGEST_UNUSED));
            if ((old || total > largestBytes) && letGo(entry)) {
                total -= entry.sizeBytes();
                gone.add(entry.path().getFileName().toString());
            }
        }
        return gone;
    }

    private List<Path> children() throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.toList();
        }
    }

    private static boolean isPlain(Path path) {
        String name = path.getFileName().toString();
        return Files.isRegularFile(path) && !name.equals(CacheEntry.LOCK) && !name.equals(STAMP);
    }

    private static FileTime used(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return Files.getLastModifiedTime(path);
        }
        Path used = path.resolve(CacheEntry.USED);
        return Files.getLastModifiedTime(Files.exists(used) ? used : path.resolve(CacheEntry.LOCK));
    }

    /** {@return whether it is gone; not if somebody uses it} */
    private boolean letGo(Entry entry) throws IOException {
        if (Files.isRegularFile(entry.path())) {
            return Files.deleteIfExists(entry.path());
        }
        Optional<CacheEntry> taken = CacheEntry.tryLock(entry.path());
        if (taken.isEmpty()) {
            return false;
        }
        try (CacheEntry _ = taken.get()) {
            // Somebody may have used it between the look at it and the lock.
            if (!used(entry.path()).equals(entry.used())) {
                return false;
            }
            Path gone = folder.resolve(GONE + entry.path().getFileName());
            delete(gone);
            Files.move(entry.path(), gone, StandardCopyOption.ATOMIC_MOVE);
            delete(gone);
            return true;
        }
    }

    private static long sizeBytes(Path path) throws IOException {
        long[] total = {0};
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                total[0] += attributes.size();
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    // In use, so things come and go.
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }
        });
        return total[0];
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
