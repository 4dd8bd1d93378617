package dev.suture.build.make;

import dev.suture.build.SourceLinks;
import dev.suture.build.watch.Observation;
import dev.suture.build.watch.Observation.Use;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The directories outside of the source that a build writes to, such as {@code /home/me/app-build} of {@code cmake -B
 * /home/me/app-build}. A copy of each is kept within the copy of the source and mounted in its place.
 *
 * <p>Which they are is seen: a build may write nothing outside of its copy, so it fails, and what it tried to write was
 * noted. A directory for temporary files, and one that cmake or meson has set up and sets up again, is empty in the copy.
 */
final class WrittenOutside {
    /** Where their copies are. */
    static final String PLACE = ".suture-outside";

    private static final int MOST_FILES = 20_000;
    private static final long MOST_BYTES = 512L << 20;

    /** Of a directory in which everybody may make files, and nobody those of others. */
    private static final int STICKY = 01000;

    private WrittenOutside() {}

    /** {@return what is to be mounted in the next try; empty if there is nothing more to be tried} */
    static Optional<Mounts> find(Mounts mounts, Observation observation, Path tree) throws IOException {
        Set<Path> directories = new TreeSet<>();
        for (Use use : observation.uses()) {
            switch (use.kind()) {
                case READ, ASK -> {}
                case LOOK -> {
                    if (!Files.exists(Path.of(use.path()))) {
                        directories.add(existing(use.path()));
                    }
                }
                case WRITE -> directories.add(existing(use.path()));
                case RENAME, LINK -> {
                    directories.add(existing(use.path()));
                    directories.add(existing(use.to()));
                }
            }
        }
        return with(mounts, directories, tree);
    }

    /** {@return mounts with copies of these directories; empty if there are no more than before} */
    static Optional<Mounts> with(Mounts mounts, Collection<Path> directories, Path tree) throws IOException {
        Mounts more = mounts;
        for (Path directory : directories) {
            boolean known = more.places().keySet().stream().anyMatch(directory::startsWith);
            if (!known && canBeCopied(directory, mounts)) {
                more = more.with(
                        directory,
                        tree.resolve(PLACE)
                                .resolve(Integer.toString(more.places().size())));
            }
        }
        return more.places().size() == mounts.places().size() ? Optional.empty() : Optional.of(more);
    }

    private static Path existing(String path) {
        Path directory = Path.of(path).getParent();
        while (directory != null && !Files.isDirectory(directory)) {
            directory = directory.getParent();
        }
        return directory == null ? Path.of("/") : directory;
    }

    private static boolean canBeCopied(Path directory, Mounts mounts) throws IOException {
        boolean own = directory.startsWith(mounts.directory().getParent());
        boolean system = directory.getNameCount() == 0
                || Set.of("dev", "proc", "sys").contains(directory.getName(0).toString());
        // What somebody has at home is not for a cache.
        boolean home = Path.of(System.getProperty("user.home")).startsWith(directory);
        if (own || system || home || !Files.isWritable(directory) || !directory.equals(directory.toRealPath())) {
            return false;
        }
        if (isEmptyInCopy(directory)) {
            return true;
        }
        long[] left = {MOST_FILES, MOST_BYTES};
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
                return isLeftOut(path, mounts) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                left[0] = Files.isReadable(file) ? left[0] - 1 : -1;
                left[1] -= attributes.size();
                return left[0] < 0 || left[1] < 0 ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
                left[0] = -1;
                return FileVisitResult.TERMINATE;
            }
        });
        return left[0] >= 0 && left[1] >= 0;
    }

    private static boolean isTemporary(Path directory) throws IOException {
        return ((int) Files.getAttribute(directory, "unix:mode") & STICKY) != 0;
    }

    private static boolean isEmptyInCopy(Path directory) throws IOException {
        return isTemporary(directory)
                || Files.exists(directory.resolve("CMakeCache.txt"))
                || Files.exists(directory.resolve("meson-private"));
    }

    /** {@return what the copy of a directory outside starts from} */
    private static SourceFiles.Found files(Path directory, Mounts mounts) throws IOException {
        if (isEmptyInCopy(directory)) {
            return new SourceFiles.Found(List.of(), true);
        }
        return SourceFiles.of(directory, path -> !path.equals(directory) && isLeftOut(path, mounts));
    }

    /** What has a place of its own, and the copies of this and other sources. */
    private static boolean isLeftOut(Path path, Mounts mounts) {
        return mounts.places().containsKey(path)
                || path.equals(mounts.directory().getParent());
    }

    /** {@return what else is mounted below a directory} */
    private static List<Path> inside(Path directory, Mounts mounts) {
        return Stream.concat(mounts.places().keySet().stream(), Stream.of(mounts.directory()))
                .filter(place -> place.startsWith(directory) && !place.equals(directory))
                .toList();
    }

    /** {@return the files of the copies, which it makes, relative to the copy of the source} */
    static List<Path> copy(Mounts mounts, Path source, Path tree) throws IOException {
        List<Path> copied = new ArrayList<>();
        Path root = tree.toRealPath();
        for (Map.Entry<Path, Path> place : mounts.places().entrySet()) {
            Path from = place.getKey();
            if (from.equals(source)) {
                continue;
            }
            Path to = Files.createDirectories(place.getValue());
            for (Path file : files(from, mounts).files()) {
                Files.createDirectories(to.resolve(file).getParent());
                Files.copy(
                        from.resolve(file),
                        to.resolve(file),
                        LinkOption.NOFOLLOW_LINKS,
                        StandardCopyOption.COPY_ATTRIBUTES);
                copied.add(root.relativize(to.resolve(file)));
            }
            for (Path inside : inside(from, mounts)) {
                Files.createDirectories(to.resolve(from.relativize(inside)));
            }
        }
        return copied;
    }

    /** {@return whether a build ran in one of them} */
    static boolean isBuilt(Mounts mounts, Path source) throws IOException {
        boolean built = false;
        for (Path directory : mounts.places().keySet()) {
            built |= !directory.equals(source)
                    && Files.isDirectory(directory)
                    && !isEmptyInCopy(directory)
                    && files(directory, mounts).built();
        }
        return built;
    }

    /** {@return words that change with what the copies start from} */
    static String state(Mounts mounts, Path source) throws IOException {
        StringBuilder state = new StringBuilder();
        for (Path directory : mounts.places().keySet()) {
            if (!directory.equals(source) && Files.isDirectory(directory)) {
                List<Path> files = files(directory, mounts).files();
                SourceLinks none = SourceLinks.of(directory, Path.of("/"), List.of(), file -> false);
                state.append(SourceFiles.key(directory, files, none, directory.toString(), Map.of()));
            }
        }
        return state.toString();
    }
}
