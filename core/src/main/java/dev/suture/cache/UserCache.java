package dev.suture.cache;

import dev.suture.LivePatchException;
import dev.suture.PlainFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;

/**
 * Where Suture keeps what can be made again.
 *
 * <p>What is in it is run: the scripts that record compilers, objects that payloads are made of. So it is used only if
 * nobody but the user can have written there. Nobody else can read it either, as it holds copies of sources.
 */
public final class UserCache {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private static final int OTHERS_WRITE = 0002;
    /** Only the owner of a file in such a directory may rename it. */
    private static final int STICKY = 01000;

    private UserCache() {}

    /**
     * {@return the directory, made if it was not there: {@code $SUTURE_CACHE}, else {@code $XDG_CACHE_HOME/suture}, else
     * {@code ~/.cache/suture}}
     *
     * @throws LivePatchException if it cannot be made, or others may write to it
     */
    public static Path directory() {
        Path directory = named(System.getenv(), System.getProperty("user.home"));
        prepare(directory);
        return directory;
    }

    /** {@return where it is to be} Only whole paths count, but for SUTURE_CACHE. */
    static Path named(Map<String, String> environment, String userHome) {
        String own = environment.getOrDefault("SUTURE_CACHE", "");
        if (!own.isEmpty()) {
            return Path.of(own).toAbsolutePath().normalize();
        }
        String common = environment.getOrDefault("XDG_CACHE_HOME", "");
        if (common.startsWith("/")) {
            return Path.of(common, "suture");
        }
        for (String home : new String[] {environment.getOrDefault("HOME", ""), userHome}) {
            if (home != null && home.startsWith("/")) {
                return Path.of(home, ".cache", "suture");
            }
        }
        throw new LivePatchException("there is no place for suture's cache: neither SUTURE_CACHE nor HOME is set."
                + " Set SUTURE_CACHE to a directory of yours.");
    }

    /**
     * Makes the directory for its owner alone, or looks whether it may be used.
     *
     * @throws LivePatchException if it cannot be made, or others may write to it
     */
    static void prepare(Path directory) {
        for (Path at = directory; at != null; at = at.getParent()) {
            if (Files.exists(at) && !Files.isDirectory(at)) {
                throw new LivePatchException(
                        "the cache %s cannot be made: %s is no directory. It can be moved with SUTURE_CACHE."
                                .formatted(directory, at));
            }
        }
        try {
            if (Files.notExists(directory)) {
                if (directory.getParent() != null) {
                    Files.createDirectories(directory.getParent());
                }
                Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            }
            check(directory.toRealPath());
        } catch (IOException e) {
            throw new LivePatchException(
                    "the cache %s cannot be made: %s. It can be moved with SUTURE_CACHE."
                            .formatted(directory, PlainFile.why(e)),
                    e);
        }
    }

    private static void check(Path directory) throws IOException {
        int owner = (int) Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        int user = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        if (owner != user) {
            throw new LivePatchException(
                    "the cache %s belongs to user id %d, and suture runs as %d: what is in it would be run. Set SUTURE_CACHE to a directory of your own."
                            .formatted(directory, owner, user));
        }
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(directory);
        if (mode.contains(PosixFilePermission.GROUP_WRITE) || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new LivePatchException(
                    "others may write to the cache %s (%s), and what is in it is run. If nobody did, say chmod go-w; else delete it."
                            .formatted(directory, PosixFilePermissions.toString(mode)));
        }
        for (Path above = directory.getParent(); above != null; above = above.getParent()) {
            int bits = (int) Files.getAttribute(above, "unix:mode");
            if ((bits & (OTHERS_WRITE | STICKY)) == OTHERS_WRITE) {
                throw new LivePatchException(
                        "anybody may put another directory in the place of the cache %s, as %s lets all users write and rename there. Set SUTURE_CACHE to a directory elsewhere."
                                .formatted(directory, above));
            }
        }
    }

    /** Makes a directory for its owner alone, or takes from others what they may do with one that is there. */
    static void makePrivate(Path directory) throws IOException {
        if (Files.notExists(directory)) {
            Files.createDirectories(directory.getParent());
            Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } else if (!Files.getPosixFilePermissions(directory).equals(OWNER_ONLY)) {
            Files.setPosixFilePermissions(directory, OWNER_ONLY);
        }
    }
}
