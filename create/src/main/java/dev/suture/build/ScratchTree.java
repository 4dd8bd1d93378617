package dev.suture.build;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A copy of a user's tree in which patches are tried, kept from run to run.
 *
 * <p>Opening it makes the copy equal to the tree: what differs in size or time of last change is copied again, times
 * included so that make sees nothing to do, and what the tree does not have is deleted. That undoes whatever the last
 * run did to it, also if that run was killed. Only files a run has rebuilt because the tree's were stale or missing
 * stay, as long as neither side changes ({@link #keepRebuilt}).
 *
 * <p>One run at a time may hold it; another waits. A process that a killed run left behind is recognised by the
 * environment variable {@link ChildProcess#MARK} and ended before anything is touched.
 */
public final class ScratchTree implements AutoCloseable {
    /** Files whose size and time are those of the tree count as the same. */
    private record Stamp(long sizeBytes, FileTime changed) {
        static Stamp of(BasicFileAttributes attributes) {
            return new Stamp(attributes.isRegularFile() ? attributes.size() : 0, attributes.lastModifiedTime());
        }

        String text() {
            return sizeBytes + " " + changed.toInstant();
        }
    }

    private final Path directory;
    private final Path tree;
    private final Path copy;
    private final Predicate<Path> wanted;
    private final FileChannel lock;
    private Map<String, Stamp> inTree = Map.of();
    private Map<String, Stamp> inCopy = Map.of();

    private ScratchTree(Path directory, Path tree, Predicate<Path> wanted, FileChannel lock) {
        this.directory = directory;
        this.tree = tree;
        this.copy = directory.resolve("tree");
        this.wanted = wanted;
        this.lock = lock;
    }

    /**
     * Opens the copy of {@code tree}, makes it if there is none, and makes it equal to the tree.
     *
     * @param cache the directory for all copies
     * @param tree the user's tree; only read
     * @param wanted which files and directories to copy, given relative to the tree's root
     * @throws LivePatchException if the copy cannot be made, such as on a full disk
     */
    public static ScratchTree open(Path cache, Path tree, Predicate<Path> wanted, Progress progress) {
        try {
            Path real = tree.toRealPath();
            Path directory = cache.resolve("build").resolve(real.getFileName() + "-" + hash(real.toString()));
            Files.createDirectories(directory.resolve("tree"));
            ScratchTree scratch = new ScratchTree(directory, real, wanted, lock(directory, progress));
            try {
                ChildProcess.killMarked(directory.toString());
                scratch.synchronise(progress);
                return scratch;
            } catch (IOException | RuntimeException e) {
                scratch.close();
                throw e;
            }
        } catch (IOException e) {
            throw new LivePatchException(
                    "cannot copy %s to the cache %s: %s. The cache can be moved with SUTURE_CACHE."
                            .formatted(tree, cache, Cause.of(e)),
                    e);
        }
    }

    private static FileChannel lock(Path directory, Progress progress) throws IOException {
        FileChannel channel = FileChannel.open(
                directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() == null) {
                progress.stage("wait for another build of this tree");
                channel.lock();
            }
            return channel;
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new LivePatchException("another build of this tree runs in the same program (" + directory + ")", e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** {@return the first 16 hexadecimal digits of the SHA-256 of {@code text}} */
    static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** {@return the copy's root} */
    public Path root() {
        return copy;
    }

    /** {@return the directory around the copy, for files that go with it} */
    public Path directory() {
        return directory;
    }

    private void synchronise(Progress progress) throws IOException {
        inTree = stamps(tree, wanted);
        inCopy = stamps(copy, path -> true);
        Map<String, String> rebuilt = readRebuilt();
        for (String path : inCopy.keySet().stream().sorted(Comparator.reverseOrder()).toList()) {
            if (!inTree.containsKey(path) && !isKept(rebuilt, path)) {
                Files.deleteIfExists(copy.resolve(path));
            }
        }
        List<String> outdated = inTree.keySet().stream()
                .filter(path -> !inTree.get(path).equals(inCopy.get(path)) && !isKept(rebuilt, path))
                .toList();
        if (outdated.size() > 1000) {
            progress.stage("copy the tree");
        }
        int done = 0;
        for (String path : outdated) {
            copyFile(path);
            done++;
            if (done % 100 == 0) {
                progress.advance(done, outdated.size());
            }
        }
        inCopy = new HashMap<>(inCopy);
        inCopy.keySet().removeIf(path -> !inTree.containsKey(path) && !isKept(rebuilt, path));
        outdated.forEach(path -> inCopy.put(path, inTree.get(path)));
    }

    private void copyFile(String path) throws IOException {
        Path from = tree.resolve(path);
        Path to = copy.resolve(path);
        Files.createDirectories(to.getParent());
        Files.deleteIfExists(to);
        if (Files.isSymbolicLink(from)) {
            Path target = Files.readSymbolicLink(from);
            // A link with a whole path into the tree must not lead a build out of the copy.
            boolean intoTree = target.isAbsolute() && target.startsWith(tree);
            Files.createSymbolicLink(to, intoTree ? copy.resolve(tree.relativize(target)) : target);
        } else {
            Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
        }
    }

    /** Symbolic links have no size and time of their own here: where they lead is what matters. */
    private static Map<String, Stamp> stamps(Path root, Predicate<Path> wanted) throws IOException {
        Map<String, Stamp> stamps = new TreeMap<>();
        int prefixLength = root.toString().length() + 1;
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
                boolean enter = path.equals(root) || wanted.test(root.relativize(path));
                return enter ? FileVisitResult.CONTINUE : FileVisitResult.SKIP_SUBTREE;
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
                if (wanted.test(root.relativize(path)) && !attributes.isOther()) {
                    Stamp stamp = attributes.isSymbolicLink()
                            ? new Stamp(0, FileTime.fromMillis(0))
                            : Stamp.of(attributes);
                    stamps.put(path.toString().substring(prefixLength), stamp);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return stamps;
    }

    /** {@return whether the tree has the file {@code path}, and it is part of the copy} */
    public boolean isInTree(String path) {
        return inTree.containsKey(path);
    }

    /** {@return when the copy's {@code path} was last changed, as of opening; the beginning of time if it is not there} */
    public FileTime changedAtOpening(String path) {
        Stamp stamp = inCopy.get(path);
        return stamp == null ? FileTime.fromMillis(0) : stamp.changed();
    }

    /** {@return the files that differ from the tree's by now in size or time, or that the tree does not have} */
    public List<String> differingFiles() throws IOException {
        Map<String, Stamp> now = stamps(copy, path -> true);
        List<String> differing = new ArrayList<>();
        now.forEach((path, stamp) -> {
            if (!stamp.equals(inCopy.get(path))) {
                differing.add(path);
            }
        });
        return differing;
    }

    /** Sets a file's time back to the tree's, for one that was written again with the same content. */
    public void restoreTime(String path) throws IOException {
        Files.setLastModifiedTime(copy.resolve(path), changedAtOpening(path));
    }

    /** Writes a source file into the copy; its time becomes now, so make builds what depends on it. */
    public void write(String path, SourceText text) throws IOException {
        Path file = copy.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text.text(), StandardCharsets.ISO_8859_1);
    }

    /** Deletes a file from the copy. */
    public void delete(String path) throws IOException {
        Files.deleteIfExists(copy.resolve(path));
    }

    /**
     * Remembers that the copy's own version of these files is better than the tree's, which is stale or missing. They
     * stay until the tree's version or the copy's changes.
     */
    public void keepRebuilt(Collection<String> paths) throws IOException {
        Map<String, String> rebuilt = new TreeMap<>(readRebuilt());
        Map<String, Stamp> now = new HashMap<>(inCopy);
        for (String path : paths) {
            Path file = copy.resolve(path);
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                now.put(path, Stamp.of(Files.readAttributes(file, BasicFileAttributes.class)));
            }
            rebuilt.put(path, state(path, now.get(path)));
        }
        inCopy = now;
        List<String> lines = rebuilt.entrySet().stream()
                .map(entry -> entry.getKey() + "\t" + entry.getValue())
                .toList();
        Files.write(directory.resolve("rebuilt"), lines);
    }

    private Map<String, String> readRebuilt() throws IOException {
        Path file = directory.resolve("rebuilt");
        Map<String, String> rebuilt = new HashMap<>();
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                int tab = line.indexOf('\t');
                if (tab > 0) {
                    rebuilt.put(line.substring(0, tab), line.substring(tab + 1));
                }
            }
        }
        return rebuilt;
    }

    private boolean isKept(Map<String, String> rebuilt, String path) {
        String state = rebuilt.get(path);
        return state != null && state.equals(state(path, inCopy.get(path)));
    }

    private String state(String path, Stamp copied) {
        Stamp original = inTree.get(path);
        return (original == null ? "none" : original.text()) + "\t" + (copied == null ? "none" : copied.text());
    }

    /** Deletes a directory and all in it. */
    public static void deleteDirectory(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    /** Lets another run use the copy. */
    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new LivePatchException("cannot release " + directory.resolve("lock") + ": " + Cause.of(e), e);
        }
    }
}
