package dev.suture.build;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * What the links of a source become in a copy of it.
 *
 * <p>A build in the copy writes through links as it reads through them, and patches do. So no link of the copy may lead
 * out of it. One that leads to a place in the source leads to that place of the copy. In the place of one that leads out
 * there is a copy of what it leads to, and other links to the same become links to that copy. For example, with
 * {@code sub -> /home/me/shared} the copy has a directory {@code sub}, and {@code include/x.h -> ../sub/x.h} leads there.
 *
 * <p>What cannot be copied is left out: what is too large, is no file, or holds the source itself. A patch that names
 * such a place is turned down ({@link #require}).
 */
public final class SourceLinks {
    /**
     * A file of the copy.
     *
     * @param path in the copy, relative to its root
     * @param from what it is copied from
     * @param link the text of a link that is made instead
     */
    public record Copied(Path path, Path from, Optional<Path> link) {}

    /**
     * A link that the copy does not have.
     *
     * @param path of the link, relative to the root of the source
     * @param why in words that go on after the link's name
     */
    public record LeftOut(Path path, String why) {}

    private static final long MOST_BYTES = 1L << 30;
    private static final int MOST_FILES = 50_000;
    private static final Set<String> NOT_SOURCE = Set.of(".git", ".hg", ".svn", ".bzr");
    private static final Path NOWHERE = Path.of("/dev/null");

    private final Path copy;
    private final Predicate<Path> isBuilt;
    /** Where in the copy is what is at a real path. */
    private final Map<Path, Path> places = new LinkedHashMap<>();

    private final List<Copied> files = new ArrayList<>();
    private final List<LeftOut> leftOut = new ArrayList<>();
    private long bytesLeft = MOST_BYTES;
    private int filesLeft = MOST_FILES;

    private SourceLinks(Path source, Path copy, Predicate<Path> isBuilt) {
        this.copy = copy;
        this.isBuilt = isBuilt;
        places.put(source, Path.of(""));
    }

    /**
     * Looks where the links of a source lead.
     *
     * @param source a real path
     * @param copy the root of the copy
     * @param paths of the links, relative to the source
     * @param isBuilt which files outside of the source are not to be copied, as an earlier build made them
     */
    public static SourceLinks of(Path source, Path copy, List<Path> paths, Predicate<Path> isBuilt) throws IOException {
        SourceLinks links = new SourceLinks(source, copy, isBuilt);
        for (Path path : paths.stream().sorted().toList()) {
            links.link(path, source.resolve(path));
        }
        return links;
    }

    /** {@return what the links become: links again, or files where they lead out of the source} */
    public List<Copied> files() {
        return List.copyOf(files);
    }

    /** {@return the links that the copy does not have} */
    public List<LeftOut> leftOut() {
        return List.copyOf(leftOut);
    }

    /**
     * Makes sure that the copy has what the source has at a path.
     *
     * @throws LivePatchException if the path leads through a link that was left out
     */
    public void require(String path) {
        for (LeftOut link : leftOut) {
            if (Path.of(path).startsWith(link.path())) {
                throw new LivePatchException(
                        "%s cannot be patched: %s %s. Name a --source that holds both, or put in the place of the link what it leads to."
                                .formatted(path, link.path(), link.why()));
            }
        }
    }

    private void add(Path path, Path at) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(at, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (attributes.isSymbolicLink()) {
            link(path, at);
        } else if (attributes.isRegularFile()) {
            files.add(new Copied(path, at, Optional.empty()));
        }
    }

    private void link(Path path, Path at) throws IOException {
        Path target = Files.readSymbolicLink(at);
        Path named = at.resolveSibling(target);
        Optional<Path> here = mount(at.getParent());
        if (!target.isAbsolute() && target.equals(target.normalize()) && here.equals(mount(named.normalize()))) {
            files.add(new Copied(path, at, Optional.of(target)));
            return;
        }
        Path real;
        try {
            real = at.toRealPath();
        } catch (IOException e) {
            real = named.normalize();
            if (mount(real).isEmpty()) {
                leftOut.add(new LeftOut(path, "is a link to %s, where nothing is".formatted(target)));
                return;
            }
        }
        Optional<Path> mount = mount(real);
        if (mount.isPresent()) {
            Path inCopy = copy.resolve(places.get(mount.get()));
            Path below = mount.get().relativize(real);
            files.add(new Copied(path, at, Optional.of(below.toString().isEmpty() ? inCopy : inCopy.resolve(below))));
        } else if (real.equals(NOWHERE)) {
            files.add(new Copied(path, at, Optional.of(NOWHERE)));
        } else {
            outside(path, real);
        }
    }

    private Optional<Path> mount(Path real) {
        return places.keySet().stream().filter(real::startsWith).findFirst();
    }

    private void outside(Path path, Path real) throws IOException {
        if (places.keySet().iterator().next().startsWith(real)) {
            leave(path, real, "which holds the source itself");
        } else if (Files.isRegularFile(real)) {
            if (Files.isReadable(real)) {
                places.put(real, path);
                files.add(new Copied(path, real, Optional.empty()));
            } else {
                leave(path, real, "which may not be read");
            }
        } else if (Files.isDirectory(real)) {
            directory(path, real);
        } else {
            leave(path, real, "which is no file");
        }
    }

    private void leave(Path path, Path real, String why) {
        leftOut.add(new LeftOut(path, "is a link out of the source, to %s, %s".formatted(real, why)));
    }

    private void directory(Path path, Path real) throws IOException {
        int before = files.size();
        long bytes = bytesLeft;
        int count = filesLeft;
        places.put(real, path);
        Optional<String> why = below(path, real);
        if (why.isPresent()) {
            files.subList(before, files.size()).clear();
            places.values().removeIf(place -> place.startsWith(path));
            leftOut.removeIf(link -> link.path().startsWith(path));
            bytesLeft = bytes;
            filesLeft = count;
            leave(path, real, why.get());
        }
    }

    /** {@return why a directory cannot be copied; empty if all in it was added} */
    private Optional<String> below(Path path, Path directory) throws IOException {
        List<Path> children;
        try (Stream<Path> list = Files.list(directory)) {
            children = list.sorted().toList();
        } catch (IOException e) {
            return Optional.of("which may not be read");
        }
        for (Path child : children) {
            String name = child.getFileName().toString();
            BasicFileAttributes attributes =
                    Files.readAttributes(child, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            bytesLeft -= attributes.isRegularFile() ? attributes.size() : 0;
            filesLeft--;
            if (bytesLeft < 0 || filesLeft < 0) {
                return Optional.of("which is too large to be copied");
            }
            if (attributes.isDirectory()) {
                Optional<String> why = NOT_SOURCE.contains(name) ? Optional.empty() : below(path.resolve(name), child);
                if (why.isPresent()) {
                    return why;
                }
            } else if (attributes.isRegularFile() && !Files.isReadable(child)) {
                return Optional.of("in which %s may not be read".formatted(name));
            } else if (attributes.isSymbolicLink() || !isBuilt.test(child)) {
                add(path.resolve(name), child);
            }
        }
        return Optional.empty();
    }
}
