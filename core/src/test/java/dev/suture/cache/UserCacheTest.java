package dev.suture.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.suture.LivePatchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UserCacheTest {
    @TempDir
    Path folder;

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void aNewCacheIsItsOwnersAlone() throws IOException {
        Path cache = folder.resolve("a/b");
        UserCache.prepare(cache);
        assertThat(mode(cache)).isEqualTo("rwx------");
    }

    @Test
    void aCacheThatOthersMayWriteToIsTurnedDown() throws IOException {
        Path cache = Files.createDirectory(folder.resolve("cache"));
        Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwxr-x"));
        assertThatThrownBy(() -> UserCache.prepare(cache))
                .isInstanceOf(LivePatchException.class)
                .hasMessage(
                        "others may write to the cache %s (rwxrwxr-x), and what is in it is run. If nobody did, say chmod go-w; else delete it."
                                .formatted(cache.toRealPath()));
    }

    @Test
    void aCacheThatOthersMayExchangeIsTurnedDown() throws IOException {
        Path open = Files.createDirectory(folder.resolve("open"));
        Path cache = open.resolve("between/cache");
        UserCache.prepare(cache);
        Files.setAttribute(open, "unix:mode", 0777);
        assertThatThrownBy(() -> UserCache.prepare(cache))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining(
                        "in the place of the cache %s, as %s lets".formatted(cache.toRealPath(), open.toRealPath()));
        Files.setAttribute(open, "unix:mode", 01777);
        UserCache.prepare(cache);
    }

    /** Nobody is told to delete it, or to change who may write to it. */
    @Test
    void whatIsNoDirectoryIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "mine");
        for (Path cache : new Path[] {file, file.resolve("below"), Path.of("/dev/null"), Path.of("/dev/null/x/y")}) {
            Path named = cache.startsWith(file) ? file : Path.of("/dev/null");
            assertThatThrownBy(() -> UserCache.prepare(cache))
                    .hasMessage("the cache %s cannot be made: %s is no directory. It can be moved with SUTURE_CACHE."
                            .formatted(cache, named));
        }
    }

    @Test
    void aCacheOfSomebodyElseIsTurnedDown() throws IOException {
        Path cache = Files.createDirectory(folder.resolve("theirs"));
        Assumptions.assumeTrue(isRoot(), "needs root, to give a directory away");
        Files.setAttribute(cache, "unix:uid", 12345);
        assertThatThrownBy(() -> UserCache.prepare(cache)).hasMessageContaining("belongs to user id 12345");
    }

    private static boolean isRoot() throws IOException {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    }

    @Test
    void anEntryCannotBeReadByOthersEvenIfItCouldBefore() throws IOException {
        Path entry = Files.createDirectory(folder.resolve("entry"));
        Files.setPosixFilePermissions(entry, PosixFilePermissions.fromString("rwxr-xr-x"));
        CacheEntry.lock(entry, () -> {}).close();
        assertThat(mode(entry)).isEqualTo("rwx------");
        Path made = folder.resolve("made");
        CacheEntry.lock(made, () -> {}).close();
        assertThat(mode(made)).isEqualTo("rwx------");
    }

    @Test
    void withoutAHomeThatOfTheUserIsTakenAndWithoutThatNone() {
        assertThat(UserCache.named(Map.of(), "/home/me")).isEqualTo(Path.of("/home/me/.cache/suture"));
        assertThat(UserCache.named(Map.of("HOME", "/h", "XDG_CACHE_HOME", "no"), "/x"))
                .isEqualTo(Path.of("/h/.cache/suture"));
        assertThatThrownBy(() -> UserCache.named(Map.of(), "?"))
                .isInstanceOf(LivePatchException.class)
                .hasMessageContaining("Set SUTURE_CACHE");
    }
}
