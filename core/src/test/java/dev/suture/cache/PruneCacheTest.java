package dev.suture.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PruneCacheTest {
    private static final Instant NOW = Instant.parse("2026-05-01T12:00:00Z");
    private static final long PLENTY = 1 << 20;

    @TempDir
    private Path folder;

    private Path entry(String name, int sizeBytes, Duration unused) throws IOException {
        Path directory = folder.resolve(name);
        CacheEntry.lock(directory, () -> {}).close();
        Files.createDirectories(directory.resolve("tree/deep"));
        Files.write(directory.resolve("tree/deep/file"), new byte[sizeBytes]);
        Files.setLastModifiedTime(directory.resolve("used"), FileTime.from(NOW.minus(unused)));
        return directory;
    }

    private List<String> prune(long largestBytes) throws IOException {
        return PruneCache.prune(folder, largestBytes, NOW);
    }

    @Test
    void whatWasNotUsedForAMonthIsLetGo() throws IOException {
        entry("old", 10, Duration.ofDays(31));
        entry("young", 10, Duration.ofDays(29));

        assertThat(prune(PLENTY)).containsExactly("old");
        assertThat(folder).isDirectoryNotContaining("glob:**old").isDirectoryContaining("glob:**young");
    }

    @Test
    void ofTooMuchGoesWhatWasUsedLongestAgo() throws IOException {
        entry("b", 400, Duration.ofDays(3));
        entry("a", 400, Duration.ofDays(2));
        entry("d", 400, Duration.ofDays(5));
        entry("c", 400, Duration.ofDays(4));

        assertThat(prune(1000)).containsExactly("d", "c");
        assertThat(prune(1000)).isEmpty();
    }

    @Test
    void whatIsInUseStaysHoweverOldAndLarge() throws IOException {
        Path used = entry("used", 5000, Duration.ofDays(99));
        try (CacheEntry _ = CacheEntry.lock(used, () -> {})) {
            Files.setLastModifiedTime(used.resolve("used"), FileTime.from(NOW.minus(Duration.ofDays(99))));

            assertThat(prune(100)).isEmpty();
            // What the kernel says, which would forget the lock if the pruner had so much as opened it.
            String inode = ":%s ".formatted(Files.getAttribute(used.resolve("lock"), "unix:ino"));
            assertThat(Files.readString(Path.of("/proc/locks"))).contains(inode);
        }
        assertThat(used.resolve("tree/deep/file")).exists();
    }

    @Test
    void whatAnotherProgramUsesStays() throws Exception {
        Path used = entry("used", 10, Duration.ofDays(99));
        // A JVM of its own, as one's own locks are seen in another way.
        String program = """
                public class Hold { public static void main(String[] a) throws Exception {
                    try (var file = new java.io.RandomAccessFile(a[0], "rw")) {
                        file.getChannel().lock(); System.out.println("held"); System.in.read(); } } }
                """;
        Path source = Files.writeString(folder.resolve("Hold.java"), program);
        Process holder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        source.toString(),
                        used.resolve("lock").toString())
                .start();
        assertThat(holder.inputReader().readLine()).isEqualTo("held");
        Files.delete(source);

        assertThat(prune(PLENTY)).isEmpty();
        holder.getOutputStream().close();
        holder.waitFor();
        assertThat(prune(PLENTY)).containsExactly("used");
    }

    @Test
    void plainFilesAreEntriesAndOtherDirectoriesAreNot() throws IOException {
        for (String name : List.of("old.log", "lock", "young.log")) {
            Files.writeString(folder.resolve(name), "text");
            Files.setLastModifiedTime(folder.resolve(name), FileTime.from(NOW.minus(Duration.ofDays(40))));
        }
        Files.setLastModifiedTime(folder.resolve("young.log"), FileTime.from(NOW));
        Files.createDirectories(folder.resolve("somebody's"));
        Files.setLastModifiedTime(folder.resolve("somebody's"), FileTime.from(NOW.minus(Duration.ofDays(40))));

        assertThat(prune(PLENTY)).containsExactly("old.log");
        assertThat(folder.resolve("somebody's")).exists();
    }

    @Test
    void whatAKilledRunHadBegunToDeleteIsDeleted() throws IOException {
        Files.createDirectories(folder.resolve(".gone-x/tree"));
        Files.writeString(folder.resolve(".gone-x/tree/file"), "text");

        assertThat(prune(PLENTY)).isEmpty();
        assertThat(folder.resolve(".gone-x")).doesNotExist();
    }

    @Test
    void onceADayIsEnough() throws IOException {
        entry("old", 10, Duration.ofDays(3000));
        PruneCache.daily(folder, PLENTY);
        assertThat(folder.resolve("old")).doesNotExist();

        Path second = entry("second", 10, Duration.ofDays(3000));
        PruneCache.daily(folder, PLENTY);
        assertThat(second).exists();
        Files.setLastModifiedTime(
                folder.resolve(".pruned"), FileTime.from(Instant.now().minus(Duration.ofHours(25))));
        PruneCache.daily(folder, PLENTY);
        assertThat(second).doesNotExist();
    }

    @Test
    void anEntryThatIsLetGoWhileSomebodyOpensItIsMadeAnew() throws Exception {
        for (int i = 0; i < 200; i++) {
            Path directory = entry("entry", 1, Duration.ofDays(40));
            CountDownLatch both = new CountDownLatch(2);
            Thread pruner = Thread.ofPlatform().start(() -> {
                try {
                    both.countDown();
                    both.await();
                    prune(PLENTY);
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            both.countDown();
            assertThat(both.await(10, TimeUnit.SECONDS)).isTrue();
            CacheEntry mine = null;
            while (mine == null) {
                try {
                    mine = CacheEntry.lock(directory, () -> {});
                } catch (OverlappingFileLockException e) {
                    // The pruner is a thread of this program, and has it; another program would wait.
                    Thread.onSpinWait();
                }
            }
            try (CacheEntry _ = mine) {
                pruner.join();
                assertThat(directory.resolve("lock")).exists();
                Files.writeString(directory.resolve("mine"), "text");
            }
        }
    }
}
