package dev.suture.build;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * A directory of Suture's own in which files are written and deleted by names that others chose.
 *
 * <p>A name may lead through links of the source that the directory is a copy of. Each component is looked at: a link
 * within the directory is followed, so that what is written is seen under all its names, and one that leads out of it is
 * an error. Nobody else changes the directory meanwhile.
 */
public final class PrivateTree {
    private final Path root;

    /** @param root the directory, which need not be there yet */
    public PrivateTree(Path root) {
        this.root = root;
    }

    /**
     * {@return where in the directory the file of that name is or would be; no link is left in the path}
     *
     * @throws LivePatchException if that is outside of the directory
     */
    public Path place(String path) throws IOException {
        Path real = root.toRealPath();
        Path place = real;
        Path names = Path.of(path);
        for (int i = 0; i < names.getNameCount(); i++) {
            boolean isLast = i == names.getNameCount() - 1;
            Path next = place.resolve(names.getName(i)).normalize();
            if (Files.exists(next)) {
                next = next.toRealPath();
            } else if (Files.isSymbolicLink(next) && !isLast) {
                throw outside(path, next);
            }
            if (!next.startsWith(real) || isLast && next.equals(real)) {
                throw outside(path, next);
            }
            place = next;
        }
        return place;
    }

    private LivePatchException outside(String path, Path found) {
        return new LivePatchException(
                "%s leads out of the copy of the source, to %s, where suture writes nothing".formatted(path, found));
    }

    /** Puts a text in the place of a file, with that one's protection if there is one. */
    public void write(String path, SourceText text) throws IOException {
        Path file = place(path);
        Files.createDirectories(file.getParent());
        Optional<Set<PosixFilePermission>> mode = mode(file);
        Files.deleteIfExists(file);
        Files.writeString(
                file,
                text.text(),
                StandardCharsets.ISO_8859_1,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE);
        if (mode.isPresent()) {
            Files.setPosixFilePermissions(file, mode.get());
        }
    }

    // A compiler must be able to read it, whatever the user's own says.
    private static Optional<Set<PosixFilePermission>> mode(Path file) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        Set<PosixFilePermission> mode = EnumSet.copyOf(Files.getPosixFilePermissions(file));
        mode.add(PosixFilePermission.OWNER_READ);
        return Optional.of(mode);
    }

    /** Deletes a file, not a link to it. */
    public void delete(String path) throws IOException {
        Files.deleteIfExists(place(path));
    }

    /**
     * {@return the place itself of a file that is about to be made anew, with its directories}
     *
     * <p>Links on the way are taken away: the source has directories there.
     */
    private Path clear(Path path) throws IOException {
        Path place = root.toRealPath();
        for (Path name : path) {
            Files.createDirectories(place);
            place = place.resolve(name);
            if (Files.isSymbolicLink(place)) {
                Files.delete(place);
            }
        }
        Files.deleteIfExists(place);
        return place;
    }

    /** Copies a file or makes a link, in the place of whatever is there. */
    public void put(SourceLinks.Copied file) throws IOException {
        Path to = clear(file.path());
        if (file.link().isPresent()) {
            Files.createSymbolicLink(to, file.link().get());
        } else {
            Files.copy(file.from(), to, StandardCopyOption.COPY_ATTRIBUTES);
        }
    }
}
