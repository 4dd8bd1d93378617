package dev.suture.cache;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A directory of the cache that one program at a time uses, from {@link #lock} until it is closed.
 *
 * <p>Linux drops all of a program's locks on a file when the program closes any channel on it. So the lock of an entry
 * that this program has is never opened a second time.
 *
 * @see "fcntl(2), Advisory record locking"
 */
public final class CacheEntry implements AutoCloseable {
    static final String LOCK = "lock";

    /** Its time is when the entry was last used. That of the lock will not do: to set it is to open the file. */
    static final String USED = "used";

    private static final Pattern NOTE = Pattern.compile("([0-9TZ:-]{20}) by process ([0-9]{1,10})");

    private static final Set<Path> HELD_HERE = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final FileChannel channel;

    private CacheEntry(Path directory, FileChannel channel) {
        this.directory = directory;
        this.channel = channel;
    }

    /**
     * Takes an entry, makes its directory if there is none, and notes that it is used now.
     *
     * @param directory the entry's
     * @param waiting is told when another program has it and this one waits
     * @throws OverlappingFileLockException if this very program has it already
     */
    public static CacheEntry lock(Path directory, Runnable waiting) throws IOException {
        Path own = directory.toAbsolutePath().normalize();
        if (!HELD_HERE.add(own)) {
            throw new OverlappingFileLockException();
        }
        boolean taken = false;
        try {
            Optional<CacheEntry> entry = Optional.empty();
            while (entry.isEmpty()) {
                UserCache.makePrivate(own);
                entry = take(own, waiting);
            }
            Files.writeString(own.resolve(USED), note());
            taken = true;
            return entry.get();
        } finally {
            if (!taken) {
                HELD_HERE.remove(own);
            }
        }
    }

    private static String note() {
        return "%s by process %d"
                .formatted(
                        Instant.now().truncatedTo(ChronoUnit.SECONDS),
                        ProcessHandle.current().pid());
    }

    /** {@return who has had an entry since when, for messages; empty if that was not noted} */
    public static Optional<String> holder(Path directory) {
        try {
            Matcher note = NOTE.matcher(Files.readString(directory.resolve(USED)));
            return note.matches()
                    ? Optional.of("process %s, since %s".formatted(note.group(2), note.group(1)))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** {@return the entry; empty if it was let go just when it was to be taken, and its lock with it} */
    private static Optional<CacheEntry> take(Path directory, Runnable waiting) throws IOException {
        FileChannel channel;
        try {
            channel = FileChannel.open(directory.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        boolean taken = false;
        try {
            Optional<Object> opened = identity(directory);
            if (channel.tryLock() == null) {
                waiting.run();
                channel.lock();
            }
            taken = opened.isPresent() && opened.equals(identity(directory));
            return taken ? Optional.of(new CacheEntry(directory, channel)) : Optional.empty();
        } finally {
            if (!taken) {
                channel.close();
            }
        }
    }

    /** {@return an entry that nobody used; empty if somebody does, or it is no such entry} Leaves its time as it is. */
    static Optional<CacheEntry> tryLock(Path directory) throws IOException {
        Path own = directory.toAbsolutePath().normalize();
        if (!Files.isRegularFile(own.resolve(LOCK)) || !HELD_HERE.add(own)) {
            return Optional.empty();
        }
        FileChannel channel = null;
        boolean taken = false;
        try {
            channel = FileChannel.open(own.resolve(LOCK), StandardOpenOption.WRITE);
            taken = channel.tryLock() != null;
            return taken ? Optional.of(new CacheEntry(own, channel)) : Optional.empty();
        } finally {
            if (!taken) {
                HELD_HERE.remove(own);
                if (channel != null) {
                    channel.close();
                }
            }
        }
    }

    private static Optional<Object> identity(Path directory) throws IOException {
        try {
            return Optional.ofNullable(Files.readAttributes(directory.resolve(LOCK), BasicFileAttributes.class)
                    .fileKey());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Gives the entry back. */
    @Override
    public void close() throws IOException {
        channel.close();
        HELD_HERE.remove(directory);
    }
}
