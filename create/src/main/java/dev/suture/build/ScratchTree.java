package dev.suture.build;

import dev.suture.LivePatchException;
import dev.suture.Progress;
import dev.suture.cache.CacheEntry;
import dev.suture.cache.PruneCache;
import java.io.IOException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
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
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A copy of a user's tree in which patches are tried, kept from run to run.
 *
 * <p>Opening it makes the copy equal to the tree: what differs in size or time of last change is copied again, times
 * included so that make sees nothing to do, and what the tree does not have is deleted. That undoes whatever the last
 * run did to it, also if that run was killed. Files that a run has rebuilt because the tree's were stale or missing are
 * kept aside ({@link #keepRebuilt}) and stand for the tree's until those change.
 *
 * <p>One run at a time may hold it; another waits. A process that a killed run left behind is recognised by the
 * environment variable {@link ChildProcess#MARK} and ended before anything is touched.
 */
public final class ScratchTree implements AutoCloseable {
    /** Files whose size and time are those of the tree count as the same. */
    private record Stamp(long sizeBytes, FileTime changed, String link) {
        static Stamp of(BasicFileAttributes attributes) {
            return new Stamp(attributes.size(), attributes.lastModifiedTime(), "");
        }

        /** A link has no time of its own here: a copied one would get another. */
        static Stamp ofLink(Path target) {
            return new Stamp(0, FileTime.fromMillis(0), target.toString());
        }
    }

    /** How large the copies of all trees together may be. */
    private static final long LARGEST_BYTES = 20L << 30;

    private final Path directory;
    private final Path tree;
    private final Path copy;
    private final Predicate<Path> wanted;
    private final CacheEntry lock;
    private final Path aside;
    private final PrivateTree own;
    private Optional<SourceLinks> links = Optional.empty();
    /** What links of the tree become, by path. */
    private final Map<String, SourceLinks.Copied> linked = new HashMap<>();

    private Map<String, Stamp> inTree = Map.of();
    private Map<String, Stamp> unpatched = Map.of();
    /** Files that are kept aside, and the state of the tree's at that time. */
    private final Map<String, String> rebuilt = new TreeMap<>();

    private ScratchTree(Path directory, Path tree, Predicate<Path> wanted, CacheEntry lock) {
        this.directory = directory;
        this.tree = tree;
        this.copy = directory.resolve("tree");
        this.aside = directory.resolve("rebuilt");
        this.wanted = wanted;
        this.lock = lock;
        this.own = new PrivateTree(copy);
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
            Path directory = cache.resolve("build").resolve(plainName(real) + "-" + hash(real.toString()));
            ScratchTree scratch = new ScratchTree(directory, real, wanted, lock(directory, progress));
            PruneCache.daily(directory.getParent(), LARGEST_BYTES);
            try {
                Files.createDirectories(directory.resolve("tree"));
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

    /** {@return the last name of a directory as make and shells take it for one word} A number tells two of them apart. */
    public static String plainName(Path directory) {
        Path last = directory.getFileName();
        return last == null ? "root" : last.toString().replaceAll("[^A-Za-z0-9._+-]", "_");
    }

    private static CacheEntry lock(Path directory, Progress progress) throws IOException {
        try {
            return CacheEntry.lock(
                    directory, () -> progress.waiting("another build of this tree" + Stages.holder(directory)));
        } catch (OverlappingFileLockException e) {
            throw new LivePatchException("another build of this tree runs in the same program (" + directory + ")", e);
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
        inTree = stampsOfTree();
        unpatched = new HashMap<>(inTree);
        readRebuilt();
        Map<String, Stamp> inCopy = stamps(copy, path -> true);
        for (String path : inCopy.keySet()) {
            if (!unpatched.containsKey(path)) {
                Files.deleteIfExists(copy.resolve(path));
            }
        }
        List<String> outdated = unpatched.keySet().stream()
                .filter(path -> !unpatched.get(path).equals(inCopy.get(path)))
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
    }

    private void copyFile(String path) throws IOException {
        boolean isLinked = linked.containsKey(path) && !rebuilt.containsKey(path);
        own.put(isLinked ? linked.get(path) : new SourceLinks.Copied(Path.of(path), unpatched(path), Optional.empty()));
    }

    private Map<String, Stamp> stampsOfTree() throws IOException {
        Map<String, Stamp> stamps = stamps(tree, wanted);
        List<Path> paths = stamps.entrySet().stream()
                .filter(entry -> !entry.getValue().link().isEmpty())
                .map(entry -> Path.of(entry.getKey()))
                .toList();
        paths.forEach(path -> stamps.remove(path.toString()));
        SourceLinks found = SourceLinks.of(tree, copy.toRealPath(), paths, path -> false);
        for (SourceLinks.Copied file : found.files()) {
            if (wanted.test(file.path())) {
                linked.put(file.path().toString(), file);
                stamps.put(
                        file.path().toString(),
                        file.link().isPresent()
                                ? Stamp.ofLink(file.link().get())
                                : Stamp.of(Files.readAttributes(file.from(), BasicFileAttributes.class)));
            }
        }
        links = Optional.of(found);
        return stamps;
    }

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
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) throws IOException {
                if (wanted.test(root.relativize(path)) && !attributes.isOther()) {
                    stamps.put(
                            path.toString().substring(prefixLength),
                            attributes.isSymbolicLink()
                                    ? Stamp.ofLink(Files.readSymbolicLink(path))
                                    : Stamp.of(attributes));
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return stamps;
    }

    /** {@return whether there was a file {@code path} before the patch} */
    public boolean isKnown(String path) {
        return unpatched.containsKey(path);
    }

    /** {@return whether the unpatched {@code path} is not the user's, but one that was built again in its place} */
    public boolean isKeptAside(String path) {
        return rebuilt.containsKey(path);
    }

    /** {@return the file {@code path} as it was before the patch: the user's, or one rebuilt in its place} */
    public Path unpatched(String path) {
        return (rebuilt.containsKey(path) ? aside : tree).resolve(path);
    }

    /** {@return when the unpatched {@code path} was last changed; the beginning of time if there is none} */
    public FileTime changedAtOpening(String path) {
        Stamp stamp = unpatched.get(path);
        return stamp == null ? FileTime.fromMillis(0) : stamp.changed();
    }

    /** {@return the files of the copy that differ by now from the unpatched ones in size or time, or that are new} */
    public List<String> differingFiles() throws IOException {
        List<String> differing = new ArrayList<>();
        stamps(copy, path -> true).forEach((path, stamp) -> {
            if (!stamp.equals(unpatched.get(path))) {
                differing.add(path);
            }
        });
        return differing;
    }

    /** Makes all files what they were before the patch, except for those that were taken out of the copy. */
    public void restore() throws IOException {
        for (String path : differingFiles()) {
            if (isKnown(path)) {
                copyFile(path);
            } else {
                Files.deleteIfExists(copy.resolve(path));
            }
        }
    }

    /** Sets a file's time back to the tree's, for one that was written again with the same content. */
    public void restoreTime(String path) throws IOException {
        Files.setLastModifiedTime(copy.resolve(path), changedAtOpening(path));
    }

    /** Writes a source file into the copy; its time becomes now, so make builds what depends on it. */
    public void write(String path, SourceText text) throws IOException {
        links.ifPresent(it -> it.require(path));
        own.write(path, text);
    }

    /** Deletes a file from the copy. */
    public void delete(String path) throws IOException {
        own.delete(path);
    }

    /**
     * Keeps the copy's own version of these files, because the tree's is stale or missing. They stand for the tree's
     * until the tree's change.
     */
    public void keepRebuilt(Collection<String> paths) throws IOException {
        for (String path : paths) {
            Path from = copy.resolve(path);
            Path to = aside.resolve(path);
            Files.createDirectories(to.getParent());
            Files.copy(
                    from,
                    to,
                    StandardCopyOption.REPLACE_EXISTING,
                    StandardCopyOption.COPY_ATTRIBUTES,
                    LinkOption.NOFOLLOW_LINKS);
            rebuilt.put(path, stateInTree(path));
            unpatched.put(path, stamp(to));
        }
        List<String> lines = new ArrayList<>();
        rebuilt.forEach((path, state) -> lines.add(path + "\t" + state));
        Files.write(directory.resolve("rebuilt.list"), lines);
    }

    private void readRebuilt() throws IOException {
        Path list = directory.resolve("rebuilt.list");
        for (String line : Files.exists(list) ? Files.readAllLines(list) : List.<String>of()) {
            int tab = line.indexOf('\t');
            if (tab < 0) {
                continue;
            }
            String path = line.substring(0, tab);
            Path kept = aside.resolve(path);
            if (Files.exists(kept) && stateInTree(path).equals(line.substring(tab + 1))) {
                rebuilt.put(path, stateInTree(path));
                unpatched.put(path, stamp(kept));
            }
        }
    }

    private static Stamp stamp(Path file) throws IOException {
        return Files.isSymbolicLink(file)
                ? Stamp.ofLink(Files.readSymbolicLink(file))
                : Stamp.of(Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
    }

    private String stateInTree(String path) {
        Stamp stamp = inTree.get(path);
        return stamp == null
                ? "none"
                : stamp.sizeBytes() + " " + stamp.changed().toInstant() + stamp.link();
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
